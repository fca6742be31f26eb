from __future__ import annotations

from ...utils import auto_docstring
from .._imported import smart_resize_frames
from ..glm4v.image_processing_glm4v import Glm4v

smart_resize = smart_resize_frames


@auto_docstring
class Glm46V(Glm4v):
    """GLM-4.6V: the processor of GLM-4.1V (arXiv:2507.01006)."""
