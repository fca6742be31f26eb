"""Native resolution: sizes that divide into patches, and the order in which patches are laid out."""

from __future__ import annotations

import math

from .sizes import Size


def smart_resize(
    height: int,
    width: int,
    factor: int,
    min_pixels: int,
    max_pixels: int,
    frames: int = 1,
    *,
    least: int = 0,
    max_aspect: float = 200,
    image: Size | None = None,
    counted: int | None = None,
) -> Size:
    """Sides that are multiples of `factor` with an area between two bounds (Qwen2-VL, arXiv:2409.12191).

    Args:
        height, width: the image.
        factor: side of the squares that both sides are made of.
        min_pixels, max_pixels: bounds of `frames * height * width` of the result.
        frames: how often the image is repeated in time (GLM-4.1V counts every copy).
        least: fewest squares along a side, for the area that the bounds are compared with (LFM2-VL: 1).
        max_aspect: the most that one side may be of the other (LFM2-VL: infinite).
        image: for the message, the image's own size where its sides were changed before.
        counted: how many frames the result has, where that is not `frames`.

    Raises:
        ValueError: one side is more than `max_aspect` times the other.
    """
    refuse_elongated(height, width, max_aspect, image)
    rows, columns = (max(round(side / factor), least) for side in (height, width))
    pixels = (counted or frames) * rows * columns * factor**2
    if pixels > max_pixels:
        shrink = math.sqrt(frames * height * width / max_pixels)
        rows = max(1, math.floor(height / shrink / factor))
        columns = max(1, math.floor(width / shrink / factor))
    elif pixels < min_pixels:
        grow = math.sqrt(min_pixels / (frames * height * width))
        rows = math.ceil(height * grow / factor)
        columns = math.ceil(width * grow / factor)
    return rows * factor, columns * factor


def refuse_elongated(height: int, width: int, limit: float, image: Size | None = None) -> None:
    if max(height, width) / min(height, width) > limit:
        height, width = image or (height, width)
        raise ValueError(
            f"an image of {height}x{width} is too elongated: one side may be {limit} times the other at most"
        )


def patch_axes(
    channels: int, height: int, width: int, patch: int | Size, merge: int, vector: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How to cut an image into patch vectors: a shape to split `(C, H, W)` into, and the order of its axes after.

    The split axes are channel, block row, row in block, pixel row, block column, column in block, pixel column, and a
    temporal axis of length one at the end. Tokens run over block rows, block columns, rows in a block, columns in a
    block; `vector` names the order inside one token by the letters c (channel), t (copy in time), h, w (pixel).

    Raises:
        ValueError: the sides are not multiples of `patch * merge`.
    """
    down, across = _sides(patch)
    if height % (down * merge) or width % (across * merge):
        blocks = down * merge if down == across else f"{down * merge} and {across * merge}"
        raise ValueError(
            f"an image of {height}x{width} does not divide into patches: both sides must be multiples of {blocks} "
            f"(patch_size {patch} x merge_size {merge}); leave `do_resize` on or resize it first"
        )
    split = (channels, height // down // merge, merge, down, width // across // merge, merge, across, 1)
    axes = {"c": 0, "h": 3, "w": 6, "t": 7}
    letters = vector.replace(" ", "") + ("" if "t" in vector else "t")
    return split, (1, 4, 2, 5, *(axes[letter] for letter in letters))


def copies_axis(vector: str) -> int:
    """The axis, in the order of `patch_axes`, along which copies in time are repeated."""
    return 4 + vector.replace(" ", "").index("t")


def patch_shape(channels: int, height: int, width: int, patch: int | Size, copies: int, vector: str) -> tuple[int, ...]:
    """Shape of an image's patches: their number, then one axis for each group of letters of `vector` ("ct h w")."""
    down, across = _sides(patch)
    lengths = {"c": channels, "t": copies, "h": down, "w": across}
    groups = (math.prod(lengths[letter] for letter in group) for group in vector.split())
    return (height // down * (width // across), *groups)


def _sides(patch: int | Size) -> Size:
    return (patch, patch) if isinstance(patch, int) else patch
