from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import PositiveInt


class PPLCNetImageProcessorKwargs(ImagesKwargs, total=False):
    """
    resize_short (`int`, *optional*):
        Length in pixels of the shorter side after resizing; where it is not set, images are warped to `size`.
    size_divisor (`int`):
        Sides are rounded up to multiples of this when resizing by `resize_short`.
    """

    resize_short: int | None
    size_divisor: PositiveInt


@auto_docstring
class PPLCNet(BaseImageProcessor):
    """PP-LCNet (arXiv:2109.15099): shorter side, centre crop, normalise; the channels come out in the order BGR.

    Mean and standard deviation stand in the order RGB, and are those of ImageNet backwards: PaddleOCR trained these
    models on BGR images without swapping the statistics.
    """

    valid_kwargs = PPLCNetImageProcessorKwargs
    pipeline = ("resize", "center_crop", "rescale_and_normalize", "flip_channel_order")

    do_resize = True
    size = {"height": 256, "width": 256}
    resize_short = 256
    size_divisor = 1
    resample = PILImageResampling.BILINEAR
    do_center_crop = True
    crop_size = 224
    do_rescale = True
    do_normalize = True
    image_mean = (0.406, 0.456, 0.485)
    image_std = (0.225, 0.224, 0.229)

    def resize(self, image, size, resample, resize_short, size_divisor):
        if resize_short is not None:
            target = shortest_edge_rounded(*image.shape[-2:], resize_short)
            size = SizeDict(*(geometry.multiple_of(side, size_divisor) for side in target))
        return super().resize(image, size, resample)

    def flip_channel_order(self, image):
        return self.ops.flip_channels(image)


def shortest_edge_rounded(height: int, width: int, edge: int) -> geometry.Size:
    """The size whose shorter side is `edge`, aspect ratio kept, the longer side rounded half to even (PP-LCNet)."""
    scale = edge / min(height, width)
    return round(height * scale), round(width * scale)
