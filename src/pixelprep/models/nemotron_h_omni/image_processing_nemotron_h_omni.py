from __future__ import annotations

import math
from typing import Annotated

import msgspec

from ... import geometry
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


class NemotronH_Omni_Reasoning_V3ImageProcessorKwargs(ImagesKwargs, total=False):  # noqa: N801
    """
    patch_size (`int`):
        Side of a patch in pixels.
    downsample_ratio (`float`):
        How much the model shrinks the grid of patches each way; rows and columns are multiples of its reciprocal.
    min_num_patches (`int`):
        Least number of patches of an image.
    max_num_patches (`int`):
        Largest number of patches of an image; 0 leaves it to `max_model_len`.
    max_model_len (`int`):
        Length of the model's context in tokens, which the images of a call share.
    """

    patch_size: int
    downsample_ratio: float
    min_num_patches: int
    max_num_patches: Annotated[int, msgspec.Meta(ge=0)]
    max_model_len: int


@auto_docstring
class NemotronH_Omni_Reasoning_V3(Qwen2VL):  # noqa: N801
    """Nemotron-H Omni: native resolution within a budget of patches, resized in floating point without clipping.

    `pixel_values` is `(patches, channels * patch_size ** 2)`, row by row; `image_grid_hw` holds each image's
    `(rows, columns)`. `size` and `do_resize` have no effect.
    """

    valid_kwargs = NemotronH_Omni_Reasoning_V3ImageProcessorKwargs
    needs = {"do_resize": ()}
    bounds_pixels = False
    model_input_names = ["pixel_values", "image_grid_hw"]
    pipeline = ("rescale_and_normalize",)
    merge_order = False
    patch_vector = "chw"

    do_resize = None
    size = None
    default_to_square = True
    resample = PILImageResampling.BICUBIC
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    patch_size = 16
    downsample_ratio = 0.5
    min_num_patches = 1024
    max_num_patches = 13312
    max_model_len = 16384

    def __init__(
        self,
        *,
        norm_mean: list[float] | None = None,
        norm_std: list[float] | None = None,
        _downsample_factor: int | None = None,
        **kwargs: Unpack[NemotronH_Omni_Reasoning_V3ImageProcessorKwargs],
    ) -> None:
        for name, value in (("image_mean", norm_mean), ("image_std", norm_std)):  # their names in published files
            if value is not None:
                kwargs.setdefault(name, value)
        super().__init__(**kwargs)

    def _preprocess(self, images, options):
        patch, least, merge = options.patch_size, options.min_num_patches, round(1 / options.downsample_ratio)
        most = max((options.max_model_len - 4) * merge**2, least * len(images))
        most = max(min(most, options.max_num_patches or most), least)

        def resize(image):
            rows, columns = bounded_grid(*image.shape[-2:], patch, merge, least, most)
            return self.ops.resize_float(image, rows * patch, columns * patch, options.resample)

        return super()._preprocess(self.map_by_shape(resize, images, options), options)

    def patchify(self, image, patch_size):
        return super().patchify(image, patch_size, 1, 1)

    def grid_outputs(self, grids, options):
        return {"image_grid_hw": self.ops.integers(grids)}


def bounded_grid(height: int, width: int, patch: int, merge: int, min_patches: int, max_patches: int) -> geometry.Size:
    """Rows and columns, multiples of `merge`, with a number of patches between two bounds (Nemotron-H Omni)."""
    rows, columns = round(height / patch + 0.5), round(width / patch + 0.5)
    shrink = min(math.sqrt(max_patches / (rows * columns)), 1.0)
    rows, columns = max(1, math.floor(shrink * rows)), max(1, math.floor(shrink * columns))
    if max_patches > min_patches and rows * columns < min_patches:
        grow = math.sqrt(min_patches / (rows * columns))
        rows, columns = math.ceil(grow * rows), math.ceil(grow * columns)

    def even(count: int, other: int) -> int:
        up = geometry.multiple_of(count, merge)
        return up if up == count or up * other <= max_patches else max(merge, up - merge)

    rows = even(rows, columns)
    return rows, even(columns, rows)
