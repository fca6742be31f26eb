from __future__ import annotations

import math

from ... import geometry
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring
from ..glm4v.image_processing_glm4v import Glm4vImageProcessorKwargs
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


class MuseGlimmerImageProcessorKwargs(Glm4vImageProcessorKwargs, total=False):
    """
    max_image_tokens (`int`):
        Largest number of merged tokens of an image.
    """

    max_image_tokens: int


@auto_docstring
class MuseGlimmer(Qwen2VL):
    """Muse Glimmer: the grid of merged blocks nearest to the image's aspect ratio, patches row by row, time outermost.

    `size` has no effect.
    """

    valid_kwargs = MuseGlimmerImageProcessorKwargs
    needs = {"do_resize": ()}
    bounds_pixels = False
    merge_order = False
    patch_vector = "tchw"

    size = None
    resample = PILImageResampling.LANCZOS
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_image_tokens = 4096

    def resize(self, image, size, resample, patch_size, merge_size, max_image_tokens):
        factor = patch_size * merge_size
        return self.ops.resize(image, *smart_resize(*image.shape[-2:], factor, max_image_tokens), resample)


def smart_resize(height: int, width: int, patch_size: int, max_tokens: int) -> geometry.Size:
    """Sides of the grid of `closest_grid` in pixels, under the name that they have in the reference."""
    rows, columns = closest_grid(height, width, patch_size, max_tokens)
    return rows * patch_size, columns * patch_size


def closest_grid(height: int, width: int, factor: int, max_tokens: int) -> geometry.Size:
    """Of the grids around the image's own, or the largest allowed one, that of the closest aspect ratio (Muse)."""
    rows, columns = height / factor, width / factor
    if rows * columns > max_tokens:
        ratio = columns / rows
        rows = (max_tokens / ratio) ** 0.5
        columns = rows * ratio
    sides = [(math.floor(count), math.ceil(count)) for count in (rows, columns)]
    # Squares tie between the smaller and the larger grid; the order of a set decides, as it does in the original.
    around = {(down, across) for down in sides[0] for across in sides[1]}
    grids = [grid for grid in around if min(grid) >= 1 and math.prod(grid) <= max_tokens]
    grids = grids or [(max(1, round(rows)), max(1, round(columns)))]
    return min(grids, key=lambda grid: abs(grid[0] / grid[1] - height / width))
