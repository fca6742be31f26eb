from __future__ import annotations

from ... import geometry
from ...utils import auto_docstring
from ...videos.changes import mean_changes
from .._clips import PatchedVideo, PatchedVideoKwargs
from ..qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideo
from .image_processing_video_llama_3 import VideoLlama3

THRESHOLD = 0.1
"""Least mean change of a token's values, in 255ths, that the model is to see."""


class VideoLlama3VideoProcessorKwargs(PatchedVideoKwargs, total=False):
    """
    min_pixels (`int`):
        Least number of pixels of a frame; the older name of `size["shortest_edge"]`.
    max_pixels (`int`):
        Largest number of pixels of a video; the older name of `size["longest_edge"]`.
    min_frames (`int`):
        Fewest frames that `fps` takes.
    max_frames (`int`):
        Most frames that `fps` takes.
    use_token_compression (`bool`, *optional*):
        Leave out tokens that are what they were in the frame before.
    """

    min_pixels: int
    max_pixels: int
    min_frames: int
    max_frames: int
    use_token_compression: bool | None


@auto_docstring
class VideoLlama3Video(PatchedVideo, VideoLlama3):
    """VideoLLaMA 3 (arXiv:2501.13106): patches as Qwen2-VL's, and which merged tokens change from frame to frame.

    `size["longest_edge"]` bounds the pixels of the whole video, `size["shortest_edge"]` those of a frame.
    `video_compression_mask`, bool `(merged tokens,)`, is True on those to keep: all of the first frame, later ones that
    differ from the frame before, at least one of each frame; all True without `use_token_compression`.
    `video_merge_sizes` is int64 `(videos,)`.
    """

    valid_kwargs = VideoLlama3VideoProcessorKwargs
    model_input_names = ["pixel_values_videos", "video_grid_thw", "video_merge_sizes", "video_compression_mask"]

    size = {"shortest_edge": 128 * 28 * 28, "longest_edge": 28 * 28 * 768}
    merge_size = 2
    do_sample_frames = False
    min_frames = 4
    max_frames = 180
    use_token_compression = True
    return_metadata = True

    sample_frames = Qwen2VLVideo.sample_frames

    def target_size(self, height, width, size, factor, frames, depth):
        return geometry.smart_resize(height, width, factor, size.shortest_edge, max(size.longest_edge // frames, 1))

    def without_looking(self, options):
        return {"use_token_compression": False}

    def grid_outputs(self, grids, options):
        merge_sizes = self.ops.integers([options.merge_size] * len(grids))
        return {"video_grid_thw": self.ops.integers(grids), "video_merge_sizes": merge_sizes}

    def _preprocess(self, videos, options):
        videos = self.run_pipeline(videos, options)
        patches = self.ops.concat(self.run_pipeline(videos, options, ["patchify"]))
        grids, kept, first = [self.grid(video, options) for video in videos], [], 0
        for frames, rows, columns in grids:
            length, tokens = frames * rows * columns, rows * columns // options.merge_size**2
            if options.use_token_compression:
                kept += self.changed(patches[first : first + length], frames, tokens)
            else:
                kept += [True] * (frames * tokens)
            first += length
        outputs = {
            "pixel_values_videos": patches,
            **self.grid_outputs(grids, options),
            "video_compression_mask": self.ops.integers(kept, "bool", like=patches),
        }
        return self.batch_feature(outputs, options)

    def changed(self, patches, frames, tokens):
        """For each merged token of each frame whether it is kept, a list."""
        values = self.ops.cast(patches, "float32").reshape(frames, tokens, -1)
        kept = [True] * tokens
        for frame in (mean_changes(values) * 255 > THRESHOLD).tolist():
            kept += frame if any(frame) else [True, *frame[1:]]
        return kept
