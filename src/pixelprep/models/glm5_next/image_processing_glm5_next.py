from __future__ import annotations

import math

from ...geometry import Size, multiple_of
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
    bounds_pixels = False

    size = {"longest_edge": 1}
    patch_expand_factor = 1
    min_image_tokens = 16
    max_image_tokens = 8000

    def resize(
        self,
        image,
        size,
        resample,
        patch_size,
        temporal_patch_size,
        merge_size,
        patch_expand_factor,
        min_image_tokens,
        max_image_tokens,
    ):
        factor = patch_size * merge_size * patch_expand_factor
        groups = self.frames_of(image, temporal_patch_size) / temporal_patch_size
        content, canvas = fit_tokens(*image.shape[-2:], factor, min_image_tokens, max_image_tokens, groups)
        return pad_to(self.ops, self.ops.resize(image, *content, resample), *canvas)


def smart_resize(
    num_frames: int,
    height: int,
    width: int,
    temporal_factor: int = 2,
    factor: int = 28,
    min_pixels: int = 16,
    max_pixels: int = 8000,
) -> Size:
    """The canvas of a clip, whose bounds are numbers of tokens: for whoever imports it from the reference's module."""
    return fit_tokens(height, width, factor, min_pixels, max_pixels, num_frames / temporal_factor)[1]


def fit_tokens(
    height: int, width: int, factor: int, min_tokens: int, max_tokens: int, frames: float = 1
) -> tuple[Size, Size]:
    """The image's size on a canvas of at most `max_tokens` squares of `factor`, and the canvas (GLM-5).

    Images grow only to reach `min_tokens`. The canvas of a large image is that of the largest height, down to one
    pixel, at which it fits. `frames`, in tokens of time, share the tokens that are allowed.

    Raises:
        ValueError: no token is allowed.
    """
    layers = max(1, round(frames))
    if max_tokens < layers:
        raise ValueError(f"an image needs at least one token, and {max_tokens} are allowed for {layers}")
    small = frames * height * width < min_tokens * factor**2
    canvas = multiple_of(height, factor), multiple_of(width, factor)
    if math.prod(canvas) * layers < min_tokens * factor**2:
        grow = math.sqrt(min_tokens * factor**2 / (frames * height * width))
        canvas = (
            multiple_of(math.ceil(height * grow), factor),
            multiple_of(math.ceil(width * grow), factor),
        )
    if math.prod(canvas) * layers > max_tokens * factor**2:
        canvas, low, high = (factor, factor), 1, height
        while low <= high:
            content = (low + high) // 2
            tried = (
                multiple_of(content, factor),
                multiple_of(max(1, math.floor(width * content / height)), factor),
            )
            if math.prod(tried) * layers <= max_tokens * factor**2:
                canvas, low = tried, content + 1
            else:
                high = content - 1
    scale = min(canvas[0] / height, canvas[1] / width)
    scale = scale if small else min(1.0, scale)
    content_height, content_width = (
        max(1, min(edge, math.floor(side * scale))) for side, edge in zip((height, width), canvas, strict=True)
    )
    return (content_height, content_width), canvas
