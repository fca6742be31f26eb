"""Tiles: the canvas that fits an image, and the grid that cuts it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product

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


def grids(most: int, least: int = 1) -> list[tuple[int, int]]:
    """Every grid `(rows, columns)` of `least` to `most` tiles, by rows and then by columns."""
    return [
        (rows, columns)
        for rows in range(1, most + 1)
        for columns in range(1, most // rows + 1)
        if rows * columns >= least
    ]


@lru_cache(maxsize=64)
def _grids_by_size(most: int, least: int) -> list[tuple[int, int]]:
    """The same from the fewest tiles to the most; of equal numbers the tallest first."""
    return sorted(grids(most, least), key=lambda grid: (grid[0] * grid[1], grid[1]))


def closest_aspect_grid(
    height: int, width: int, tile_height: int, tile_width: int, most: int, least: int = 1
) -> tuple[int, int]:
    """The grid `(rows, columns)` whose aspect ratio is closest to the image's (InternVL 1.5, arXiv:2404.16821).

    Of two that are equally close the larger, if the image covers more than half of it; `(1, 1)` if there is none.
    """
    best, best_gap = (1, 1), math.inf
    for rows, columns in _grids_by_size(most, least):
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


def covering_grid(height: int, width: int, tile: int, most: int, enough: float = 0.9) -> tuple[int, int]:
    """The smallest grid `(rows, columns)` whose cells keep `enough` of the image's pixels (Ovis, arXiv:2405.20797).

    A cell keeps the pixels that are left after shrinking its longer side to `tile`. If no grid keeps enough, the one
    that keeps most.
    """

    def kept(rows: int, columns: int) -> float:
        heights = [height // rows] * (rows - 1) + [height - height // rows * (rows - 1)]
        widths = [width // columns] * (columns - 1) + [width - width // columns * (columns - 1)]
        cells = [(min(cell), max(cell)) for cell in product(heights, widths)]
        areas = (short / long * tile * tile if long > tile else short * long for short, long in cells)
        return sum(areas) / (height * width)

    rated = [(rows * columns, -kept(rows, columns), (rows, columns)) for rows, columns in grids(most)]
    covering = [entry for entry in rated if -entry[1] > enough]
    if covering:
        return min(covering)[2]
    return min((negative, count, grid) for count, negative, grid in rated)[2]


def containing_grid(height: int, width: int, tile: int, most: int) -> tuple[int, int]:
    """The grid `(rows, columns)` that holds the image and shows it largest (PerceptionLM, arXiv:2504.13180).

    If no grid holds it, the largest of those whose aspect ratio comes closest without being more elongated.
    """
    by_aspect: dict[float, list[tuple[int, int]]] = {}
    for count in range(most, 0, -1):
        for columns in (number for number in range(1, count + 1) if count % number == 0):
            rows = count // columns
            by_aspect.setdefault(columns / rows, []).append((rows, columns))
    aspect = width / height
    best, best_side = None, 0.0
    for rows, columns in (grid for same in by_aspect.values() for grid in same):
        scale = min(columns * tile / width, rows * tile / height)
        if scale < 1:
            continue
        # The shorter side as the image would be shown, in whole pixels; among equals the last one listed is taken.
        side = scale * height if aspect == 1 else math.floor(min(scale * width / aspect, scale * height * aspect))
        if side >= best_side:
            best, best_side = (rows, columns), side
    if best is not None:
        return best
    nearest = max(a for a in by_aspect if a <= aspect) if aspect >= 1 else min(a for a in by_aspect if a > aspect)
    return by_aspect[nearest][0]


def slice_grid(height: int, width: int, edge: int, most: int) -> tuple[int, int] | None:
    """The grid `(rows, columns)` of slices of about `edge * edge` pixels (LLaVA-UHD, arXiv:2403.11703; MiniCPM-V).

    None if the image has no more pixels than one slice. Of grids of the ideal number of slices, one less and one more,
    the one with the closest aspect ratio on a logarithmic scale.
    """
    ideal = min(math.ceil(height * width / (edge * edge)), most)
    if ideal <= 1:
        return None
    aspect, best, best_gap = math.log(width / height), (1, 1), math.inf
    for count in range(max(ideal - 1, 2), min(ideal + 1, most) + 1):
        for rows in (number for number in range(1, count + 1) if count % number == 0):
            gap = abs(aspect - math.log(count // rows / rows))
            if gap < best_gap or (gap == best_gap and rows > best[0]):
                best, best_gap = (rows, count // rows), gap
    return best


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


def pan_and_scan(
    height: int, width: int, min_crop: int, max_crops: int, min_aspect: float
) -> list[tuple[int, int, int, int]]:
    """Boxes `(top, left, height, width)` along the longer side of an elongated image (Gemma 3, arXiv:2503.19786).

    None at all if the longer side is less than `min_aspect` times the shorter, or a crop would be below `min_crop`.
    """
    long, short = max(height, width), min(height, width)
    if long / short < min_aspect:
        return []
    count = min(max(min(math.floor(long / short + 0.5), long // min_crop), 2), max_crops)
    edge = math.ceil(long / count)
    if min(edge, short) < min_crop:
        return []
    return tile_boxes(height, width, *((height, edge) if width >= height else (edge, width)))


def fit_limited(height: int, width: int, canvas_height: int, canvas_width: int, limit: int) -> Size:
    """The image's size on a canvas, aspect ratio kept, sides below `limit` growing to it at most (Llama 3.2 and 4)."""
    box_height = min(max(height, limit), canvas_height)
    box_width = min(max(width, limit), canvas_width)
    scale_height, scale_width = box_height / height, box_width / width
    if scale_width < scale_height:
        return min(math.floor(height * scale_width) or 1, box_height), box_width
    return box_height, min(math.floor(width * scale_height) or 1, box_width)


def longest_shortest_edge(height: int, width: int, shortest: int, longest: int) -> Size:
    """Shrink the longer side to `longest`, then raise each side to `shortest` whatever the aspect ratio (Idefics2)."""
    aspect = width / height
    if width >= height and width > longest:
        height, width = int(longest / aspect), longest
    elif height > width and height > longest:
        height, width = longest, int(longest * aspect)
    return max(height, shortest), max(width, shortest)


def longest_edge_rounded(height: int, width: int, longest: int) -> Size:
    """The size whose longer side is `longest`, aspect ratio kept, sides rounded half to even and at least one pixel."""
    scale = longest / max(height, width)
    return max(round(height * scale), 1), max(round(width * scale), 1)


def longest_edge_least_edge(height: int, width: int, longest: int, least: int) -> Size:
    """Longer side `longest`, shorter side truncated but at least `least` (Aria, arXiv:2410.05993)."""
    scale = longest / max(height, width)
    if width >= height:
        return max(int(height * scale), least), longest
    return longest, max(int(width * scale), least)


def window_edge(height: int, width: int, view: int, tile: int) -> int:
    """Side of the windows that an image is cut into beside its `view * view` overview, 0 for none (Step-3)."""
    short, long = min(height, width), max(height, width)
    if long <= view:
        return short if long / short > 1.5 else 0
    return min(short, tile) if long / short > 4 else tile


def snap_to_windows(side: int, window: int) -> int:
    """A side as whole windows, a rest of more than a fifth counting as one; a side below one window stays (Step-3)."""
    if side < window:
        return side
    return window * (side // window + (side % window > 0.2 * window))
