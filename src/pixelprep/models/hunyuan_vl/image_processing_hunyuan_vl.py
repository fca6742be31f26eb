from __future__ import annotations

from ...image_utils import PILImageResampling
from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


@auto_docstring
class HunYuanVL(Qwen2VL):
    """HunyuanOCR (arXiv:2511.19575): as Qwen2-VL, but patches row by row, and always resized by BICUBIC.

    Published files name another filter in `resample`, which the model was not trained with; it is ignored.
    """

    merge_order = False

    size = {"shortest_edge": 512 * 512, "longest_edge": 2048 * 2048}
    patch_size = 16
    temporal_patch_size = 1
    spatial_patch_size = 1

    def resize(self, image, size, resample, patch_size, temporal_patch_size, merge_size):
        return super().resize(image, size, PILImageResampling.BICUBIC, patch_size, temporal_patch_size, merge_size)

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Rows and columns of patches of an image of `height x width`; `images_kwargs` replace options as in a call."""
        return tuple(self.counted(height, width, images_kwargs)["image_grid_thw"].values[0][1:])
