from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring
from ..video_llava.video_processing_video_llava import VideoLlavaVideo


@auto_docstring
class VideoMAEVideo(VideoLlavaVideo):
    """VideoMAE (arXiv:2203.12602): shortest edge and centre crop; `pixel_values` is `(videos, frames, C, H, W)`."""

    model_input_names = ["pixel_values"]

    resample = PILImageResampling.BILINEAR
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
