from __future__ import annotations

from typing import Literal

from ...image_processing_outputs import BatchFeature
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import PositiveInt

# Both sides of what the network sees are multiples of this.
STRIDE = 32


class PPOCRV5ServerDetImageProcessorKwargs(ImagesKwargs, total=False):
    """
    limit_side_len (`int`):
        Side in pixels that `limit_type` speaks of.
    limit_type (`str`):
        "max" shrinks pages whose longer side is longer, "min" enlarges pages whose shorter side is shorter,
        "resize_long" gives every page that longer side.
    max_side_limit (`int`, *optional*):
        Longest side whatever the limit; None sets no bound.
    """

    limit_side_len: PositiveInt
    limit_type: Literal["max", "min", "resize_long"]
    max_side_limit: PositiveInt | None


@auto_docstring
class PPOCRV5ServerDet(BaseImageProcessor):
    """PP-OCRv5 text detection (arXiv:2507.05595): the page with sides of whole multiples of 32, in floats, BGR.

    `image_mean` and `image_std` are applied to RGB, in the order in which they are listed, and channels are flipped
    after it: published numbers are those of BGR, and the models were trained so. `size` has no effect. `target_sizes`
    float32 `(images, 2)` holds each page's `(height, width)` for the post-processing.
    """

    valid_kwargs = PPOCRV5ServerDetImageProcessorKwargs
    further_outputs = ("target_sizes",)
    needs = {"do_resize": ("resample",)}
    pipeline = ("resize", "rescale_and_normalize", "flip_channels")

    do_resize = True
    size = {"height": 960, "width": 960}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = (0.406, 0.456, 0.485)
    image_std = (0.225, 0.224, 0.229)
    limit_side_len = 960
    limit_type = "max"
    max_side_limit = 4000

    def target_size(self, height, width, limit_side_len, limit_type, max_side_limit):
        """The size to resize a page to."""
        longest, shortest = max(height, width), min(height, width)
        ratio = {
            "max": min(limit_side_len / longest, 1.0),
            "min": max(limit_side_len / shortest, 1.0),
            "resize_long": limit_side_len / longest,
        }[limit_type]
        height, width = int(height * ratio), int(width * ratio)
        if max_side_limit is not None and max(height, width) > max_side_limit:
            ratio = max_side_limit / max(height, width)
            height, width = int(height * ratio), int(width * ratio)
        return tuple(max(round(side / STRIDE) * STRIDE, STRIDE) for side in (height, width))

    def resize(self, image, size, resample, limit_side_len, limit_type, max_side_limit):
        target = self.target_size(*image.shape[-2:], limit_side_len, limit_type, max_side_limit)
        return self.ops.resize_float(image, *target, resample)

    def flip_channels(self, image):
        """BGR."""
        return self.ops.flip_channels(image)

    def _preprocess(self, images, options):
        encoded = self.batch_feature({"pixel_values": self.run_pipeline(images, options)}, options)
        sizes = [self.ops.cast(self.ops.integers(image.shape[-2:], like=image), "float32") for image in images]
        if options.return_tensors is not None:
            sizes = self.ops.stack(sizes)
        encoded.update(BatchFeature({"target_sizes": sizes}, options.return_tensors))
        return encoded

    def post_process_object_detection(
        self,
        predictions,
        threshold=0.3,
        target_sizes=None,
        box_threshold=0.6,
        max_candidates=1000,
        min_size=3,
        unclip_ratio=1.5,
        reading_order=False,
    ):
        """Quadrilaterals around lines of text; see `postprocess.text_detection` (needs OpenCV)."""
        from ...postprocess import text_detection

        return text_detection(
            predictions,
            threshold,
            target_sizes,
            box_threshold,
            max_candidates,
            min_size,
            unclip_ratio,
            reading_order=reading_order,
        )
