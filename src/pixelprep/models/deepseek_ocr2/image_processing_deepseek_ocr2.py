from __future__ import annotations

from ... import geometry
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring
from .._imported import (
    get_all_supported_aspect_ratios as get_all_supported_aspect_ratios,
    get_optimal_tiled_canvas as get_optimal_tiled_canvas,
)
from .._tiles import OverviewImageProcessor, PositiveInt, height_and_width, pad_to_square
from ..got_ocr2.image_processing_got_ocr2 import GotOcr2ImageProcessorKwargs


class DeepseekOcr2ImageProcessorKwargs(GotOcr2ImageProcessorKwargs, total=False):
    """
    crop_to_patches (`bool`):
        Cut images larger than a tile.
    min_patches (`int`):
        Fewest tiles of one image.
    max_patches (`int`):
        Most tiles of one image.
    tile_size (`int`):
        Side of a tile in pixels; images up to it are not cut.
    background_color (`list[int]`):
        Colour of the padding, one value for each channel.
    """

    tile_size: PositiveInt
    background_color: tuple[int, ...]


@auto_docstring
class DeepseekOcr2(OverviewImageProcessor):
    """DeepSeek-OCR 2 (arXiv:2601.20552): the whole image on a square, and tiles of large ones.

    `pixel_values` is `(images, C, H, W)`, `num_local_patches` the number of tiles of each image, `pixel_values_local`
    `(tiles, C, tile_size, tile_size)`; the last is absent if there are none. Without `crop_to_patches` the whole image
    has the size of a tile. Images are always resized.
    """

    valid_kwargs = DeepseekOcr2ImageProcessorKwargs
    model_input_names = ["pixel_values", "num_local_patches"]
    further_outputs = ("pixel_values_local",)

    do_convert_rgb = True
    do_resize = True
    size = {"height": 1024, "width": 1024}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    crop_to_patches = True
    min_patches = 2
    max_patches = 6
    tile_size = 768
    background_color = (127, 127, 127)

    def cuts(self, height, width, options):
        """Whether an image is cut: if it is larger than a tile."""
        return options.crop_to_patches and max(height, width) > options.tile_size

    def grid(self, height, width, options):
        tile = self.tile_sides(options)
        return geometry.closest_aspect_grid(height, width, *tile, options.max_patches, options.min_patches)

    def tiles(self, image, options):
        """The tiles of one image, row by row; none if it is no larger than one."""
        return super().tiles(image, options) if self.cuts(*image.shape[-2:], options) else []

    def whole(self, image, options):
        """The whole image, centred on a square."""
        side = height_and_width(options.size, self)[0] if options.crop_to_patches else options.tile_size
        fitted = geometry.longest_edge_rounded(*image.shape[-2:], side)
        resized = self.ops.resize(image, *fitted, options.resample)
        return pad_to_square(self.ops, resized, options.background_color)

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of views of an image of `height x width`: the whole and its tiles."""
        return 1 + self.counted(height, width, images_kwargs)["num_local_patches"].values[0]
