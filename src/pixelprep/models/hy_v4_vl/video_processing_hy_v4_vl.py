from __future__ import annotations

from ...geometry import Size, refuse_elongated
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL
from ..qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideo


class HYV4VLVideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    min_frames (`int`):
        Fewest frames that `fps` takes.
    max_frames (`int`):
        Most frames that `fps` takes.
    max_image_size (`dict[str, int]`):
        Most pixels of a frame, as `{"longest_edge": int}`.
    """

    min_frames: int
    max_frames: int
    max_image_size: SizeDict


@auto_docstring
class HYV4VLVideo(PatchedVideo, Qwen2VL):
    """Hunyuan V4 VL: two frames of each second, patches row by row; `size.longest_edge` bounds the whole clip.

    Frames never grow; a row of blocks costs one more for the line break behind it.
    """

    valid_kwargs = HYV4VLVideoProcessorKwargs
    bounds_pixels = False
    merge_order = False
    assumed_fps = 24

    size = {"shortest_edge": 4096, "longest_edge": 33554432}
    max_image_size = {"longest_edge": 1024 * 1024}
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    patch_size = 16
    temporal_patch_size = 1
    do_sample_frames = False
    fps = 2
    min_frames = 2
    max_frames = 1024

    sample_frames = Qwen3VLVideo.sample_frames

    def resize(self, video, size, resample, patch_size, temporal_patch_size, merge_size, max_image_size):
        if not size.longest_edge:
            raise ValueError(f"HYV4VL bounds the pixels of a clip by `size` with `longest_edge`, not by {size}")
        factor, frames = patch_size * merge_size, self.frames_of(video, temporal_patch_size)
        height, width = fit_rows(*video.shape[-2:], frames, factor, size.longest_edge, max_image_size.longest_edge)
        size = SizeDict(height=height, width=width)
        return super().resize(video, size, resample, patch_size, temporal_patch_size, merge_size)

    def get_num_of_video_patches(self, num_frames, height, width, videos_kwargs=None):
        """The number of patches, and how many in time, down and across; see `PatchedVideo`."""
        (grid,) = self.counted_rows(num_frames, height, width, videos_kwargs)
        return grid[0] * grid[1] * grid[2], *grid


def fit_rows(height: int, width: int, frames: int, factor: int, max_pixels: int, max_frame_pixels: int) -> Size:
    """The most rows of blocks of `factor` that a clip's budget, a frame's and the frame itself allow (Hunyuan V4).

    Raises:
        ValueError: one side is more than 200 times the other.
    """
    refuse_elongated(height, width, 200)
    blocks = max_pixels // factor**2
    for rows in range(max(1, height // factor), 0, -1):
        least = 1 if rows == 1 else max(1, width * rows // height)
        widest = min(max(1, width // factor), max(1, -(-width * (rows + 1) // height) - 1))
        columns = min(widest, blocks // (frames * rows) - 1, max_frame_pixels // (factor**2 * rows))
        if columns >= least:
            return rows * factor, columns * factor
    return factor, factor
