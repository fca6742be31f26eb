"""Pairs of images, which matching models compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..image_utils import is_pil_image, is_valid_image

if TYPE_CHECKING:
    from ..ops import Array, Ops


def split_grey(images: Any) -> Any:
    """Two grey images in one array `(2, H, W)` as a list of both; anything else as it is."""
    shape = () if is_pil_image(images) or not is_valid_image(images) else tuple(images.shape)
    return list(images) if len(shape) == 3 and shape[0] == 2 and shape[-1] not in (1, 3, 4) else images


def check_pairs(samples: list[list[Any]]) -> list[list[Any]]:
    """Samples of two images each, as they are.

    Raises:
        ValueError: one has more or fewer; it names the pair.
    """
    for index, sample in enumerate(samples):
        if len(sample) != 2:
            raise ValueError(
                f"pair {index} has {len(sample)} image{'s' * (len(sample) != 1)}; pass two images, or a list of pairs "
                "[[first, second], ...]"
            )
    return samples


def stack_pairs(verbs: Ops, pairs: list[list[Array]]) -> list[Array]:
    """Each pair as one array `(2, C, H, W)`.

    Raises:
        ValueError: the images of a pair have two sizes; it names the pair.
    """
    for index, (first, second) in enumerate(pairs):
        if tuple(first.shape) != tuple(second.shape):
            raise ValueError(
                f"the images of pair {index} are {tuple(first.shape)} and {tuple(second.shape)} (channels, height, "
                "width); leave `do_resize` on, or pass images of one size"
            )
    return [verbs.stack(pair) for pair in pairs]
