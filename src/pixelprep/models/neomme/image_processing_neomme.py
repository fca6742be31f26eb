from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


class NeoMMEImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int`):
        Side of a patch in pixels.
    max_side (`int`, *optional*):
        Longer side after resizing at most.
    """

    patch_size: int
    max_side: int | None


@auto_docstring
class NeoMME(Qwen2VL):
    """NeoMME: the image as it is, resized only to keep `size` and `max_side`, padded with black to whole patches.

    `pixel_values` is `(patches, patch_size ** 2 * channels)`, row by row, channels innermost; `image_grid_hw` holds
    each image's `(rows, columns)`. `size` is None or `{"min_pixels", "max_pixels"}`.
    """

    valid_kwargs = NeoMMEImageProcessorKwargs
    needs = {"do_resize": ("resample",)}
    bounds_pixels = False
    model_input_names = ["pixel_values", "image_grid_hw"]
    pipeline = ("resize", "pad_to_patches", "rescale_and_normalize")
    patch_vector = "hwc"

    size = None
    default_to_square = True
    resample = PILImageResampling.BILINEAR
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    patch_size = 32
    max_side = None

    def _validate_preprocess_kwargs(self, **kwargs):
        size = kwargs["size"]
        if size is not None and not size.min_pixels:
            raise ValueError(f"NeoMME's `size` has `min_pixels` and `max_pixels` or is None; it is {size}")
        super()._validate_preprocess_kwargs(**kwargs)

    def resize(self, image, size, resample, max_side):
        bounds = (size.min_pixels, size.max_pixels) if size else (None, None)
        return self.ops.resize(image, *fit_pixel_bounds(*image.shape[-2:], *bounds, max_side), resample)

    def pad_to_patches(self, image, patch_size):
        """The image with black at the bottom and the right, up to whole patches."""
        return pad_to(self.ops, image, *(geometry.multiple_of(side, patch_size) for side in image.shape[-2:]))

    def patchify(self, image, patch_size):
        return super().patchify(image, patch_size, 1, 1)

    def grid_outputs(self, grids, options):
        return {"image_grid_hw": self.ops.integers(grids)}


def fit_pixel_bounds(
    height: int, width: int, min_pixels: int | None, max_pixels: int | None, max_side: int | None
) -> geometry.Size:
    """Grow to `min_pixels`, shrink to `max_pixels` and `max_side`, each if given; else unchanged (NeoMME)."""
    scale = math.sqrt(min_pixels / (height * width)) if min_pixels and height * width < min_pixels else 1.0
    too_small = scale > 1
    scale = min(scale, max_side / max(height, width)) if max_side else scale
    scale = min(scale, math.sqrt(max_pixels / (height * width))) if max_pixels else scale
    if scale == 1:
        return height, width

    def exceeds(size: geometry.Size) -> bool:
        return bool((max_side and max(size) > max_side) or (max_pixels and math.prod(size) > max_pixels))

    rounded = max(1, round(height * scale)), max(1, round(width * scale))
    if exceeds(rounded):
        height, width = max(1, math.floor(height * scale)), max(1, math.floor(width * scale))
        if max_pixels and height * width > max_pixels:
            if height >= width:
                return max(1, max_pixels // width), width
            return height, max(1, max_pixels // height)
        return height, width
    raised = max(1, math.ceil(height * scale)), max(1, math.ceil(width * scale))
    short = too_small and math.prod(rounded) < (min_pixels or 0)
    return raised if short and not exceeds(raised) else rounded
