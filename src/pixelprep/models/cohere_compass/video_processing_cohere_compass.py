from __future__ import annotations

from ...utils import auto_docstring
from ..qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideo


@auto_docstring
class CohereCompassVideo(Qwen3VLVideo):
    """Cohere Compass: the video processor of Qwen3-VL (arXiv:2511.21631)."""
