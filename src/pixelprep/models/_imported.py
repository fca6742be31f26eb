"""Functions that the reference's modules of families have, for whoever imports them from those of the same name here.

Each is the rule that the families themselves use, under another name and another order of its arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import geometry
from ..core.names import borrowed


def smart_resize(
    height: int, width: int, factor: int = 28, min_pixels: int = 56 * 56, max_pixels: int = 14 * 14 * 4 * 1280
) -> tuple[int, int]:
    """Height and width as multiples of `factor`, with so many pixels (Qwen2-VL, arXiv:2409.12191).

    Raises:
        ValueError: one side is more than 200 times the other.
    """
    return geometry.smart_resize(height, width, factor, min_pixels, max_pixels)


def smart_resize_frames(
    num_frames: int,
    height: int,
    width: int,
    temporal_factor: int = 2,
    factor: int = 28,
    min_pixels: int = 112 * 112,
    max_pixels: int = 14 * 14 * 2 * 2 * 2 * 6144,
) -> tuple[int, int]:
    """The same where the pixels of all frames count (GLM-4.1V, arXiv:2507.01006).

    Raises:
        ValueError: fewer frames than `temporal_factor`, or one side more than 200 times the other.
    """
    if num_frames < temporal_factor:
        raise ValueError(f"{num_frames} frames are fewer than temporal_factor, {temporal_factor}")
    frames = round(num_frames / temporal_factor) * temporal_factor
    scale = max(factor / height, factor / width)
    if scale > 1:  # a side of less than one patch
        height, width = int(height * scale), int(width * scale)
    return geometry.smart_resize(height, width, factor, min_pixels, max_pixels, num_frames, counted=frames)


def get_all_supported_aspect_ratios(min_image_tiles: int, max_image_tiles: int) -> list[tuple[int, int]]:
    """Every grid `(columns, rows)` of so many tiles, the fewest first."""
    return sorted(geometry.grids(max_image_tiles, min_image_tiles), key=math.prod)


def get_optimal_tiled_canvas(
    original_image_size: tuple[int, int], target_tile_size: tuple[int, int], min_image_tiles: int, max_image_tiles: int
) -> tuple[int, int]:
    """The grid `(columns, rows)` whose aspect ratio is closest to the image's; sizes are `(height, width)`."""
    tiles = (max_image_tiles, min_image_tiles)
    rows, columns = geometry.closest_aspect_grid(*original_image_size, *target_tile_size, *tiles)
    return columns, rows


def run_lengths(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a family's module whose counterpart has functions for run lengths."""
    return borrowed(module, ("binary_mask_to_rle", "convert_segmentation_to_rle"), "pixelprep.postprocess.run_lengths")
