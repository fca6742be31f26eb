from __future__ import annotations

from ... import geometry
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...utils import auto_docstring
from .._imported import (
    get_all_supported_aspect_ratios as get_all_supported_aspect_ratios,
    get_optimal_tiled_canvas as get_optimal_tiled_canvas,
)
from .._tiles import height_and_width, pad_to_square
from ..deepseek_ocr2.image_processing_deepseek_ocr2 import DeepseekOcr2, DeepseekOcr2ImageProcessorKwargs


class UnlimitedOcrImageProcessorKwargs(DeepseekOcr2ImageProcessorKwargs, total=False):
    """
    maximum_pad_value (`int`):
        Longest side of `size` up to which images that are not cut are warped to a square instead of padded to one.
    """

    maximum_pad_value: int


@auto_docstring
class UnlimitedOcr(DeepseekOcr2):
    """Unlimited OCR: as DeepSeek-OCR 2 with more and smaller tiles, and their grid.

    `patches_grid` holds `[columns, rows]` of each image's tiles, `[1, 1]` where there are none. `num_local_patches`
    and `patches_grid` are lists whatever `return_tensors` says.
    """

    valid_kwargs = UnlimitedOcrImageProcessorKwargs
    further_outputs = ("pixel_values_local", "patches_grid")

    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_patches = 32
    tile_size = 640
    maximum_pad_value = 640

    def lists(self, images, views, options):
        sizes = [image.shape[-2:] for image in images]
        grids = [self.grid(*size, options) if self.cuts(*size, options) else None for size in sizes]
        return {
            "num_local_patches": [len(some) for some in views],
            "patches_grid": [[columns, rows] for rows, columns in (grid or (1, 1) for grid in grids)],
        }

    def whole(self, image, options):
        """The whole image: centred on a square, or warped to a small one where images are not cut."""
        side = max(height_and_width(options.size, self))
        if not options.crop_to_patches and side <= options.maximum_pad_value:
            return self.ops.resize(image, side, side, options.resample)
        fitted = geometry.longest_edge_rounded(*image.shape[-2:], side)
        return pad_to_square(self.ops, self.ops.resize(image, *fitted, options.resample), options.background_color)
