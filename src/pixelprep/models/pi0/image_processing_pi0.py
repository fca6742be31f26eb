from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class PI0(BaseImageProcessor):
    """pi-0 (arXiv:2410.24164): images fitted into a square, with zeros below and to the right after normalising."""

    do_convert_rgb = True
    do_resize = True
    size = {"max_height": 224, "max_width": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    pad_size = {"height": 224, "width": 224}
    image_seq_length = 256
