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

    def target_size(self, height, width, size, factor, frames, depth):
        least, most = size.shortest_edge, size.longest_edge
        longer = lengthen(height, width, factor)
        return geometry.smart_resize(*longer, factor, least, most, image=(height, width))


def lengthen(height: int, width: int, side: int) -> geometry.Size:
    """First the height, then the width brought up to `side`, the other side following, rounded (PaddleOCR-VL)."""
    if height < side:
        height, width = side, round(width * side / height)
    if width < side:
        height, width = round(height * side / width), side
    return height, width


def smart_resize(
    height: int, width: int, factor: int = 28, min_pixels: int = 384 * 384, max_pixels: int = 1536 * 1536
) -> geometry.Size:
    """Sides after the resize of PaddleOCR-VL, for whoever imports it from here as from the reference's module."""
    return geometry.smart_resize(*lengthen(height, width, factor), factor, min_pixels, max_pixels)
