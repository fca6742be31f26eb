from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import mean_color, pad_to_square


class DeepseekVLImageProcessorKwargs(ImagesKwargs, total=False):
    """
    min_size (`int`):
        Least length in pixels of a side after resizing.
    """

    min_size: int


@auto_docstring
class DeepseekVL(BaseImageProcessor):
    """DeepSeek-VL (arXiv:2403.05525): longer side resized to `size`, then padded to a square of the mean colour.

    The colour is that of the instance's `image_mean`, as after loading a published file; a `background_color` in the
    file changes nothing.
    """

    valid_kwargs = DeepseekVLImageProcessorKwargs
    pipeline = ("resize", "pad", "rescale_and_normalize")

    do_resize = True
    size = {"height": 384, "width": 384}
    min_size = 14
    resample = PILImageResampling.BICUBIC
    do_pad = True
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD

    @property
    def background_color(self):
        """Colour of the padding, 0..255 for each channel."""
        return mean_color(self.image_mean)

    def resize(self, image, size, resample, min_size):
        if size.height is None or size.height != size.width:
            raise ValueError(f"{type(self).__name__} resizes to a square `height` and `width`, not to {size}")
        height, width = geometry.longest_edge_rounded(*image.shape[-2:], size.height)
        return super().resize(image, SizeDict(max(height, min_size), max(width, min_size)), resample)

    def pad(self, images):
        color = self.padding_color()
        return map_images(lambda image: pad_to_square(self.ops, image, color), images)

    def padding_color(self):
        """Colour of the padding: the instance's, whatever mean a call gives."""
        return self.background_color
