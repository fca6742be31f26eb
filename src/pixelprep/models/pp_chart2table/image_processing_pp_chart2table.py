from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class PPChart2Table(BaseImageProcessor):
    """PP-Chart2Table (PaddleOCR): images warped to a square."""

    do_resize = True
    size = {"height": 1024, "width": 1024}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
