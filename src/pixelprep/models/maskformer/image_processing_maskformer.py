from __future__ import annotations

import math

from ...image_processing_utils import target_size
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._imported import run_lengths
from .._masks import MaskImageProcessor, MaskImageProcessorKwargs


class MaskFormerImageProcessorKwargs(MaskImageProcessorKwargs, total=False):
    """
    size_divisor (`int`):
        Sides are resized to a multiple of it.
    """

    size_divisor: int


@auto_docstring
class MaskFormer(MaskImageProcessor):
    """MaskFormer (arXiv:2107.06278): shortest edge within a longest one, sides multiples of 32, masks of maps or COCO.

    Batches are padded to the largest image; `pixel_mask` is int64 `(B, H, W)` with 1 on pixels of the image. With maps
    or annotations, `mask_labels` is a list of float32 `(objects, H, W)` and `class_labels` of int64 `(objects,)`.
    """

    valid_kwargs = MaskFormerImageProcessorKwargs

    size_divisor = 32

    def resize(self, image, size, resample, size_divisor):
        height, width = target_size(image.shape[-2], image.shape[-1], size)
        if size_divisor:
            height, width = (math.ceil(side / size_divisor) * size_divisor for side in (height, width))
        return super().resize(image, SizeDict(height, width), resample)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = run_lengths(__name__)
