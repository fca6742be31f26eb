from __future__ import annotations

import math
from typing import Annotated

import msgspec

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import height_and_width


class ZoeDepthImageProcessorKwargs(ImagesKwargs, total=False):
    """
    keep_aspect_ratio (`bool`):
        Scale both sides alike, as the side of `size` asks that changes less.
    ensure_multiple_of (`float`):
        Sides are rounded to multiples of this when resizing, then truncated to whole pixels.
    """

    keep_aspect_ratio: bool
    ensure_multiple_of: Annotated[float, msgspec.Meta(gt=0)]


@auto_docstring
class ZoeDepth(BaseImageProcessor):
    """ZoeDepth (arXiv:2302.12288): a mirrored border, then a resize in floating point with aligned corners.

    `do_pad` adds the border, which post-processing takes off again. Depth is in metres, the larger, the farther.
    """

    valid_kwargs = ZoeDepthImageProcessorKwargs
    pipeline = ("rescale", "pad", "resize", "normalize")

    do_resize = True
    size = {"height": 384, "width": 512}
    resample = PILImageResampling.BILINEAR
    keep_aspect_ratio = True
    ensure_multiple_of = 1 / 32
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True

    def pad(self, images):
        """Mirror each image at its edges, `3 * sqrt(side / 2)` pixels on each side."""

        def mirror(image):
            rows, columns = (int(math.sqrt(side / 2) * 3) for side in image.shape[-2:])
            return self.ops.extend(image, rows, rows, columns, columns, "reflect")

        return map_images(mirror, images)

    def resize(self, image, size, resample, keep_aspect_ratio, ensure_multiple_of):
        target = height_and_width(size, self)
        fitted = geometry.fit_multiples(*image.shape[-2:], target, keep_aspect_ratio, ensure_multiple_of)
        return self.ops.resize_float(image, *fitted, resample, align_corners=True)

    def post_process_depth_estimation(
        self, outputs, source_sizes=None, target_sizes=None, outputs_flipped=None, do_remove_padding=None
    ):
        """Depth without the mirrored border; see `postprocess.padded_depth_estimation`."""
        from ...postprocess import padded_depth_estimation

        remove = self.do_pad if do_remove_padding is None else do_remove_padding
        return padded_depth_estimation(outputs, source_sizes, target_sizes, outputs_flipped, remove)
