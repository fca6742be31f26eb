from __future__ import annotations

from itertools import product

from ... import geometry
from ...utils import auto_docstring
from .._imported import (
    get_all_supported_aspect_ratios as get_all_supported_aspect_ratios,
    get_optimal_tiled_canvas as get_optimal_tiled_canvas,
)
from ..got_ocr2.image_processing_got_ocr2 import GotOcr2, GotOcr2ImageProcessorKwargs


class Ovis2ImageProcessorKwargs(GotOcr2ImageProcessorKwargs, total=False):
    """
    crop_to_patches (`bool`):
        Cut each image into tiles of `size`.
    min_patches (`int`):
        Fewest tiles of one image, for the grid of closest aspect ratio.
    max_patches (`int`):
        Most tiles of one image; with 1, images are not cut.
    use_covering_area_grid (`bool`):
        Take the smallest grid whose tiles keep 90 % of the image's pixels, instead of the one of closest aspect ratio.
    """

    use_covering_area_grid: bool


@auto_docstring
class Ovis2(GotOcr2):
    """Ovis2 (arXiv:2405.20797): the whole image, then its tiles.

    `pixel_values` is `(tiles, C, H, W)`, `grids` holds each image's `(rows, columns)` of tiles.
    """

    valid_kwargs = Ovis2ImageProcessorKwargs
    further_outputs = ("grids",)
    pipeline = ("center_crop", "rescale_and_normalize")

    use_covering_area_grid = True

    def layout(self, images, views, options):
        uncut = not self.cuts(options)
        return {"grids": [[1, 1] if uncut else list(self.grid(*image.shape[-2:], options)) for image in images]}

    def grid(self, height, width, options):
        if not options.use_covering_area_grid:
            return super().grid(height, width, options)
        tile, _ = self.tile_sides(options)
        # Rows and columns change places here, which published checkpoints run with.
        columns, rows = covering_grid(height, width, tile, options.max_patches)
        return rows, columns

    def views(self, image, options):
        """The whole image, then its tiles row by row."""
        views = super().views(image, options)
        return [*views[-1:], *views[:-1]]


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

    rated = [(rows * columns, -kept(rows, columns), (rows, columns)) for rows, columns in geometry.grids(most)]
    covering = [entry for entry in rated if -entry[1] > enough]
    if covering:
        return min(covering)[2]
    return min((negative, count, grid) for count, negative, grid in rated)[2]
