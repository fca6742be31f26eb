from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import PositiveInt


class TextNetImageProcessorKwargs(ImagesKwargs, total=False):
    """
    size_divisor (`int`):
        Sides are rounded up to multiples of this when resizing.
    """

    size_divisor: PositiveInt


@auto_docstring
class TextNet(BaseImageProcessor):
    """TextNet, the backbone of FAST (arXiv:2111.02394): shortest edge, sides then rounded up to multiples of 32."""

    valid_kwargs = TextNetImageProcessorKwargs
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"shortest_edge": 640}
    default_to_square = False
    size_divisor = 32
    resample = PILImageResampling.BILINEAR
    do_center_crop = False
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def resize(self, image, size, resample, size_divisor):
        if not size.shortest_edge:
            raise ValueError(f"TextNet resizes to a `shortest_edge`, not to {size}")
        target = geometry.shortest_edge(*image.shape[-2:], size.shortest_edge)
        return super().resize(image, SizeDict(*(geometry.multiple_of(side, size_divisor) for side in target)), resample)
