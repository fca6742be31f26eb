"""Native resolution: sizes that divide into patches, and the order in which patches are laid out."""

from __future__ import annotations

import math

from .sizes import Size, multiple_of


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
) -> Size:
    """Sides that are multiples of `factor` with an area between two bounds (Qwen2-VL, arXiv:2409.12191).

    Args:
        height, width: the image.
        factor: side of the squares that both sides are made of.
        min_pixels, max_pixels: bounds of `frames * height * width` of the result.
        frames: how often the image is repeated in time (GLM-4.1V counts every copy).
        least: fewest squares along a side, for the area that the bounds are compared with (LFM2-VL: 1).
        max_aspect: the most that one side may be of the other (LFM2-VL: infinite).

    Raises:
        ValueError: one side is more than `max_aspect` times the other.
    """
    _refuse_elongated(height, width, max_aspect)
    rows, columns = (max(round(side / factor), least) for side in (height, width))
    pixels = frames * rows * columns * factor**2
    if pixels > max_pixels:
        shrink = math.sqrt(frames * height * width / max_pixels)
        rows = max(1, math.floor(height / shrink / factor))
        columns = max(1, math.floor(width / shrink / factor))
    elif pixels < min_pixels:
        grow = math.sqrt(min_pixels / (frames * height * width))
        rows = math.ceil(height * grow / factor)
        columns = math.ceil(width * grow / factor)
    return rows * factor, columns * factor


