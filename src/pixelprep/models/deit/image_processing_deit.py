from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class DeiT(BaseImageProcessor):
    """DeiT (arXiv:2012.12877): images warped to a square, of which the centre is kept."""

    do_resize = True
    size = {"height": 256, "width": 256}
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
