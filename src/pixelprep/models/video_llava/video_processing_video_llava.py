from __future__ import annotations

from ...utils import auto_docstring
from ..llava_onevision.video_processing_llava_onevision import LlavaOnevisionVideo


@auto_docstring
class VideoLlavaVideo(LlavaOnevisionVideo):
    """Video-LLaVA (arXiv:2311.10122): the shortest edge of every frame resized, then a square cut out of the centre."""

    size = {"shortest_edge": 224}
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
