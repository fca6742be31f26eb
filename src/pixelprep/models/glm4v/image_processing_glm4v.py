from __future__ import annotations

from ... import geometry
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


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

    def target_size(self, height, width, size, factor, frames):
        height, width = geometry.cover(height, width, factor)
        return geometry.smart_resize(height, width, factor, size.shortest_edge, size.longest_edge, frames)
