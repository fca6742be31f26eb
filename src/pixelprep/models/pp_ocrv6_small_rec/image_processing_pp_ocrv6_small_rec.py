from __future__ import annotations

from ...utils import auto_docstring
from .._tiles import height_and_width
from ..pp_ocrv5_server_rec.image_processing_pp_ocrv5_server_rec import PPOCRV5ServerRec


@auto_docstring
class PPOCRV6SmallRec(PPOCRV5ServerRec):
    """PP-OCRv6 text recognition: as PP-OCRv5, but resized as bytes and without antialias, and BGR."""

    pipeline = ("resize", "flip_channels", "center_crop", "rescale_and_normalize", "pad")

    def resize(self, image, size, resample):
        return self.ops.resize(image, *height_and_width(size, self), resample, antialias=False)

    def flip_channels(self, image):
        """BGR."""
        return self.ops.flip_channels(image)
