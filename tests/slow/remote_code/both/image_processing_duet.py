# ruff: noqa - written as published code is, older spellings included
"""Today's style, one class for each backend: class attributes and one step of its own."""

from transformers.image_processing_backends import TorchvisionBackend
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling, SizeDict
from transformers.processing_utils import ImagesKwargs, Unpack
from transformers.utils import auto_docstring


class DuetImageProcessorKwargs(ImagesKwargs, total=False):
    r"""
    border (`int`, *optional*):
        Pixels at each edge that are made black after the crop.
    """

    border: int


@auto_docstring
class DuetImageProcessor(TorchvisionBackend):
    resample = PILImageResampling.BILINEAR
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    size = {"shortest_edge": 256}
    crop_size = {"height": 224, "width": 224}
    default_to_square = False
    do_resize = True
    do_center_crop = True
    do_rescale = True
    do_normalize = True
    border = 0
    valid_kwargs = DuetImageProcessorKwargs

    def __init__(self, **kwargs: Unpack[DuetImageProcessorKwargs]):
        super().__init__(**kwargs)

    def center_crop(self, image, size: SizeDict, **kwargs):
        image = super().center_crop(image, size, **kwargs).clone()
        image[..., : self.border, :] = 0
        return image
