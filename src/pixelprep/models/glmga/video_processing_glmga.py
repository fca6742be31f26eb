from __future__ import annotations

from ...geometry import frames as samplers
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._clips import PatchedVideoKwargs
from ..glm4v.video_processing_glm4v import Glm4vVideo
from .image_processing_glmga import Glmga


class GlmgaVideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    max_image_size (`dict[str, int]`):
        Kept for processors that read it; `size` bounds the pixels.
    patch_expand_factor (`int`):
        Sides are multiples of so many merged blocks.
    max_frames (`int`):
        Most frames to take.
    """

    max_image_size: SizeDict
    patch_expand_factor: int
    max_frames: int


@auto_docstring
class GlmgaVideo(Glm4vVideo, Glmga):
    """GLM-GA: GLM-4.1V (arXiv:2507.01006) with sides that are multiples of several merged blocks."""

    valid_kwargs = GlmgaVideoProcessorKwargs

    size = {"shortest_edge": 112 * 112, "longest_edge": 28 * 28 * 2 * 55790}
    max_image_size = {"longest_edge": 28 * 28 * 2 * 55790}
    max_frames = 640

    def sampled_by_time(self, metadata, options, to_the_end=True):
        known = metadata.total_num_frames, metadata.fps, metadata.duration
        most = options.max_frames
        return samplers.by_rate(*known, target_fps=options.fps, max_frames=most, to_the_end=to_the_end)
