from __future__ import annotations

from ...utils import auto_docstring
from ..layoutlmv3.image_processing_layoutlmv3 import LayoutLMv3


@auto_docstring
class LayoutLMv2(LayoutLMv3):
    """LayoutLMv2 (arXiv:2012.14740) and LayoutXLM: as LayoutLMv3, in bytes and in the order BGR.

    The model rescales and normalises by itself; `do_rescale` and `do_normalize` have no effect.
    """

    pipeline = ("resize", "flip_channels")

    do_rescale = None
    rescale_factor = None
    do_normalize = None
    image_mean = None
    image_std = None

    def flip_channels(self, image):
        """BGR, as Detectron2's networks were trained."""
        return self.ops.flip_channels(image)
