from __future__ import annotations

from ...utils import auto_docstring
from ..superglue.image_processing_superglue import SuperGlue


@auto_docstring
class LightGlue(SuperGlue):
    """LightGlue (arXiv:2306.13643): pairs of images as SuperGlue takes them."""
