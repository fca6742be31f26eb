from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class Pvt(BaseImageProcessor):
    """Pyramid Vision Transformer (arXiv:2102.12122): images warped to `size`."""

    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
