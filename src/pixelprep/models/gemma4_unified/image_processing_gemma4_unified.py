from __future__ import annotations

from ...utils import auto_docstring
from ..gemma4.image_processing_gemma4 import Gemma4


@auto_docstring
class Gemma4Unified(Gemma4):
    """Gemma 4 unified: Gemma 4's sizes, with each block of patches as one large patch and one token.

    `pixel_values` is `(B, max_soft_tokens, (patch_size * pooling_kernel_size) ** 2 * channels)`.
    """

    def token_layout(self, options):
        return options.patch_size * options.pooling_kernel_size, options.max_soft_tokens
