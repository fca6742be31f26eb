"""What families share whose patches are padded to one number: the patches, and a mask that tells them from padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..ops import Array, Ops


def pad_tokens(verbs: Ops, tokens: Array, length: int, fill: float = 0) -> Array:
    """`(..., tokens, values)` with rows of one value up to `length`.

    Raises:
        ValueError: there are more.
    """
    lack = length - tokens.shape[-2]
    if lack < 0:
        raise ValueError(f"an image has {tokens.shape[-2]} patches and {length} are allowed; leave `do_resize` on")
    return verbs.pad(tokens, 0, lack, 0, 0, fill) if lack else tokens


def token_mask(verbs: Ops, tokens: Array, length: int, dtype: str) -> Array:
    """`(length,)`: 1 on the tokens there are, 0 on padding."""
    return verbs.unstack(verbs.pixel_mask(1, tokens.shape[0], 1, length, dtype))[0]
