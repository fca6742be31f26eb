"""Tiles: the canvas that fits an image, and the grid that cuts it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from .sizes import Size, multiple_of

MOST_TILES = 4096
"""Tiles of one image; models ask for a hundred at most."""


def longest_edge_even(height: int, width: int, longest: int, cap: int = 4096) -> Size:
    """Longer side `longest`, shorter side truncated and made even upwards, both then at most `cap` (Idefics3)."""
    ratio = width / height
    if width >= height:
        width, height = longest, int(longest / ratio)
        height += height % 2
    else:
        height, width = longest, int(longest * ratio)
        width += width % 2
    height, width = max(height, 1), max(width, 1)
    ratio = width / height
    if width >= height and width > cap:
        height, width = int(cap / ratio), cap
    elif height > width and height > cap:
        height, width = cap, int(cap * ratio)
    return max(height, 1), max(width, 1)


def grow_to_tiles(height: int, width: int, tile: int) -> Size:
    """Multiples of `tile`: the longer side rounded up first, the shorter one following the aspect ratio (Idefics3)."""
    ratio = width / height
    if width >= height:
        width = multiple_of(width, tile)
        return multiple_of(int(width / ratio), tile), width
    height = multiple_of(height, tile)
    return height, multiple_of(int(height * ratio), tile)


def best_resolution(height: int, width: int, candidates: Iterable[Sequence[int]]) -> Size:
    """The canvas that keeps most of the image's pixels, then wastes fewest of its own (LLaVA-NeXT any-resolution).

    Raises:
        ValueError: there is no candidate.
    """
    best, best_key = None, (0.0, -math.inf)
    for canvas_height, canvas_width in candidates:
        scale = min(canvas_width / width, canvas_height / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        key = (kept, kept - canvas_height * canvas_width)
        if key > best_key:
            best, best_key = (canvas_height, canvas_width), key
    if best is None:
        raise ValueError("no resolution to choose from: `image_grid_pinpoints` is empty")
    return best


def fit_on_canvas(height: int, width: int, canvas_height: int, canvas_width: int) -> Size:
    """The image's size on a canvas, aspect ratio kept, the free side rounded up (LLaVA-NeXT)."""
    scale_height, scale_width = canvas_height / height, canvas_width / width
    if scale_width < scale_height:
        return min(math.ceil(height * scale_width), canvas_height), canvas_width
    return canvas_height, min(math.ceil(width * scale_height), canvas_width)


def tile_boxes(height: int, width: int, tile_height: int, tile_width: int) -> list[tuple[int, int, int, int]]:
    """Boxes `(top, left, height, width)` of a grid of tiles, row by row; the last of a row or column may be smaller.

    Raises:
        ValueError: so many tiles are no model's.
    """
    count = -(-height // tile_height) * -(-width // tile_width)
    if count > MOST_TILES:
        raise ValueError(
            f"{height}x{width} pixels would be cut into {count} tiles of {tile_height}x{tile_width}, more than "
            f"{MOST_TILES}; `size`, `crop_size`, `tile_size` or `patch_size` is far smaller than the image"
        )
    return [
        (top, left, min(tile_height, height - top), min(tile_width, width - left))
        for top in range(0, height, tile_height)
        for left in range(0, width, tile_width)
    ]


def grids(most: int, least: int = 1) -> list[tuple[int, int]]:
    """Every grid `(rows, columns)` of `least` to `most` tiles, by rows and then by columns."""
    return [
        (rows, columns)
        for rows in range(1, most + 1)
        for columns in range(1, most // rows + 1)
        if rows * columns >= least
    ]


@lru_cache(maxsize=64)
def _grids_by_size(most: int, least: int, side: int | None) -> list[tuple[int, int]]:
    """The same from the fewest tiles to the most, `side` tiles each way at most; of equal numbers the tallest first."""
    allowed = (grid for grid in grids(most, least) if side is None or max(grid) <= side)
    return sorted(allowed, key=lambda grid: (grid[0] * grid[1], grid[1]))


def closest_aspect_grid(
    height: int, width: int, tile_height: int, tile_width: int, most: int, least: int = 1, side: int | None = None
) -> tuple[int, int]:
    """The grid `(rows, columns)` whose aspect ratio is closest to the image's (InternVL 1.5, arXiv:2404.16821).

    Of two that are equally close the larger, if the image covers more than half of it; `(1, 1)` if there is none. With
    `side`, no grid has more tiles than that each way.
    """
    best, best_gap = (1, 1), math.inf
    for rows, columns in _grids_by_size(most, least, side):
        gap = abs(width / height - columns / rows)
        large = height * width > 0.5 * tile_height * tile_width * rows * columns
        if gap < best_gap or (gap == best_gap and large):
            best, best_gap = (rows, columns), gap
    return best


def least_scaling_grid(height: int, width: int, tile: int, most: int, *, grow: bool = False) -> tuple[int, int]:
    """The grid `(rows, columns)` on which the image, aspect ratio kept, changes its size least (Llama 3.2 and 4).

    A grid that holds the whole image is better than one that shrinks it; of equals the smaller. With `grow`, the image
    grows as much as it can instead.
    """

    def rank(grid: tuple[int, int]) -> tuple[bool, float, int]:
        rows, columns = grid
        scale = min(rows * tile / height, columns * tile / width)
        return scale < 1, scale if scale >= 1 and not grow else -scale, rows * columns

    return min(grids(most), key=rank)


def area_size(height: int, width: int, edge: int, factor: int, *, grow: bool = False) -> Size:
    """Sides rounded to multiples of `factor`, for an area of at most `edge * edge`, or exactly that with `grow`."""
    exact_height, exact_width = height, width
    if grow or height * width > edge * edge:
        aspect = width / height
        exact_height = int(edge / math.sqrt(aspect))
        exact_width = int(exact_height * aspect)
    return round_to_multiple(exact_height, factor), round_to_multiple(exact_width, factor)


def round_to_multiple(side: int, factor: int) -> int:
    """The nearest multiple of `factor`, half to even, and at least one of it."""
    return max(round(side / factor), 1) * factor


def fit_limited(height: int, width: int, canvas_height: int, canvas_width: int, limit: int) -> Size:
    """The image's size on a canvas, aspect ratio kept, sides below `limit` growing to it at most (Llama 3.2 and 4)."""
    box_height = min(max(height, limit), canvas_height)
    box_width = min(max(width, limit), canvas_width)
    scale_height, scale_width = box_height / height, box_width / width
    if scale_width < scale_height:
        return min(math.floor(height * scale_width) or 1, box_height), box_width
    return box_height, min(math.floor(width * scale_height) or 1, box_width)


def longest_edge_rounded(height: int, width: int, longest: int) -> Size:
    """The size whose longer side is `longest`, aspect ratio kept, sides rounded half to even and at least one pixel."""
    scale = longest / max(height, width)
    return max(round(height * scale), 1), max(round(width * scale), 1)
