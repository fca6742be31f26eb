from __future__ import annotations

from ...geometry import frames as samplers
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs
from .image_processing_qwen2_vl import Qwen2VL


class Qwen2VLVideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    min_pixels (`int`):
        Least number of pixels of a frame; the older name of `size["shortest_edge"]`.
    max_pixels (`int`):
        Largest number of pixels of a frame; the older name of `size["longest_edge"]`.
    min_frames (`int`):
        Fewest frames that `fps` takes.
    max_frames (`int`):
        Most frames that `fps` takes.
    cap_pixels_per_frame (`bool`):
        Bound the pixels of the whole video too, by 90 % of `max_video_tokens`, shared out among its frames.
    max_video_tokens (`int`):
        Tokens that a video may take where `cap_pixels_per_frame` is on.
    """

    min_pixels: int
    max_pixels: int
    min_frames: int
    max_frames: int
    cap_pixels_per_frame: bool
    max_video_tokens: int


@auto_docstring
class Qwen2VLVideo(PatchedVideo, Qwen2VL):
    """Qwen2-VL (arXiv:2409.12191): native resolution, patches of two frames; `size` bounds the pixels of a frame."""

    valid_kwargs = Qwen2VLVideoProcessorKwargs

    size = {"shortest_edge": 128 * 28 * 28, "longest_edge": 28 * 28 * 768}
    min_frames = 4
    max_frames = 768
    do_sample_frames = False
    cap_pixels_per_frame = None
    max_video_tokens = 128000

    def sample_frames(self, metadata, num_frames, fps, temporal_patch_size, min_frames, max_frames):
        return samplers.grouped(
            metadata.total_num_frames,
            metadata.fps,
            num_frames=num_frames,
            target_fps=fps,
            group=temporal_patch_size,
            min_frames=min_frames,
            max_frames=max_frames,
        )

    def resize(
        self,
        video,
        size,
        resample,
        patch_size,
        temporal_patch_size,
        merge_size,
        cap_pixels_per_frame,
        max_video_tokens,
    ):
        if cap_pixels_per_frame:
            tokens = int(max_video_tokens * (patch_size * merge_size) ** 2 * 0.9)
            share = tokens * temporal_patch_size // self.frames_of(video, temporal_patch_size)
            most = max(min(size.longest_edge, share), int(size.shortest_edge * 1.05))
            size = SizeDict(shortest_edge=size.shortest_edge, longest_edge=most)
        return super().resize(video, size, resample, patch_size, temporal_patch_size, merge_size)
