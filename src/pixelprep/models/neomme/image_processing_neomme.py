from __future__ import annotations

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
        super()._validate_preprocess_kwargs(**{**kwargs, "do_resize": kwargs["do_resize"] and size is not None})

    def resize(self, image, size, resample=None, max_side=None):
        bounds = (size.min_pixels, size.max_pixels) if size else (None, None)
        return self.ops.resize(image, *geometry.fit_pixel_bounds(*image.shape[-2:], *bounds, max_side), resample)

    def pad_to_patches(self, image, patch_size=32):
        """The image with black at the bottom and the right, up to whole patches."""
        return pad_to(self.ops, image, *(geometry.multiple_of(side, patch_size) for side in image.shape[-2:]))

    def grid_outputs(self, grids, options):
        return {"image_grid_hw": self.ops.integers(grids)}
