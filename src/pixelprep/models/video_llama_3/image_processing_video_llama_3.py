from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


@auto_docstring
class VideoLlama3(Qwen2VL):
    """VideoLLaMA 3 (arXiv:2501.13106): as Qwen2-VL, with `merge_size` of each image in `image_merge_sizes`."""

    model_input_names = ["pixel_values", "image_grid_thw", "image_merge_sizes"]

    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    temporal_patch_size = 1
    merge_size = 1

    def grid_outputs(self, grids, options):
        merge_sizes = self.ops.integers([options.merge_size] * len(grids))
        return {**super().grid_outputs(grids, options), "image_merge_sizes": merge_sizes}
