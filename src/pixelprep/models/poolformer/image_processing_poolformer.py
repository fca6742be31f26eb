from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring


class PoolFormerImageProcessorKwargs(ImagesKwargs, total=False):
    """
    crop_pct (`float`, *optional*):
        The part of the resized image's side that the crop keeps: images are resized to `size / crop_pct`; where it is
        not set, to `size`.
    """

    crop_pct: float | None


@auto_docstring
class PoolFormer(BaseImageProcessor):
    """PoolFormer (arXiv:2111.11418): shortest edge somewhat larger than `size`, then a centre crop."""

    valid_kwargs = PoolFormerImageProcessorKwargs

    do_resize = True
    size = {"shortest_edge": 224}
    default_to_square = False
    crop_pct = 0.9
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def resize(self, image, size, resample, crop_pct):
        if crop_pct is not None:
            edge = size.shortest_edge or (size.height if size.height == size.width else None)
            if edge:
                size = SizeDict(*geometry.shortest_edge(*image.shape[-2:], int(edge / crop_pct)))
            elif size.height and size.width:
                size = SizeDict(int(size.height / crop_pct), int(size.width / crop_pct))
            else:
                raise ValueError(f"PoolFormer resizes to a `shortest_edge` or a `height` and `width`, not to {size}")
        return super().resize(image, size, resample)
