from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


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

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**{**kwargs, "do_resize": False})

    def resize(self, image, size, resample=None, patch_size=16, max_num_patches=256):
        rows, columns = geometry.largest_grid(*image.shape[-2:], patch_size, max_num_patches)
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


def pad_tokens(verbs, tokens, length, fill=0):
    """`(tokens, values)` with rows of one value up to `length`.

    Raises:
        ValueError: there are more.
    """
    lack = length - tokens.shape[0]
    if lack < 0:
        raise ValueError(f"an image has {tokens.shape[0]} patches and {length} are allowed; leave `do_resize` on")
    return verbs.pad(tokens, 0, lack, 0, 0, fill) if lack else tokens


def token_mask(verbs, tokens, length, dtype):
    """`(length,)`: 1 on the tokens there are, 0 on padding."""
    return verbs.unstack(verbs.pixel_mask(1, tokens.shape[0], 1, length, dtype))[0]
