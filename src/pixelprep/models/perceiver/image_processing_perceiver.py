from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import SizeDict
from ...utils import auto_docstring


@auto_docstring
class Perceiver(BaseImageProcessor):
    """Perceiver IO (arXiv:2107.14795): a crop of `size / crop_size` of the shorter side, then a warp to `size`."""

    pipeline = ("center_crop", "resize", "rescale_and_normalize")

    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 256, "width": 256}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def center_crop(self, image, crop_size, size):
        sides = (size.height, size.width, crop_size.height, crop_size.width)
        if not all(sides):
            raise ValueError(
                f"Perceiver crops by the ratio of `size` to `crop_size`, which need `height` and `width`; they are "
                f"{size} and {crop_size}"
            )
        height, width, whole_height, whole_width = sides
        edge = min(image.shape[-2:])
        window = (int(height / whole_height * edge), int(width / whole_width * edge))
        return super().center_crop(image, SizeDict(*(max(side, 1) for side in window)))
