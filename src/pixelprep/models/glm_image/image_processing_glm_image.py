from __future__ import annotations

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

    def target_size(self, height, width, size, factor, frames):
        return geometry.smart_resize_by_edges(height, width, factor, size.shortest_edge, size.longest_edge)
