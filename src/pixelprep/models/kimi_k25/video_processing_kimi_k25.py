from __future__ import annotations

from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs, chunked, tubelet_axes
from .image_processing_kimi_k25 import Kimi_K25


class Kimi_K25VideoProcessorKwargs(PatchedVideoKwargs, total=False):  # noqa: N801
    """
    max_patches (`int`):
        Largest number of patches of a frame.
    """

    max_patches: int


@auto_docstring
class Kimi_K25Video(PatchedVideo, Kimi_K25):  # noqa: N801
    """Kimi K2.5: patches of single frames; every `temporal_patch_size` frames are a chunk, the last perhaps shorter.

    `video_grid_thw` has a row for each chunk, `num_chunks_per_video` their number, a list.
    """

    valid_kwargs = Kimi_K25VideoProcessorKwargs
    model_input_names = ["pixel_values_videos", "video_grid_thw", "num_chunks_per_video"]

    max_patches = 4096
    temporal_patch_size = 4
    do_sample_frames = True
    fps = 2

    def patchify(self, video, patch_size):
        return self.ops.rearrange(video, *tubelet_axes(video.shape, patch_size, 1, 1, "tc h w"))

    def grid(self, video, options):
        frames, _, height, width = video.shape
        return frames, height // options.patch_size, width // options.patch_size

    def grid_outputs(self, grids, options):
        return chunked(self.ops, grids, options.temporal_patch_size)
