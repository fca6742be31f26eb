from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import Stacked
from ...image_utils import PILImageResampling
from ...processing_utils import VideosKwargs
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor
from .._clips import repeat_last
from .._tiles import PositiveInt


class NemotronH_Omni_Reasoning_V3VideoProcessorInitKwargs(VideosKwargs, total=False):  # noqa: N801
    """
    norm_mean (`list[float]`):
        Mean of each channel, of values from 0 to 1.
    norm_std (`list[float]`):
        Deviation of each channel, of values from 0 to 1.
    patch_size (`int`):
        Side of a patch in pixels.
    downsample_ratio (`float`):
        How much the model shrinks the grid of patches each way; rows and columns are multiples of its reciprocal.
    video_target_num_patches (`int`):
        Number of patches that a frame is resized to, about.
    video_maintain_aspect_ratio (`bool`):
        Keep the shape of frames; else they become squares.
    temporal_patch_size (`int`):
        Frames of a tubelet.
    """

    norm_mean: list[float] | None
    norm_std: list[float] | None
    patch_size: PositiveInt
    downsample_ratio: float
    video_target_num_patches: PositiveInt
    video_maintain_aspect_ratio: bool
    temporal_patch_size: PositiveInt


@auto_docstring
class NemotronH_Omni_Reasoning_V3Video(BaseVideoProcessor):  # noqa: N801
    """Nemotron-H Omni: frames resized in floating point without clipping, bicubic; consecutive ones are one tubelet.

    `pixel_values_videos` is `(videos, tubelets, temporal_patch_size * channels, H, W)`, the last frame repeated where
    one lacks; `num_frames` the frames of each video. `norm_mean` and `norm_std` have to be given; `do_resize`, `size`,
    `do_rescale`, `do_normalize` and what belongs to them have no effect.
    """

    valid_kwargs = NemotronH_Omni_Reasoning_V3VideoProcessorInitKwargs
    model_input_names = ["pixel_values_videos"]
    further_outputs = ("num_frames",)
    pipeline = ()

    norm_mean = None
    norm_std = None
    patch_size = 16
    downsample_ratio = 0.5
    video_target_num_patches = 1024
    video_maintain_aspect_ratio = True
    temporal_patch_size = 2

    def _preprocess(self, videos, options):
        if options.norm_mean is None or options.norm_std is None:
            raise ValueError(
                f"{type(self).__name__} has no statistics of its own: pass `norm_mean` and `norm_std`, a number for "
                "each channel; published files hold them"
            )
        pixels = [self.normalized(self.tile(video, options), options) for video in videos]
        tubelets = Stacked([self.tubelets(video, options.temporal_patch_size) for video in pixels])
        counts = [video.shape[0] for video in videos]
        return self.batch_feature({"pixel_values_videos": tubelets, "num_frames": counts}, options)

    def tile(self, video, options):
        """A video at its size in the model, float32."""
        aspect = options.video_maintain_aspect_ratio
        merge, target = round(1 / options.downsample_ratio), options.video_target_num_patches
        sides = tile_grid(*video.shape[-2:], merge, target) if aspect else square_grid(merge, target)
        height, width = (side * options.patch_size for side in sides)
        if tuple(video.shape[-2:]) == (height, width):
            return self.ops.cast(video, "float32")
        return self.ops.resize_float(video, height, width, PILImageResampling.BICUBIC)

    def normalized(self, video, options):
        """Pixels of 0..255 by the statistics; one channel becomes as many as these have."""
        channels = len(options.norm_mean)
        if video.shape[-3] == 1 < channels:
            video = self.ops.concat([video] * channels, axis=-3)
        # Divided by 255, which rounds otherwise than its reciprocal does.
        video = self.normalize(video, [0.0] * channels, [255.0] * channels)
        return self.normalize(video, options.norm_mean, options.norm_std)

    def tubelets(self, video, depth):
        """`(tubelets, depth * channels, H, W)`."""
        video = repeat_last(self, video, depth)
        frames, channels, *sides = video.shape
        return self.ops.rearrange(video, video.shape, (0, 1, 2, 3), (frames // depth, depth * channels, *sides))


def tile_grid(height: int, width: int, merge: int, target: int) -> geometry.Size:
    """Rows and columns of patches, multiples of `merge`, about `target` in all and in the shape of the frame."""
    aspect = width / height
    rows, columns = max(round(math.sqrt(target / aspect)), 1), max(round(math.sqrt(target * aspect)), 1)
    up = tuple(-(-side // merge) * merge for side in (rows, columns))
    if merge == 1 or up[0] * up[1] <= target:
        return up[0], up[1]
    return max(merge, rows // merge * merge), max(merge, columns // merge * merge)


def square_grid(merge: int, target: int) -> geometry.Size:
    """The largest square of patches, a multiple of `merge`, within `target`; at least one of these."""
    side = max(merge, math.isqrt(target) // merge * merge)
    return side, side
