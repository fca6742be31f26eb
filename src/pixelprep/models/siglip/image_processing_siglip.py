from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class Siglip(BaseImageProcessor):
    """SigLIP (arXiv:2303.15343): images warped to a square; an integer `size` is the shortest edge, though."""

    do_convert_rgb = True
    do_resize = True
    size = {"height": 224, "width": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
