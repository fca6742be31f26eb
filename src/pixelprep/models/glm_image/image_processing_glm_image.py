from __future__ import annotations

import math

from ... import geometry
from ...utils import auto_docstring
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


@auto_docstring
class GlmImage(Qwen2VL):
    """GLM-Image: patches as Qwen2-VL (arXiv:2409.12191) of images at half size, whose edges `size` bounds.

    The bounds are the square roots of the pixel counts in `size`. Images with a side below `patch_size * merge_size`
    or one side more than four times the other are refused.
    """

    model_input_names = ["pixel_values", "image_grid_thw", "images_per_sample"]

    def target_size(self, height, width, size, factor, frames, depth):
        return smart_resize(height, width, factor, size.shortest_edge, size.longest_edge)


def smart_resize(
    height: int, width: int, factor: int = 16, min_pixels: int = 512 * 512, max_pixels: int = 2048 * 2048
) -> geometry.Size:
    """Multiples of `factor` for half the image, its edges bounded by the roots of two areas (GLM-Image).

    Raises:
        ValueError: a side is shorter than `factor`, or more than 4 times the other.
    """
    if min(height, width) < factor:
        raise ValueError(f"an image of {height}x{width} is too small: both sides must have at least {factor} pixels")
    geometry.refuse_elongated(height, width, 4)
    shortest, longest = round(math.sqrt(min_pixels)), round(math.sqrt(max_pixels))
    scale = max(1.0, shortest / min(height, width))
    if max(height, width) * scale > longest:
        scale = longest / max(height, width)
    rows, columns = (max(1, round(side // 2 * scale / factor)) for side in (height, width))
    if max(rows, columns) * factor > longest:
        shrink = max(rows, columns) * factor / longest
        rows, columns = (max(1, math.floor(count * factor / shrink / factor)) for count in (rows, columns))
    return rows * factor, columns * factor
