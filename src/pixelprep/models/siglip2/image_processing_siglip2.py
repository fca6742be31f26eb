from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._patches import pad_tokens, token_mask


class Siglip2ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int`):
        Side of a patch in pixels.
    max_num_patches (`int`):
        Largest number of patches of an image; every image is padded to it.
    """

    patch_size: int
    max_num_patches: int


@auto_docstring
class Siglip2(BaseImageProcessor):
    """SigLIP2 (arXiv:2502.14786): the largest whole patches of the image's aspect ratio, padded to one number of them.

    `pixel_values` is `(B, max_num_patches, patch_size ** 2 * channels)`, row by row, channels innermost;
    `pixel_attention_mask` int32 `(B, max_num_patches)` is 1 on patches of the image, `spatial_shapes` each image's
    `(rows, columns)`. `size` has no effect.
    """

    valid_kwargs = Siglip2ImageProcessorKwargs
    needs = {"do_resize": ()}
    model_input_names = ["pixel_values", "pixel_attention_mask", "spatial_shapes"]
    pipeline = ("resize", "rescale_and_normalize")

    do_resize = True
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    patch_size = 16
    max_num_patches = 256

    def resize(self, image, size, resample, patch_size, max_num_patches):
        rows, columns = largest_grid(*image.shape[-2:], patch_size, max_num_patches)
        return self.ops.resize(image, rows * patch_size, columns * patch_size, resample)

    def _preprocess(self, images, options):
        patch, length = options.patch_size, options.max_num_patches
        images = self.run_pipeline(images, options)
        patches = self.map_by_shape(lambda image: self.ops.patchify(image, patch, vector="hwc"), images, options)
        outputs = {
            "pixel_values": [pad_tokens(self.ops, entry, length) for entry in patches],
            "pixel_attention_mask": [token_mask(self.ops, entry, length, "int32") for entry in patches],
            "spatial_shapes": [tuple(side // patch for side in image.shape[-2:]) for image in images],
        }
        return self.batch_feature(outputs, options)


def largest_grid(height: int, width: int, patch: int, max_patches: int) -> geometry.Size:
    """Rows and columns of the largest scale, up to 100, at which patches that cover the image fit (SigLIP2).

    The scale is bisected to 1e-5 (arXiv:2502.14786).
    """

    def grid(scale: float) -> geometry.Size:
        return max(1, math.ceil(height * scale / patch)), max(1, math.ceil(width * scale / patch))

    low, high = 1e-6, 100.0
    while high - low >= 1e-5:
        scale = (low + high) / 2
        low, high = (scale, high) if math.prod(grid(scale)) <= max_patches else (low, scale)
    return grid(low)
