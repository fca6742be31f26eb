from __future__ import annotations

from ...geometry import frames as samplers
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs
from ..glm4v.image_processing_glm4v import Glm4v


class Qwen3VLVideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    min_frames (`int`):
        Fewest frames that `fps` takes.
    max_frames (`int`):
        Most frames that `fps` takes.
    cap_pixels_per_frame (`bool`):
        Bound the pixels of each frame too, by its share of `size` and by `max_video_tokens`.
    max_video_tokens (`int`):
        Tokens that a frame may take where `cap_pixels_per_frame` is on.
    """

    min_frames: int
    max_frames: int
    cap_pixels_per_frame: bool
    max_video_tokens: int


@auto_docstring
class Qwen3VLVideo(PatchedVideo, Glm4v):
    """Qwen3-VL (arXiv:2511.21631): two frames of each second, patches of two frames; `size` bounds the whole clip."""

    valid_kwargs = Qwen3VLVideoProcessorKwargs
    assumed_fps = 24

    size = {"shortest_edge": 128 * 32 * 32, "longest_edge": 32 * 32 * 768}
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    patch_size = 16
    do_sample_frames = True
    fps = 2
    min_frames = 4
    max_frames = 768
    cap_pixels_per_frame = None
    max_video_tokens = 768

    def sample_frames(self, metadata, num_frames, fps, min_frames, max_frames):
        return samplers.spread(
            metadata.total_num_frames,
            metadata.fps,
            num_frames=num_frames,
            target_fps=fps,
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
            frames = self.frames_of(video, temporal_patch_size)
            share = min(max_video_tokens * (patch_size * merge_size) ** 2, size.longest_edge // frames)
            most = frames * max(share, int(size.shortest_edge * 1.05))
            size = SizeDict(shortest_edge=size.shortest_edge, longest_edge=most)
        return super().resize(video, size, resample, patch_size, temporal_patch_size, merge_size)
