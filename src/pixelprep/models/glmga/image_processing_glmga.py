from __future__ import annotations

from ...utils import auto_docstring
from .._imported import smart_resize_frames
from ..glm4v.image_processing_glm4v import Glm4v, Glm4vImageProcessorKwargs

smart_resize = smart_resize_frames


class GlmgaImageProcessorKwargs(Glm4vImageProcessorKwargs, total=False):
    """
    patch_expand_factor (`int`):
        Sides are multiples of so many merged blocks.
    """

    patch_expand_factor: int


@auto_docstring
class Glmga(Glm4v):
    """GLM-GA: GLM-4.1V (arXiv:2507.01006) with sides that are multiples of several merged blocks."""

    valid_kwargs = GlmgaImageProcessorKwargs

    patch_expand_factor = 1

    def resize(self, image, size, resample, patch_size, temporal_patch_size, merge_size, patch_expand_factor):
        return super().resize(image, size, resample, patch_size, temporal_patch_size, merge_size * patch_expand_factor)
