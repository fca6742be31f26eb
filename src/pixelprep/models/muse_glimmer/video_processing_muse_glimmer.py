from __future__ import annotations

from ...geometry import frames as samplers
from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs
from .image_processing_muse_glimmer import MuseGlimmer


class MuseGlimmerVideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    max_video_frame_tokens (`int`):
        Largest number of merged tokens of a frame.
    frame_timestamp_format (`str`):
        How prompts tell the time of a frame; acts on no pixel.
    """

    max_video_frame_tokens: int
    frame_timestamp_format: str


@auto_docstring
class MuseGlimmerVideo(PatchedVideo, MuseGlimmer):
    """Muse Glimmer: frames with the grid nearest to their aspect ratio, patches row by row, time outermost in each.

    `fps` and `num_frames` act together: `num_frames` is the most that `fps` takes.
    """

    valid_kwargs = MuseGlimmerVideoProcessorKwargs
    assumed_fps = 24
    samples_by_both = True

    default_to_square = True
    max_video_frame_tokens = 144
    frame_timestamp_format = "Time: {timestamp:.1f}s"
    do_sample_frames = True
    num_frames = 96
    fps = 2.0

    def sample_frames(self, metadata, num_frames, fps, temporal_patch_size):
        known = metadata.total_num_frames, metadata.fps or self.assumed_fps
        most, rate = num_frames or self.num_frames, fps or self.fps
        return samplers.grouped_spread(*known, num_frames=most, target_fps=rate, group=temporal_patch_size)

    def resize(self, video, size, resample, patch_size, merge_size, max_video_frame_tokens):
        return MuseGlimmer.resize(self, video, size, resample, patch_size, merge_size, max_video_frame_tokens)
