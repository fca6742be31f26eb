from __future__ import annotations

from ...processing_utils import Unpack
from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL, Qwen2VLImageProcessorKwargs


@auto_docstring
class MiniMaxM3VL(Qwen2VL):
    """MiniMax M3 VL: as Qwen2-VL (arXiv:2409.12191) with smaller images."""

    size = {"shortest_edge": 4 * 28 * 28, "longest_edge": 451584}

    def __init__(self, **kwargs: Unpack[Qwen2VLImageProcessorKwargs]) -> None:
        if kwargs.get("size") in ([672, 672], (672, 672)):  # of the published file, which no model was run with
            del kwargs["size"]
        super().__init__(**kwargs)
