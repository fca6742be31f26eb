from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class Tipsv2(BaseImageProcessor):
    """TIPSv2: images warped to a square, pixels in 0..1 without normalisation."""

    do_convert_rgb = True
    do_resize = True
    size = {"height": 448, "width": 448}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = False
