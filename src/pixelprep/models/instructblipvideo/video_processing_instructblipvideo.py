from __future__ import annotations

from ...utils import auto_docstring
from ..llava_onevision.video_processing_llava_onevision import LlavaOnevisionVideo


@auto_docstring
class InstructBlipVideoVideo(LlavaOnevisionVideo):
    """InstructBLIP for videos (arXiv:2305.06500): every frame one square picture, in `pixel_values`."""

    model_input_names = ["pixel_values"]

    default_to_square = True
