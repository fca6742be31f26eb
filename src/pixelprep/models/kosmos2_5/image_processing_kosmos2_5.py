from __future__ import annotations

from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from ..pix2struct.image_processing_pix2struct import Pix2Struct


class Kosmos2_5ImageProcessorKwargs(ImagesKwargs, total=False):  # noqa: N801
    """
    patch_size (`int` or `dict[str, int]`):
        Height and width of a patch in pixels.
    max_patches (`int`):
        Largest number of patches of an image; every image is padded to it.
    """

    patch_size: SizeDict
    max_patches: int


@auto_docstring
class Kosmos2_5(Pix2Struct):  # noqa: N801
    """KOSMOS-2.5 (arXiv:2309.11419): as Pix2Struct, with more patches and the sizes of the resized images.

    `width` and `height` are in pixels, `rows` and `cols` in patches, one of each for an image.
    """

    valid_kwargs = Kosmos2_5ImageProcessorKwargs
    model_input_names = ["pixel_values"]
    further_outputs = ("flattened_patches", "attention_mask", "rows", "cols", "height", "width")

    max_patches = 4096

    def grid_outputs(self, grids, patch):
        return {
            "width": [columns * patch[1] for _, columns in grids],
            "height": [rows * patch[0] for rows, _ in grids],
            "rows": [rows for rows, _ in grids],
            "cols": [columns for _, columns in grids],
        }
