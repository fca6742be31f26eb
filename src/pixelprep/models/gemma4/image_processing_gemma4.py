from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, Stacked
from ...image_utils import PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring
from .._patches import pad_tokens

SOFT_TOKENS = (70, 140, 280, 560, 1120)


class Gemma4ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int`):
        Side of a patch in pixels.
    max_soft_tokens (`int`):
        Largest number of tokens that the model makes of an image: 70, 140, 280, 560 or 1120.
    pooling_kernel_size (`int`):
        Side, in patches, of the blocks that become one token.
    """

    patch_size: int
    max_soft_tokens: int
    pooling_kernel_size: int


@auto_docstring
class Gemma4(BaseImageProcessor):
    """Gemma 4: native aspect ratio in whole blocks of patches, 0..1, padded to the largest number of patches.

    `pixel_values` is `(B, patches, patch_size ** 2 * channels)`, row by row, channels innermost; `image_position_ids`
    int64 `(B, patches, 2)` is each patch's `(x, y)`, -1 on padding; `num_soft_tokens_per_image` counts blocks. `size`
    has no effect.
    """

    valid_kwargs = Gemma4ImageProcessorKwargs
    needs = {"do_resize": ()}
    model_input_names = ["pixel_values", "image_position_ids", "num_soft_tokens_per_image"]
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = False
    image_mean = (0.0, 0.0, 0.0)
    image_std = (1.0, 1.0, 1.0)
    patch_size = 16
    max_soft_tokens = 280
    pooling_kernel_size = 3

    def __init__(self, **kwargs: Unpack[Gemma4ImageProcessorKwargs]) -> None:
        super().__init__(**kwargs)
        self._check_soft_tokens(self.max_soft_tokens)

    def _check_soft_tokens(self, count):
        if count not in SOFT_TOKENS:
            raise ValueError(f"`max_soft_tokens` must be one of {', '.join(map(str, SOFT_TOKENS))}, not {count}")

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        self._check_soft_tokens(kwargs["max_soft_tokens"])

    def resize(self, image, size, resample, patch_size, max_soft_tokens, pooling_kernel_size):
        height, width = fill_budget(*image.shape[-2:], patch_size * pooling_kernel_size, max_soft_tokens)
        return self.ops.resize(image, height, width, resample)

    def token_layout(self, options):
        """Side of a patch that is one row of `pixel_values`, and the number of rows."""
        return options.patch_size, options.max_soft_tokens * options.pooling_kernel_size**2

    def _preprocess(self, images, options):
        patch, length = self.token_layout(options)
        images = self.run_pipeline(images, options)
        patches = self.map_by_shape(lambda image: self.ops.patchify(image, patch, vector="hwc"), images, options)
        positions = [
            self._positions(image.shape[-2] // patch, image.shape[-1] // patch, length, image) for image in images
        ]
        outputs = {
            "pixel_values": Stacked([pad_tokens(self.ops, entry, length) for entry in patches]),
            "image_position_ids": self.ops.stack(positions),
            "num_soft_tokens_per_image": [len(entry) * options.max_soft_tokens // length for entry in patches],
        }
        return self.batch_feature(outputs, options)

    def _positions(self, rows, columns, length, like):
        cells = [(x, y) for y in range(rows) for x in range(columns)]
        return self.ops.integers(cells + [(-1, -1)] * (length - len(cells)), like=like)


def fill_budget(height: int, width: int, factor: int, max_tokens: int) -> geometry.Size:
    """Multiples of `factor` of an image scaled to `max_tokens` squares of it, rounded down (Gemma 4).

    A side below `factor` becomes `factor`, the other one the aspect ratio's whole multiples of it.

    Raises:
        ValueError: both sides would be below `factor`.
    """
    scale = math.sqrt(max_tokens * factor**2 / (height * width))
    rows, columns = math.floor(scale * height / factor), math.floor(scale * width / factor)
    if not (rows or columns):
        raise ValueError(f"{max_tokens} squares of {factor} pixels are too few for an image of {height}x{width}")
    if not rows:
        rows, columns = 1, min(width // height, max_tokens)
    elif not columns:
        rows, columns = min(height // width, max_tokens), 1
    return rows * factor, columns * factor
