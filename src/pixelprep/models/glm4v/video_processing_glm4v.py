from __future__ import annotations

from ...geometry import frames as samplers
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs
from .image_processing_glm4v import Glm4v


class Glm4vVideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    max_image_size (`dict[str, int]`):
        Kept for processors that read it; `size` bounds the pixels.
    max_duration (`int`):
        Seconds of a video beyond which its frames are spread.
    """

    max_image_size: SizeDict
    max_duration: int


@auto_docstring
class Glm4vVideo(PatchedVideo, Glm4v):
    """GLM-4.1V (arXiv:2507.01006): `fps` frames of each second, patches of two frames; `size` bounds the whole clip.

    `num_frames` has an effect where a call gives it: so many frames, evenly.
    """

    valid_kwargs = Glm4vVideoProcessorKwargs

    size = {"shortest_edge": 112 * 112, "longest_edge": 28 * 28 * 2 * 30000}
    max_image_size = {"longest_edge": 28 * 28 * 2 * 30000}
    max_duration = 300
    do_sample_frames = True
    num_frames = 16
    fps = 2

    def sample_frames(self, metadata, num_frames, fps, options):
        if fps is None:
            count = min(num_frames, metadata.total_num_frames)
            return samplers.uniform(metadata.total_num_frames, metadata.fps, num_frames=count)
        return self.sampled_by_time(metadata, options)

    def sampled_by_time(self, metadata, options):
        """The frames to take of a video where no number of them is asked for."""
        known = metadata.total_num_frames, metadata.fps, metadata.duration
        return samplers.by_seconds(*known, target_fps=options.fps, max_duration=options.max_duration)
