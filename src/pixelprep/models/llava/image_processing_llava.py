from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...utils import auto_docstring


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
        return map_images(lambda image: self.pad_to_square(image, mean_colour(image_mean)), images)

    def pad_to_square(self, image, background_color=0):
        """The image in the middle of a square; an odd row or column of padding comes below or to the right."""
        channels = image.shape[-3]
        if isinstance(background_color, (list, tuple)) and len(background_color) != channels:
            raise ValueError(
                f"the image has {channels} channel{'s' * (channels > 1)} and the colour of its padding "
                f"{len(background_color)}; pass do_convert_rgb=True, or a colour of as many channels"
            )
        padding = geometry.square_padding(*image.shape[-2:])
        return self.ops.pad(image, *padding, background_color) if any(padding) else image


def mean_colour(image_mean):
    """`image_mean` as a pixel value of 0..255, truncated; middle grey where there is no mean."""
    if isinstance(image_mean, tuple):
        return [int(mean * 255) for mean in image_mean]
    return 127 if image_mean is None else int(image_mean * 255)
