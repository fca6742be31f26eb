from __future__ import annotations

from ...geometry import frames as samplers
from ...image_processing_utils import Joined
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import VideosKwargs
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor
from .._clips import frame_patches
from .._tiles import PositiveInt, square_edge
from .crops import pooled
from .image_processing_molmo2 import warp


class Molmo2VideoProcessorKwargs(VideosKwargs, total=False):
    """
    patch_size (`int`):
        Side of a patch in pixels.
    pooling_size (`list[int]`):
        Rows and columns of the patches that become one token.
    max_fps (`int`, *optional*):
        Most frames that `num_frames` takes of a second.
    """

    patch_size: PositiveInt
    pooling_size: tuple[PositiveInt, PositiveInt]
    max_fps: int | None


@auto_docstring
class Molmo2Video(BaseVideoProcessor):
    """Molmo 2: every frame on a square, in patches; resized without antialias, whatever `do_resize` says.

    `pixel_values_videos` is `(frames, patches, patch_size ** 2 * channels)`, the frames of all videos, patches row by
    row, channels innermost. `video_token_pooling` int64 `(tokens, patches of a token)` numbers the patches that become
    one token, -1 for none, through all videos; `video_grids` holds each video's frames, rows and columns of tokens.
    Pixels are bytes unless `do_rescale` and `do_normalize` are on, as published files have them.
    """

    valid_kwargs = Molmo2VideoProcessorKwargs
    model_input_names = ["pixel_values_videos", "video_token_pooling", "video_grids"]
    pipeline = ("resize", "rescale_and_normalize")

    resample = PILImageResampling.BILINEAR
    size = {"height": 378, "width": 378}
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    patch_size = 14
    pooling_size = (3, 3)
    do_sample_frames = True
    num_frames = 64
    max_fps = 2

    def assumed_rate(self, options):
        return options.fps or options.max_fps

    def sample_frames(self, metadata, num_frames, fps, max_fps):
        known = metadata.total_num_frames, metadata.fps, metadata.duration
        return samplers.capped(*known, num_frames=num_frames, target_fps=fps, max_fps=max_fps)

    def run_pipeline(self, images, options, steps=None):
        return super().run_pipeline(images, options.replace(do_resize=True), steps)

    def resize(self, video, size, resample, patch_size):
        side = square_edge(size, self)
        if side % patch_size:
            raise ValueError(f"frames of {side} pixels do not divide into patches of {patch_size} (`patch_size`)")
        return warp(self.ops, video, side, side, resample)

    def _preprocess(self, videos, options):
        videos = self.run_pipeline(videos, options)
        patch, tokens, grids, shown = options.patch_size, [], [], 0
        for video in videos:
            frames, side = video.shape[0], video.shape[-1] // patch
            for _ in range(frames):
                numbers = [list(range(row, row + side)) for row in range(0, side**2, side)]
                windows, grid = pooled(numbers, options.pooling_size, shown * side**2)
                tokens += windows
                shown += 1
            grids.append([frames, *grid])
        patches = Joined([frame_patches(self.ops, video, patch) for video in videos])
        tokens, grids = self.ops.integers(tokens), self.ops.integers(grids)
        names = self.model_input_names
        return self.batch_feature(dict(zip(names, (patches, tokens, grids), strict=True)), options)
