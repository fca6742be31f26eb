from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor, target_size
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class DINOv3ViT(BaseImageProcessor):
    """DINOv3 (arXiv:2508.10104): pixels are rescaled first, so that images are warped to `size` in floating point."""

    pipeline = ("rescale", "resize", "center_crop", "normalize")

    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def resize(self, image, size, resample, do_rescale):
        if not do_rescale:
            return super().resize(image, size, resample)
        return self.ops.resize_float(image, *target_size(*image.shape[-2:], size), resample)
