from __future__ import annotations

from ...geometry import frames as samplers
from ...processing_utils import VideosKwargs
from ...utils import auto_docstring
from ..llava_onevision.video_processing_llava_onevision import LlavaOnevisionVideo


class InternVLVideoProcessorKwargs(VideosKwargs, total=False):
    """
    initial_shift (`bool`, `float` or `int`):
        The first frame to take; True is half the distance between two frames, False the very first.
    """

    initial_shift: bool | int | float


@auto_docstring
class InternVLVideo(LlavaOnevisionVideo):
    """InternVL (arXiv:2312.14238): every frame one square picture, taken from the middle of its share of the video."""

    valid_kwargs = InternVLVideoProcessorKwargs

    default_to_square = True
    initial_shift = True

    def sample_frames(self, metadata, num_frames, fps, initial_shift):
        known = metadata.total_num_frames, metadata.fps
        return samplers.shifted(*known, num_frames=num_frames, target_fps=fps, shift=initial_shift)
