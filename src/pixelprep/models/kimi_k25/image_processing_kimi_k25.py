from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


class Kimi_K25ImageProcessorKwargs(ImagesKwargs, total=False):  # noqa: N801
    """
    max_patches (`int`):
        Largest number of patches of an image.
    patch_size (`int`):
        Side of a patch in pixels.
    merge_size (`int`):
        Side, in patches, of the blocks that the model merges into one token.
    """

    max_patches: int
    patch_size: int
    merge_size: int


@auto_docstring
class Kimi_K25(Qwen2VL):  # noqa: N801
    """Kimi K2.5: native resolution (NaViT, arXiv:2307.06304), shrunk where patches are too many, padded to blocks.

    `size`, with `max_height` and `max_width` alike, bounds the number of patches of a side. Black is added at the
    bottom and the right. `pixel_values` is `(patches, channels, patch_size, patch_size)`, row by row.
    """

    valid_kwargs = Kimi_K25ImageProcessorKwargs
    bounds_pixels = False
    merge_order = False
    patch_vector = "c h w"

    size = {"max_height": 512, "max_width": 512}
    default_to_square = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_patches = 16384

    def resize(self, image, size, resample, patch_size, merge_size, max_patches):
        if not size.max_height or size.max_height != size.max_width:
            raise ValueError(
                "Kimi_K25 bounds the patches of a side by `size` with equal `max_height` and `max_width`, "
                f"not by {size}"
            )
        content = shrink_to_budget(*image.shape[-2:], patch_size, max_patches, size.max_height)
        image = self.ops.resize(image, *content, resample)
        return pad_to(self.ops, image, *(geometry.multiple_of(side, patch_size * merge_size) for side in content))

    def patchify(self, image, patch_size):
        return super().patchify(image, patch_size, 1, 1)


def shrink_to_budget(height: int, width: int, patch: int, max_patches: int, max_side: int) -> geometry.Size:
    """Shrink until whole patches number `max_patches` and `max_side` a side at most; never grow (Kimi K2.5)."""
    count = max(1, height // patch) * max(1, width // patch)
    longest = max_side * patch
    scale = min(1.0, math.sqrt(max_patches / count), longest / height, longest / width)
    height, width = (min(max(1, int(side * scale)), longest) for side in (height, width))
    return height, width
