from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class EfficientNetImageProcessorKwargs(ImagesKwargs, total=False):
    """
    rescale_offset (`bool`):
        Subtract 1 after rescaling: pixels in -1..1 for a `rescale_factor` of 1/127.5.
    include_top (`bool`):
        Divide by `image_std` once more at the end, as the classification models expect.
    """

    rescale_offset: bool
    include_top: bool


@auto_docstring
class EfficientNet(BaseImageProcessor):
    """EfficientNet (arXiv:1905.11946): images warped to a square and divided by their standard deviation twice."""

    valid_kwargs = EfficientNetImageProcessorKwargs
    pipeline = ("resize", "center_crop", "rescale_and_normalize", "divide_by_std")

    do_resize = True
    size = {"height": 346, "width": 346}
    resample = PILImageResampling.BICUBIC
    do_center_crop = False
    crop_size = {"height": 289, "width": 289}
    do_rescale = True
    rescale_offset = False
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    include_top = True

    def rescale_and_normalize(
        self, images, do_rescale, rescale_factor, do_normalize, image_mean, image_std, rescale_offset
    ):
        if do_rescale and rescale_offset:
            images, do_rescale = self.normalize(self.rescale(images, rescale_factor), 1, 1), False
        return super().rescale_and_normalize(images, do_rescale, rescale_factor, do_normalize, image_mean, image_std)

    def divide_by_std(self, images, image_std, include_top):
        return self.normalize(images, 0, image_std) if include_top else images
