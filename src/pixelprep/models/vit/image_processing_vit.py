from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class ViT(BaseImageProcessor):
    """Vision Transformer (arXiv:2010.11929): images warped to `size`; grey ones need `do_convert_rgb=True`."""

    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
