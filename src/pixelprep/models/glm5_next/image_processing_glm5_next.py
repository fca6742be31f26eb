from __future__ import annotations

from ... import geometry
from ...image_processing_utils import pad_to
from ...utils import auto_docstring
from ..glm4v.image_processing_glm4v import Glm4v
from ..glmga.image_processing_glmga import GlmgaImageProcessorKwargs


class Glm5NextImageProcessorKwargs(GlmgaImageProcessorKwargs, total=False):
    """
    min_image_tokens (`int`):
        Least number of merged tokens of an image; smaller images are enlarged.
    max_image_tokens (`int`):
        Largest number of merged tokens of an image; larger images shrink.
    """

    min_image_tokens: int
    max_image_tokens: int


@auto_docstring
class Glm5Next(Glm4v):
    """GLM-5: GLM-4.1V's patches (arXiv:2507.01006) of an image on a black canvas with a bounded number of tokens.

    `size` has no effect; the image is at the top left.
    """

    valid_kwargs = Glm5NextImageProcessorKwargs

    size = {"longest_edge": 1}
    patch_expand_factor = 1
    min_image_tokens = 16
    max_image_tokens = 8000

    def resize(
        self,
        image,
        size,
        resample=None,
        patch_size=14,
        merge_size=2,
        patch_expand_factor=1,
        min_image_tokens=16,
        max_image_tokens=8000,
    ):
        factor = patch_size * merge_size * patch_expand_factor
        content, canvas = geometry.fit_tokens(*image.shape[-2:], factor, min_image_tokens, max_image_tokens)
        return pad_to(self.ops, self.ops.resize(image, *content, resample), *canvas)
