from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import PositiveInt


class ViltImageProcessorKwargs(ImagesKwargs, total=False):
    """
    size_divisor (`int`):
        Sides are rounded down to multiples of this when resizing.
    """

    size_divisor: PositiveInt


@auto_docstring
class Vilt(BaseImageProcessor):
    """ViLT (arXiv:2102.03334): shortest edge with the longer one bounded, in whole patches; batches padded with zeros.

    `pixel_mask` int64 `(B, H, W)` is 1 on the image and 0 on padding.
    """

    valid_kwargs = ViltImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_mask"]
    pipeline = ("resize", "rescale_and_normalize")

    do_resize = True
    size = {"shortest_edge": 384}
    default_to_square = False
    size_divisor = 32
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True

    def resize(self, image, size, resample, size_divisor):
        edge = size.shortest_edge
        if not edge:
            raise ValueError(f"{type(self).__name__} resizes to a `shortest_edge`, not to {size}")
        longest = int(1333 / 800 * edge)  # the sides of COCO's images at DETR's scale
        target = shortest_longest_edge_whole(*image.shape[-2:], edge, longest, size_divisor or 1)
        return super().resize(image, SizeDict(*target), resample)

    def _preprocess(self, images, options):
        images = self.run_pipeline(images, options)
        outputs = {"pixel_values": images}
        if options.do_pad:
            outputs["pixel_values"], outputs["pixel_mask"] = self.pad(images, pad_size=None, return_mask=True)
        return self.batch_feature(outputs, options)


def shortest_longest_edge_whole(height: int, width: int, shortest: int, longest: int, factor: int) -> geometry.Size:
    """Shorter side `shortest` unless the longer one exceeds `longest`, both rounded down to multiples of `factor`.

    A side that would vanish is `factor` (ViLT, arXiv:2102.03334).
    """
    scale = shortest / min(height, width)
    sides: tuple[float, float] = (shortest, scale * width) if height < width else (scale * height, shortest)
    if max(sides) > longest:
        scale = longest / max(sides)
        sides = (sides[0] * scale, sides[1] * scale)
    height, width = (max(int(side + 0.5) // factor, 1) * factor for side in sides)
    return height, width
