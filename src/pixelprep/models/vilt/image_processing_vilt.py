from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring


class ViltImageProcessorKwargs(ImagesKwargs, total=False):
    """
    size_divisor (`int`):
        Sides are rounded down to multiples of this when resizing.
    """

    size_divisor: int


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

    def resize(self, image, size, resample=None, size_divisor=32):
        edge = size.shortest_edge
        if not edge:
            raise ValueError(f"{type(self).__name__} resizes to a `shortest_edge`, not to {size}")
        longest = int(1333 / 800 * edge)  # the sides of COCO's images at DETR's scale
        target = geometry.shortest_longest_edge_whole(*image.shape[-2:], edge, longest, size_divisor or 1)
        return super().resize(image, SizeDict(*target), resample)

    def _preprocess(self, images, options):
        images = self.run_pipeline(images, options)
        outputs = {"pixel_values": images}
        if options.do_pad:
            outputs["pixel_values"], outputs["pixel_mask"] = self.pad(images, return_mask=True)
        return self.batch_feature(outputs, options)