def smart_resize_by_edges(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> Size:
    """Multiples of `factor` for half the image, its edges bounded by the roots of two areas (GLM-Image).

    Raises:
        ValueError: a side is shorter than `factor`, or more than 4 times the other.
    """
    if min(height, width) < factor:
        raise ValueError(f"an image of {height}x{width} is too small: both sides must have at least {factor} pixels")
    _refuse_elongated(height, width, 4)
    shortest, longest = round(math.sqrt(min_pixels)), round(math.sqrt(max_pixels))
    scale = max(1.0, shortest / min(height, width))
    if max(height, width) * scale > longest:
        scale = longest / max(height, width)
    rows, columns = (max(1, round(side // 2 * scale / factor)) for side in (height, width))
    if max(rows, columns) * factor > longest:
        shrink = max(rows, columns) * factor / longest
        rows, columns = (max(1, math.floor(count * factor / shrink / factor)) for count in (rows, columns))
    return rows * factor, columns * factor


def _refuse_elongated(height: int, width: int, limit: float) -> None:
    if max(height, width) / min(height, width) > limit:
        raise ValueError(
            f"an image of {height}x{width} is too elongated: one side may be {limit} times the other at most"
        )


def cover(height: int, width: int, side: int) -> Size:
    """An image with a side below `side` scaled until both reach it; sides are truncated (GLM-4.1V)."""
    if min(height, width) >= side:
        return height, width
    scale = max(side / height, side / width)
    return int(height * scale), int(width * scale)


def lengthen(height: int, width: int, side: int) -> Size:
    """First the height, then the width brought up to `side`, the other side following, rounded (PaddleOCR-VL)."""
    if height < side:
        height, width = side, round(width * side / height)
    if width < side:
        height, width = round(height * side / width), side
    return height, width


def fit_to_patches(height: int, width: int, max_height: int, max_width: int, patch: Size) -> Size:
    """Shrink to fit inside a box, never grow, then round both sides up to whole patches (Pixtral, arXiv:2410.07073)."""
    ratio = max(height / max_height, width / max_width)
    if ratio > 1:
        height, width = math.floor(height / ratio), math.floor(width / ratio)
    return tuple(((side - 1) // edge + 1) * edge for side, edge in zip((height, width), patch, strict=True))  # type: ignore[return-value]


def shrink_to_budget(height: int, width: int, patch: int, max_patches: int, max_side: int) -> Size:
    """Shrink until whole patches number `max_patches` and `max_side` a side at most; never grow (Kimi K2.5)."""
    count = max(1, height // patch) * max(1, width // patch)
    longest = max_side * patch
    scale = min(1.0, math.sqrt(max_patches / count), longest / height, longest / width)
    height, width = (min(max(1, int(side * scale)), longest) for side in (height, width))
    return height, width


def largest_grid(height: int, width: int, patch: int, max_patches: int) -> Size:
    """Rows and columns of the largest scale, up to 100, at which patches that cover the image fit (SigLIP2).

    The scale is bisected to 1e-5 (arXiv:2502.14786).
    """

    def grid(scale: float) -> Size:
        return max(1, math.ceil(height * scale / patch)), max(1, math.ceil(width * scale / patch))

    low, high = 1e-6, 100.0
    while high - low >= 1e-5:
        scale = (low + high) / 2
        low, high = (scale, high) if math.prod(grid(scale)) <= max_patches else (low, scale)
    return grid(low)


def filled_grid(height: int, width: int, patch: Size, max_patches: int) -> Size:
    """Rows and columns of whole patches of an image scaled to `max_patches` patches (Pix2Struct, arXiv:2210.03347)."""
    scale = math.sqrt(max_patches * (patch[0] / height) * (patch[1] / width))
    rows, columns = (
        max(min(math.floor(scale * side / edge), max_patches), 1)
        for side, edge in zip((height, width), patch, strict=True)
    )
    return rows, columns


def fill_budget(height: int, width: int, factor: int, max_tokens: int) -> Size:
    """Multiples of `factor` of an image scaled to `max_tokens` squares of it, rounded down (Gemma 4).

    A side below `factor` becomes `factor`, the other one the aspect ratio's whole multiples of it.

    Raises:
        ValueError: both sides would be below `factor`.
    """
    scale = math.sqrt(max_tokens * factor**2 / (height * width))
    rows, columns = math.floor(scale * height / factor), math.floor(scale * width / factor)
    if not (rows or columns):
        raise ValueError(f"{max_tokens} squares of {factor} pixels are too few for an image of {height}x{width}")
    if not rows:
        rows, columns = 1, min(width // height, max_tokens)
    elif not columns:
        rows, columns = min(height // width, max_tokens), 1
    return rows * factor, columns * factor


def bounded_grid(height: int, width: int, patch: int, merge: int, min_patches: int, max_patches: int) -> Size:
    """Rows and columns, multiples of `merge`, with a number of patches between two bounds (Nemotron-H Omni)."""
    rows, columns = round(height / patch + 0.5), round(width / patch + 0.5)
    shrink = min(math.sqrt(max_patches / (rows * columns)), 1.0)
    rows, columns = max(1, math.floor(shrink * rows)), max(1, math.floor(shrink * columns))
    if max_patches > min_patches and rows * columns < min_patches:
        grow = math.sqrt(min_patches / (rows * columns))
        rows, columns = math.ceil(grow * rows), math.ceil(grow * columns)

    def even(count: int, other: int) -> int:
        up = multiple_of(count, merge)
        return up if up == count or up * other <= max_patches else max(merge, up - merge)

    rows = even(rows, columns)
    return rows, even(columns, rows)


def closest_grid(height: int, width: int, factor: int, max_tokens: int) -> Size:
    """Of the grids around the image's own, or the largest allowed one, that of the closest aspect ratio (Muse)."""
    rows, columns = height / factor, width / factor
    if rows * columns > max_tokens:
        ratio = columns / rows
        rows = (max_tokens / ratio) ** 0.5
        columns = rows * ratio
    sides = [(math.floor(count), math.ceil(count)) for count in (rows, columns)]
    # Squares tie between the smaller and the larger grid; the order of a set decides, as it does in the original.
    around = {(down, across) for down in sides[0] for across in sides[1]}
    grids = [grid for grid in around if min(grid) >= 1 and math.prod(grid) <= max_tokens]
    grids = grids or [(max(1, round(rows)), max(1, round(columns)))]
    return min(grids, key=lambda grid: abs(grid[0] / grid[1] - height / width))


def fit_tokens(height: int, width: int, factor: int, min_tokens: int, max_tokens: int) -> tuple[Size, Size]:
    """The image's size on a canvas of at most `max_tokens` squares of `factor`, and the canvas (GLM-5).

    Images grow only to reach `min_tokens`. The canvas of a large image is that of the largest height, down to one
    pixel, at which it fits.

    Raises:
        ValueError: no token is allowed.
    """
    if max_tokens < 1:
        raise ValueError(f"an image needs at least one token, and {max_tokens} are allowed")
    small = height * width < min_tokens * factor**2
    canvas = multiple_of(height, factor), multiple_of(width, factor)
    if math.prod(canvas) < min_tokens * factor**2:
        grow = math.sqrt(min_tokens * factor**2 / (height * width))
        canvas = multiple_of(math.ceil(height * grow), factor), multiple_of(math.ceil(width * grow), factor)
    if math.prod(canvas) > max_tokens * factor**2:
        canvas, low, high = (factor, factor), 1, height
        while low <= high:
            content = (low + high) // 2
            tried = multiple_of(content, factor), multiple_of(max(1, math.floor(width * content / height)), factor)
            if math.prod(tried) <= max_tokens * factor**2:
                canvas, low = tried, content + 1
            else:
                high = content - 1
    scale = min(canvas[0] / height, canvas[1] / width)
    scale = scale if small else min(1.0, scale)
    content_height, content_width = (
        max(1, min(edge, math.floor(side * scale))) for side, edge in zip((height, width), canvas, strict=True)
    )
    return (content_height, content_width), canvas


def fit_pixel_bounds(
    height: int, width: int, min_pixels: int | None, max_pixels: int | None, max_side: int | None
) -> Size:
    """Grow to `min_pixels`, shrink to `max_pixels` and `max_side`, each if given; else unchanged (NeoMME)."""
    scale = math.sqrt(min_pixels / (height * width)) if min_pixels and height * width < min_pixels else 1.0
    too_small = scale > 1
    scale = min(scale, max_side / max(height, width)) if max_side else scale
    scale = min(scale, math.sqrt(max_pixels / (height * width))) if max_pixels else scale
    if scale == 1:
        return height, width

    def exceeds(size: Size) -> bool:
        return bool((max_side and max(size) > max_side) or (max_pixels and math.prod(size) > max_pixels))

    rounded = max(1, round(height * scale)), max(1, round(width * scale))
    if exceeds(rounded):
        height, width = max(1, math.floor(height * scale)), max(1, math.floor(width * scale))
        if max_pixels and height * width > max_pixels:
            if height >= width:
                return max(1, max_pixels // width), width
            return height, max(1, max_pixels // height)
        return height, width
    raised = max(1, math.ceil(height * scale)), max(1, math.ceil(width * scale))
    short = too_small and math.prod(rounded) < (min_pixels or 0)
    return raised if short and not exceeds(raised) else rounded


def scale_longest(height: int, width: int, fraction: float, cap: int | None) -> Size:
    """Scale by `fraction`, but not beyond a longer side of `cap` unless it is that long already (Inkling)."""
    longest = max(height, width)
    target = longest * fraction if cap is None else min(longest * fraction, max(cap, longest))
    ratio = target / longest
    return max(1, math.floor(height * ratio + 0.5)), max(1, math.floor(width * ratio + 0.5))


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


def patch_shape(channels: int, height: int, width: int, patch: int | Size, copies: int, vector: str) -> tuple[int, ...]:
    """Shape of an image's patches: their number, then one axis for each group of letters of `vector` ("ct h w")."""
    down, across = _sides(patch)
    lengths = {"c": channels, "t": copies, "h": down, "w": across}
    groups = (math.prod(lengths[letter] for letter in group) for group in vector.split())
    return (height // down * (width // across), *groups)


def _sides(patch: int | Size) -> Size:
    return (patch, patch) if isinstance(patch, int) else patch
