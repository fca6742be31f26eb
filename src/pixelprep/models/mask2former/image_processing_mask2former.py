from __future__ import annotations

from ...utils import auto_docstring
from .._imported import run_lengths
from ..maskformer.image_processing_maskformer import MaskFormer


@auto_docstring
class Mask2Former(MaskFormer):
    """Mask2Former (arXiv:2112.01527): as MaskFormer; predicted masks are read at 384 x 384 pixels."""

    mask_size = (384, 384)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = run_lengths(__name__)
