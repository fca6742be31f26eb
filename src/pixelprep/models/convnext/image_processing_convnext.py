from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring


class ConvNextImageProcessorKwargs(ImagesKwargs, total=False):
    """
    crop_pct (`float`):
        Below 384 pixels, the part of the resized image's side that the crop keeps.
    """

    crop_pct: float


@auto_docstring
class ConvNext(BaseImageProcessor):
    """ConvNeXT (arXiv:2201.03545): below 384 pixels a centre crop from a larger image, from 384 on a plain warp."""

    valid_kwargs = ConvNextImageProcessorKwargs
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_resize = True
    size = {"shortest_edge": 384}
    default_to_square = False
    crop_pct = 224 / 256
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def resize(self, image, size, resample, crop_pct):
        edge = size.shortest_edge
        if not edge:
            raise ValueError(f"ConvNext resizes to a `shortest_edge`, not to {size}")
        square = SizeDict(height=edge, width=edge)
        if edge >= 384:
            return super().resize(image, square, resample)
        height, width = geometry.shortest_edge(*image.shape[-2:], int(edge / crop_pct))
        return self.center_crop(super().resize(image, SizeDict(height=height, width=width), resample), square)
