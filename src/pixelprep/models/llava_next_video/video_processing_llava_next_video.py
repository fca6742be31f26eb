from __future__ import annotations

from ...utils import auto_docstring
from ..video_llava.video_processing_video_llava import VideoLlavaVideo


@auto_docstring
class LlavaNextVideoVideo(VideoLlavaVideo):
    """LLaVA-NeXT-Video: frames are prepared as for Video-LLaVA (arXiv:2311.10122)."""
