from __future__ import annotations

from typing import Any

from ... import geometry
from ...geometry import frames as samplers
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import SizeDict, Unpack, VideosKwargs
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor
from .._clips import pad_clip


class SmolVLMVideoProcessorKwargs(VideosKwargs, total=False):
    """
    max_image_size (`dict[str, int]`):
        Side of the squares that frames become, as `{"longest_edge": int}`.
    video_sampling (`dict[str, Any]`, *optional*):
        `fps`, `max_frames` and `video_size` of published files: `fps`, `num_frames` and `size`.
    """

    max_image_size: SizeDict
    video_sampling: dict[str, Any] | None


@auto_docstring
class SmolVLMVideo(BaseVideoProcessor):
    """SmolVLM (arXiv:2504.05299): every frame one square picture, resized to `size` first.

    Short videos are padded with black frames, 0 in `pixel_attention_mask` int64 `(videos, frames, H, W)`.
    """

    valid_kwargs = SmolVLMVideoProcessorKwargs
    model_input_names = ["pixel_values", "pixel_attention_mask"]
    pipeline = ("resize", "rescale_and_normalize")
    samples_by_both = True

    do_convert_rgb = True
    do_resize = True
    size = {"longest_edge": 4 * 364}
    max_image_size = {"longest_edge": 364}
    resample = PILImageResampling.LANCZOS
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    do_sample_frames = False

    def __init__(self, **kwargs: Unpack[SmolVLMVideoProcessorKwargs]) -> None:
        published = kwargs.get("video_sampling") or {}
        named = {"num_frames": "max_frames", "fps": "fps", "size": "video_size"}
        told = {name: published[key] for name, key in named.items() if published.get(key) is not None}
        super().__init__(**{**told, **kwargs} if "size" in kwargs else {**kwargs, **told})

    def sample_frames(self, metadata, num_frames, fps):
        # None is "not given" here: a video sampled by one of both alone is another one than the model was trained on.
        num_frames, fps = num_frames or self.num_frames, fps or self.fps
        known = metadata.total_num_frames, metadata.fps, metadata.duration
        return samplers.centered(*known, num_frames=num_frames, target_fps=fps)

    def resize(self, video, size, resample, max_image_size):
        if size.longest_edge:
            height, width = geometry.longest_edge_even(*video.shape[-2:], size.longest_edge)
            size = SizeDict(height=height, width=width)
        elif not (size.height and size.width):
            raise ValueError(f"{type(self).__name__} resizes to a `longest_edge` or a `height` and `width`, not {size}")
        side = max_image_size.longest_edge
        return super().resize(super().resize(video, size, resample), SizeDict(height=side, width=side), resample)

    def _preprocess(self, videos, options):
        videos = self.run_pipeline(videos, options)
        if not options.do_pad:
            return self.batch_feature({"pixel_values": videos}, options)
        most = [max(video.shape[axis] for video in videos) for axis in (0, -2, -1)]
        masks = [self.mask(video.shape, most) for video in videos]
        videos = [pad_clip(self.ops, video, *most) for video in videos]
        return self.batch_feature({"pixel_values": videos, "pixel_attention_mask": masks}, options)

    def mask(self, shape, most):
        """int64 `(frames, H, W)`: 1 on the video, 0 on what was added."""
        frames, _, height, width = shape
        rows = self.ops.pixel_mask(frames, height * width, frames, height * width)
        return pad_clip(
            self.ops, self.ops.rearrange(rows, (frames, height, width), (0, 1, 2), (frames, height, width)), *most
        )
