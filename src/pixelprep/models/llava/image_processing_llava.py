from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...utils import auto_docstring
from .._tiles import mean_color, pad_to_square


@auto_docstring
class Llava(BaseImageProcessor):
    """LLaVA (arXiv:2304.08485): shortest edge and centre crop; `do_pad` pads to a square of the mean colour first."""

    pipeline = ("pad", "resize", "center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_pad = False
    do_resize = True
    size = {"shortest_edge": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD

    def pad(self, images, image_mean):
        return map_images(lambda image: pad_to_square(self.ops, image, mean_color(image_mean)), images)
