from __future__ import annotations

from ...utils import auto_docstring
from ..idefics3.image_processing_idefics3 import Idefics3


@auto_docstring
class SmolVLM(Idefics3):
    """SmolVLM (arXiv:2504.05299): images are prepared as for Idefics3."""
