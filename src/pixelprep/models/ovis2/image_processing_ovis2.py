from __future__ import annotations

from ... import geometry
from ...utils import auto_docstring
from ..got_ocr2.image_processing_got_ocr2 import GotOcr2, GotOcr2ImageProcessorKwargs
from ..tiles import height_and_width


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
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    use_covering_area_grid = True

    def layout(self, images, tiles, options):
        uncut = not self.cuts(options)
        return {"grids": [[1, 1] if uncut else list(self.grid(*image.shape[-2:], options)) for image in images]}

    def grid(self, height, width, options):
        if not options.use_covering_area_grid:
            return super().grid(height, width, options)
        tile, _ = height_and_width(options.size, self)
        # Rows and columns change places here, which published checkpoints run with.
        columns, rows = geometry.covering_grid(height, width, tile, options.max_patches)
        return rows, columns

    def tiles(self, image, options):
        """The whole image, then its tiles row by row."""
        tiles = super().tiles(image, options)
        return [*tiles[-1:], *tiles[:-1]]
