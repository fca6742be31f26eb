from __future__ import annotations

from ...utils import auto_docstring
from ..minicpmv4_6.video_processing_minicpmv4_6 import MiniCPMV4_6Video


@auto_docstring
class MiniCPMOcrVideo(MiniCPMV4_6Video):
    """MiniCPM-OCR: as MiniCPM-V 4.6 (arXiv:2408.01800), with fewer patches in a token; small frames as large ones."""

    downsample_mode = "4x"
