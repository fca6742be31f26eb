from __future__ import annotations

from ... import geometry
from ...utils import auto_docstring
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


@auto_docstring
class PaddleOCRVL(Qwen2VL):
    """PaddleOCR-VL (arXiv:2510.14528): as Qwen2-VL, but patches row by row and kept square; tiny sides are enlarged.

    `pixel_values` is `(patches, channels * temporal_patch_size, patch_size, patch_size)`.
    """

    merge_order = False
    patch_vector = "ct h w"

    size = {"shortest_edge": 384 * 384, "longest_edge": 1536 * 1536}
    temporal_patch_size = 1

    def target_size(self, height, width, size, factor, frames):
        return super().target_size(*geometry.lengthen(height, width, factor), size, factor, frames)
