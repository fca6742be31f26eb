from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...utils import auto_docstring
from ..segformer.image_processing_segformer import Segformer


@auto_docstring
class MobileNetV2(Segformer):
    """MobileNetV2 (arXiv:1801.04381): shortest edge, centre crop, normalise; segmentation maps follow."""

    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    size = {"shortest_edge": 256}
    default_to_square = False
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
