from __future__ import annotations

import math

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import PositiveInt, height_and_width


class PPOCRV5ServerRecImageProcessorKwargs(ImagesKwargs, total=False):
    """
    max_image_width (`int`):
        Widest that a line of text becomes, in pixels.
    character_list (`list[str]`):
        What each class of the model means, the first one nothing.
    """

    max_image_width: PositiveInt
    character_list: tuple[str, ...] | str


@auto_docstring
class PPOCRV5ServerRec(BaseImageProcessor):
    """PP-OCRv5 text recognition (arXiv:2507.05595): lines of text of one height, all as wide as the widest needs.

    Lines are resized in floats. A batch narrower than `pad_size` is padded to it at the right, with zeros after
    normalising.
    """

    valid_kwargs = PPOCRV5ServerRecImageProcessorKwargs
    pipeline = ("resize", "center_crop", "rescale_and_normalize", "pad")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 48, "width": 320}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    pad_size = {"height": 48, "width": 320}
    max_image_width = 3200
    character_list = ()

    def target_size(self, sizes, size, max_image_width):
        """The size to resize all lines to, from their `(height, width)`: the widest line decides."""
        height, width = max(sizes, key=lambda size: size[1])
        least_height, least_width = height_and_width(size, self)
        target = int(least_height * max(width / height, least_width / least_height))
        if target > max_image_width:
            return least_height, max_image_width
        return least_height, max(min(target, math.ceil(least_height * (width / height))), 1)

    def resize(self, image, size, resample):
        return self.ops.resize_float(image, *height_and_width(size, self), resample)

    def _preprocess(self, images, options):
        target = self.target_size([image.shape[-2:] for image in images], options.size, options.max_image_width)
        narrow = options.do_pad and (
            options.pad_size is None or target[1] < height_and_width(options.pad_size, self)[1]
        )
        size = SizeDict(height=target[0], width=target[1])
        return super()._preprocess(images, options.replace(size=size, do_pad=narrow))

    def post_process_text_recognition(self, predictions):
        """The text of each line and its score; see `postprocess.text_recognition`."""
        from ...postprocess import text_recognition

        return text_recognition(predictions, self.character_list)
