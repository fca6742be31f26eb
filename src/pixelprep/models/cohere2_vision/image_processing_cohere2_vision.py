from __future__ import annotations

from ... import geometry
from ...utils import auto_docstring
from ..got_ocr2.image_processing_got_ocr2 import GotOcr2
from ..tiles import height_and_width


@auto_docstring
class Cohere2Vision(GotOcr2):
    """Command A Vision (Cohere, 2025): tiles of the grid on which the image changes its size least, then the whole.

    `pixel_values` is `(tiles, C, H, W)`, `num_patches` the number of tiles of each image, the whole included;
    `min_patches` is kept for compatibility, without effect.
    """

    size = {"height": 512, "width": 512}
    crop_to_patches = True

    def grid(self, height, width, options):
        tile, _ = height_and_width(options.size, self)
        return geometry.least_scaling_grid(height, width, tile, options.max_patches)
