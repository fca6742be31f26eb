from __future__ import annotations

from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor


@auto_docstring
class LlavaOnevisionVideo(BaseVideoProcessor):
    """LLaVA-OneVision (arXiv:2408.03326): every frame one square picture, without tiles."""

    do_convert_rgb = True
    do_resize = True
    size = {"height": 384, "width": 384}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_sample_frames = False
