"""Tiles: the canvas that fits an image, and the grid that cuts it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .sizes import Size, multiple_of


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
    """Boxes `(top, left, height, width)` of a grid of tiles, row by row; the last of a row or column may be smaller."""
    return [
        (top, left, min(tile_height, height - top), min(tile_width, width - left))
        for top in range(0, height, tile_height)
        for left in range(0, width, tile_width)
    ]
