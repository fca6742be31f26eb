from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import SizeDict
from ...utils import auto_docstring


@auto_docstring
class Levit(BaseImageProcessor):
    """LeViT (arXiv:2104.01136): shortest edge 256/224 times `size`, of which the centre crop keeps the middle."""

    do_resize = True
    size = {"shortest_edge": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def resize(self, image, size, resample):
        if size.shortest_edge:
            size = SizeDict(*geometry.shortest_edge(*image.shape[-2:], int(256 / 224 * size.shortest_edge)))
        elif not size.height:
            raise ValueError(f"Levit resizes to a `shortest_edge` or a `height` and `width`, not to {size}")
        return super().resize(image, size, resample)
