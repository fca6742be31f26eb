from __future__ import annotations

from ... import geometry
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs, chunked
from .image_processing_minimax_m3_vl import MiniMaxM3VL


class MiniMaxM3VLVideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    min_pixels (`int`):
        Least number of pixels of a frame.
    max_pixels (`int`):
        Largest number of pixels of a frame.
    total_pixels (`int`):
        Pixels that a video may have; kept for those who read it, acts on nothing.
    min_frames (`int`):
        Fewest frames of a video; kept likewise.
    max_frames (`int`):
        Most frames of a video; kept likewise.
    vision_segment_max_frames (`int`, *optional*):
        Most groups of `temporal_patch_size` frames in a chunk, which the model sees at once; None: the whole video.
    """

    min_pixels: int
    max_pixels: int
    total_pixels: int
    min_frames: int
    max_frames: int
    vision_segment_max_frames: int | None


@auto_docstring
class MiniMaxM3VLVideo(PatchedVideo, MiniMaxM3VL):
    """MiniMax M3 VL: as Qwen2-VL (arXiv:2409.12191), told to the model in chunks of a few groups of frames.

    `video_grid_thw` has a row for each chunk, `num_chunks_per_video` their number, a list. `size` has no effect.
    """

    valid_kwargs = MiniMaxM3VLVideoProcessorKwargs
    model_input_names = ["pixel_values_videos", "video_grid_thw", "num_chunks_per_video"]
    needs = {"do_resize": ()}
    bounds_pixels = False

    size = {"height": 672, "width": 672}
    default_to_square = False
    min_pixels = 4 * 28 * 28
    max_pixels = 768 * 28 * 28
    total_pixels = 64000 * 28 * 28 * 9 // 10
    do_sample_frames = False
    fps = 1.0
    min_frames = 4
    max_frames = 768
    vision_segment_max_frames = 4

    def resize(self, video, size, resample, patch_size, temporal_patch_size, merge_size, min_pixels, max_pixels):
        target = geometry.smart_resize(*video.shape[-2:], patch_size * merge_size, min_pixels, max_pixels)
        size = SizeDict(height=target[0], width=target[1])
        return super().resize(video, size, resample, patch_size, temporal_patch_size, merge_size)

    def grid_outputs(self, grids, options):
        return chunked(self.ops, grids, options.vision_segment_max_frames)
