from __future__ import annotations

from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from ..hunyuan_vl.image_processing_hunyuan_vl import HunYuanVL


@auto_docstring
class HYV4VL(HunYuanVL):
    """Hunyuan V4 VL: as HunYuanVL, under another name."""
