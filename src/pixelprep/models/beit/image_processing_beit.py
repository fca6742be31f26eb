from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring
from ..segformer.image_processing_segformer import Segformer


@auto_docstring
class Beit(Segformer):
    """BEiT (arXiv:2106.08254): images warped to `size`; segmentation maps beside them become int64 `labels`.

    Maps are resized to the nearest pixel, whatever the images' filter is: bicubic would invent classes (Q3).
    """

    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BICUBIC
    do_center_crop = False
    crop_size = {"height": 224, "width": 224}
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
