from __future__ import annotations

from ... import geometry
from ...utils import auto_docstring
from .._tiles import PositiveInt
from ..got_ocr2.image_processing_got_ocr2 import GotOcr2, GotOcr2ImageProcessorKwargs


class Cohere2VisionImageProcessorKwargs(GotOcr2ImageProcessorKwargs, total=False):
    """
    patch_size (`int`):
        Side of a tile in features of the language model; kept for processors that read it.
    """

    patch_size: PositiveInt


@auto_docstring
class Cohere2Vision(GotOcr2):
    """Command A Vision (Cohere, 2025): tiles of the grid on which the image changes its size least, then the whole.

    `pixel_values` is `(tiles, C, H, W)`, `num_patches` the number of tiles of each image, the whole included;
    `min_patches` is kept for compatibility, without effect.
    """

    valid_kwargs = Cohere2VisionImageProcessorKwargs

    size = {"height": 512, "width": 512}
    crop_to_patches = True
    patch_size = 16

    def grid(self, height, width, options):
        tile, _ = self.tile_sides(options)
        return geometry.least_scaling_grid(height, width, tile, options.max_patches)


def get_all_supported_aspect_ratios(max_image_tiles: int) -> list[tuple[int, int]]:
    """Every grid `(columns, rows)`; as in the reference's module."""
    return geometry.grids(max_image_tiles)


def get_optimal_tiled_canvas(
    original_image_size: tuple[int, int], target_tile_size: tuple[int, int], min_image_tiles: int, max_image_tiles: int
) -> tuple[int, int]:
    """The grid `(columns, rows)` that changes the image least; as in the reference's module."""
    rows, columns = geometry.least_scaling_grid(*original_image_size, target_tile_size[0], max_image_tiles)
    return columns, rows
