from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...utils import auto_docstring
from ..llava_onevision.video_processing_llava_onevision import LlavaOnevisionVideo


@auto_docstring
class PerceptionLMVideo(LlavaOnevisionVideo):
    """PerceptionLM (arXiv:2504.13180): every frame one square picture, without tiles."""

    size = {"height": 448, "width": 448}
    default_to_square = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_center_crop = False
    do_sample_frames = None
