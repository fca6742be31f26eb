from __future__ import annotations

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
    merge_order = False
    patch_vector = "tchw"

    size = None
    resample = PILImageResampling.LANCZOS
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_image_tokens = 4096

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**{**kwargs, "do_resize": False})

    def resize(self, image, size, resample=None, patch_size=14, merge_size=2, max_image_tokens=4096):
        factor = patch_size * merge_size
        rows, columns = geometry.closest_grid(*image.shape[-2:], factor, max_image_tokens)
        return self.ops.resize(image, rows * factor, columns * factor, resample)
