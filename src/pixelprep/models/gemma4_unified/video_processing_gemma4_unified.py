from __future__ import annotations

from ...utils import auto_docstring
from ..gemma4.video_processing_gemma4 import Gemma4Video
from .image_processing_gemma4_unified import Gemma4Unified


@auto_docstring
class Gemma4UnifiedVideo(Gemma4Video, Gemma4Unified):
    """Gemma 4 unified: Gemma 4's frames, with each block of patches as one large patch and one token.

    `pixel_values_videos` is `(frames, max_soft_tokens, (patch_size * pooling_kernel_size) ** 2 * channels)`.
    """
