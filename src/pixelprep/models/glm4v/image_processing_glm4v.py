from __future__ import annotations

from ... import geometry
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._imported import smart_resize_frames
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL

smart_resize = smart_resize_frames


class Glm4vImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int`):
        Side of a patch in pixels.
    temporal_patch_size (`int`):
        Frames in a patch; an image is repeated so many times.
    merge_size (`int`):
        Side, in patches, of the blocks that the model merges into one token.
    """

    patch_size: int
    temporal_patch_size: int
    merge_size: int


@auto_docstring
class Glm4v(Qwen2VL):
    """GLM-4.1V (arXiv:2507.01006): as Qwen2-VL; `size` bounds the pixels of all frames, tiny images are enlarged."""

    valid_kwargs = Glm4vImageProcessorKwargs

    size = {"shortest_edge": 112 * 112, "longest_edge": 28 * 28 * 15000}

    def target_size(self, height, width, size, factor, frames, depth):
        least, most = size.shortest_edge, size.longest_edge
        covered, counted = cover(height, width, factor), max(round(frames / depth), 1) * depth
        return geometry.smart_resize(*covered, factor, least, most, frames, image=(height, width), counted=counted)


def cover(height: int, width: int, side: int) -> geometry.Size:
    """An image with a side below `side` scaled until both reach it; sides are truncated (GLM-4.1V)."""
    if min(height, width) >= side:
        return height, width
    scale = max(side / height, side / width)
    return int(height * scale), int(width * scale)
