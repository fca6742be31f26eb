"""Masks beside the token ids of a prompt: which text sees which image, and where features of an image go."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .prompt import ExpandedIds

if TYPE_CHECKING:
    import numpy as np

    Mask = np.ndarray[Any, np.dtype[np.int64]]


def cross_attention_mask(
    ids: Sequence[Sequence[int]], image_id: int, num_tiles: Sequence[Sequence[int]], max_tiles: int
) -> Mask:
    """Which tiles of which image each token sees in a model with cross attention (Mllama).

    An image is seen from its token up to the next image's; images whose tokens stand together are seen as long as the
    last of them. Padding behind a prompt sees its last images, as in the reference (P16).

    Args:
        ids: of each prompt; shorter ones end before the longest does.
        image_id: the id that stands for an image.
        num_tiles: of each image of each prompt.
        max_tiles: tiles that the model takes of an image.

    Returns:
        int64 `(prompts, tokens, images, max_tiles)`: 1 where a token sees a tile.

    Raises:
        ValueError: image tokens and images of a prompt do not agree in number.
    """
    import numpy as np

    length, most = max(map(len, ids), default=0), max(map(len, num_tiles), default=0)
    mask = np.zeros((len(ids), length, most, max_tiles), np.int64)
    for prompt, (own, tiles) in enumerate(zip(ids, num_tiles, strict=True)):
        starts = [place for place, token in enumerate(own) if token == image_id]
        if len(starts) != len(tiles):
            raise ValueError(f"prompt {prompt} has {len(starts)} image tokens for {len(tiles)} images")
        ends = [*starts[1:], length]
        for image in range(len(starts) - 2, -1, -1):  # tokens that stand together end together
            if ends[image] == starts[image] + 1:
                ends[image] = ends[image + 1]
        for image, (start, end, count) in enumerate(zip(starts, ends, tiles, strict=True)):
            mask[prompt, start:end, image, :count] = 1
    return mask


def image_attention_mask(ids: Sequence[Sequence[int]], image_id: int, eos_id: int | None) -> Mask:
    """The image that each token sees: the last one before it, none behind an end of text (Idefics).

    Args:
        ids: of each prompt; shorter ones end before the longest does, and what pads them sees their last image.
        image_id: the id that stands for an image.
        eos_id: the id that ends a text.

    Returns:
        int64 `(prompts, tokens, images)`: 1 where a token sees an image; at least one image wide.
    """
    import numpy as np

    length = max(map(len, ids), default=0)
    mask = np.zeros((len(ids), length, max(1, *(list(own).count(image_id) for own in ids))), np.int64)
    for prompt, own in enumerate(ids):
        breaks = [place for place, token in enumerate(own) if token in (image_id, eos_id)]
        image = -1
        for start, end in pairwise([*breaks, length]):
            if own[start] == image_id:
                image += 1
                ends_text = end < len(own) and own[end] == eos_id  # which still sees it
                mask[prompt, start : end + ends_text, image] = 1
    return mask


def image_embeds_position_mask(prompts: Sequence[ExpandedIds], beside: int = 0) -> Mask:
    """Where features of images go: 1 on their places (Kosmos-2), `beside` on the other tokens of an expansion.

    Args:
        prompts: of equal length, or those that are shorter end before the longest does.
        beside: -1 for Kosmos-2.5, 0 for Kosmos-2.

    Returns:
        int64 `(prompts, tokens)`.
    """
    import numpy as np

    mask = np.zeros((len(prompts), max((len(own.ids) for own in prompts), default=0)), np.int64)
    for row, own in zip(mask, prompts, strict=True):
        for made in own.replacements:
            for run, start, end in made.placed():
                row[start:end] = 1 if run.is_feature else beside
    return mask
