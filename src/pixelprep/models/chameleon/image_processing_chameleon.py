from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class Chameleon(BaseImageProcessor):
    """Chameleon (arXiv:2405.09818): shortest edge, centre crop, pixels `0.0078 * x - 1`."""

    do_convert_rgb = True
    do_resize = True
    size = {"shortest_edge": 512}
    default_to_square = False
    resample = PILImageResampling.LANCZOS
    do_center_crop = True
    crop_size = {"height": 512, "width": 512}
    do_rescale = True
    rescale_factor = 0.0078
    do_normalize = True
    image_mean = (1.0, 1.0, 1.0)
    image_std = (1.0, 1.0, 1.0)
