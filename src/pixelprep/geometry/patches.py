"""Native resolution: sizes that divide into patches, and the order in which patches are laid out."""

from __future__ import annotations

import math

from .sizes import Size


def smart_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> Size:
    """Sides that are multiples of `factor` with an area between two bounds (Qwen2-VL, arXiv:2409.12191).

    Raises:
        ValueError: one side is more than 200 times the other.
    """
    if max(height, width) / min(height, width) > 200:
        raise ValueError(f"an image of {height}x{width} is too elongated: one side may be 200 times the other at most")
    rows, columns = round(height / factor), round(width / factor)
    if rows * columns * factor**2 > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        rows = max(1, math.floor(height / shrink / factor))
        columns = max(1, math.floor(width / shrink / factor))
    elif rows * columns * factor**2 < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        rows = math.ceil(height * grow / factor)
        columns = math.ceil(width * grow / factor)
    return rows * factor, columns * factor


def fit_to_patches(height: int, width: int, max_height: int, max_width: int, patch: Size) -> Size:
    """Shrink to fit inside a box, never grow, then round both sides up to whole patches (Pixtral, arXiv:2410.07073)."""
    ratio = max(height / max_height, width / max_width)
    if ratio > 1:
        height, width = math.floor(height / ratio), math.floor(width / ratio)
    return tuple(((side - 1) // edge + 1) * edge for side, edge in zip((height, width), patch, strict=True))  # type: ignore[return-value]


def patch_axes(
    channels: int, height: int, width: int, patch: int, merge: int, vector: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How to cut an image into patch vectors: a shape to split `(C, H, W)` into, and the order of its axes after.

    The split axes are channel, block row, row in block, pixel row, block column, column in block, pixel column, and a
    temporal axis of length one at the end. Tokens run over block rows, block columns, rows in a block, columns in a
    block; `vector` names the order inside one token by the letters c (channel), t (copy in time), h, w (pixel).

    Raises:
        ValueError: the sides are not multiples of `patch * merge`.
    """
    factor = patch * merge
    if height % factor or width % factor:
        raise ValueError(
            f"an image of {height}x{width} does not divide into patches: both sides must be multiples of {factor} "
            f"(patch_size {patch} x merge_size {merge}); leave `do_resize` on or resize it first"
        )
    split = (channels, height // factor, merge, patch, width // factor, merge, patch, 1)
    axes = {"c": 0, "h": 3, "w": 6, "t": 7}
    return split, (1, 4, 2, 5, *(axes[letter] for letter in vector))
