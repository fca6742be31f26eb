from __future__ import annotations

from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from ...utils import auto_docstring
from ..videomae.video_processing_videomae import VideoMAEVideo


@auto_docstring
class TimesformerVideo(VideoMAEVideo):
    """TimeSformer (arXiv:2102.05095): as VideoMAE, with ImageNet's statistics."""

    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
