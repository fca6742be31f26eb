from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, Stacked
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from .._tiles import PositiveInt


class Apertus1p5ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    spatial_factor (`int`):
        Side in pixels of the square that becomes one token; both sides of an image are multiples of it.
    """

    spatial_factor: PositiveInt


@auto_docstring
class Apertus1p5(BaseImageProcessor):
    """Apertus 1.5: native aspect ratio in whole squares, batches padded with zeros after normalising.

    `size` bounds the number of pixels (`min_pixels`, `max_pixels`). `pixel_values` is one array `(images, C, H, W)`
    unless `do_pad` is off; `image_sizes` holds each image's `(height, width)` before padding.
    """

    valid_kwargs = Apertus1p5ImageProcessorKwargs
    model_input_names = ["pixel_values", "image_sizes"]
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"min_pixels": 128 * 128, "max_pixels": 1400 * 1400}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    spatial_factor = 16

    def resize(self, image, size, resample, spatial_factor):
        if size.min_pixels is None or size.max_pixels is None:
            raise ValueError(f"Apertus1p5 bounds the number of pixels by `min_pixels` and `max_pixels`, not by {size}")
        bounds = size.min_pixels, size.max_pixels
        height, width = geometry.smart_resize(*image.shape[-2:], spatial_factor, *bounds)
        return super().resize(image, SizeDict(height=height, width=width), resample)

    def _preprocess(self, images, options):
        images = self.run_pipeline(images, options)
        sizes = [list(image.shape[-2:]) for image in images]
        if options.do_pad:
            images = Stacked(self.pad(images))
        return self.batch_feature({"pixel_values": images, "image_sizes": sizes}, options)

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tokens of an image of `height x width`; `images_kwargs` replace options as in a call."""
        ((height, width),) = self.counted(height, width, images_kwargs)["image_sizes"].values
        factor = (images_kwargs or {}).get("spatial_factor", self.spatial_factor)
        return (height // factor) * (width // factor)
