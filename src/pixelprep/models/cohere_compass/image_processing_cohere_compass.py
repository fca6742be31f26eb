from __future__ import annotations

from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


@auto_docstring
class CohereCompass(Qwen2VL):
    """Cohere Compass: the processor of Qwen2-VL (arXiv:2409.12191)."""
