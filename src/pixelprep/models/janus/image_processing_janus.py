from __future__ import annotations

from ...utils import auto_docstring
from .._restored import RestoresImages
from ..deepseek_vl.image_processing_deepseek_vl import DeepseekVL


@auto_docstring
class Janus(RestoresImages, DeepseekVL):
    """Janus (arXiv:2410.13848): images as DeepSeek-VL takes them, and the way back from decoded images to pixels."""
