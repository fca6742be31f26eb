# ruff: noqa - written as published code is, older spellings included
"""The torchvision style of the time when it was called fast: `interpolation`, groups by shape, tiles."""

from typing import List, Optional, Union

import torch
from torchvision.transforms.v2 import functional as F

from transformers.image_processing_utils import BatchFeature
from transformers.image_processing_utils_fast import (
    BaseImageProcessorFast,
    group_images_by_shape,
    reorder_images,
)
from transformers.image_utils import (
    IMAGENET_STANDARD_MEAN,
    IMAGENET_STANDARD_STD,
    ImageInput,
    PILImageResampling,
    SizeDict,
)
from transformers.processing_utils import ImagesKwargs, Unpack
from transformers.utils import TensorType, auto_docstring

from .tiles_falcon import cut


class FalconFastImageProcessorKwargs(ImagesKwargs, total=False):
    """
    tile (`int`):
        Side of a tile in pixels.
    """

    tile: Optional[int]


@auto_docstring
class FalconImageProcessorFast(BaseImageProcessorFast):
    resample = PILImageResampling.BICUBIC
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    size = {"height": 448, "width": 448}
    do_resize = True
    do_rescale = True
    do_normalize = True
    do_convert_rgb = True
    tile = 14
    valid_kwargs = FalconFastImageProcessorKwargs
    model_input_names = ["pixel_values", "num_tiles"]

    def __init__(self, **kwargs: Unpack[FalconFastImageProcessorKwargs]):
        super().__init__(**kwargs)

    @auto_docstring
    def preprocess(self, images: ImageInput, **kwargs: Unpack[FalconFastImageProcessorKwargs]) -> BatchFeature:
        return super().preprocess(images, **kwargs)

    def _preprocess(
        self,
        images: List["torch.Tensor"],
        do_resize: bool,
        size: SizeDict,
        resample: Optional["F.InterpolationMode"],
        tile: int,
        do_rescale: bool,
        rescale_factor: float,
        do_normalize: bool,
        image_mean: Optional[Union[float, List[float]]],
        image_std: Optional[Union[float, List[float]]],
        disable_grouping: Optional[bool],
        return_tensors: Optional[Union[str, TensorType]],
        **kwargs,
    ) -> BatchFeature:
        grouped_images, grouped_images_index = group_images_by_shape(images, disable_grouping=disable_grouping)
        resized = {}
        for shape, stacked in grouped_images.items():
            if do_resize:
                stacked = self.resize(image=stacked, size=size, resample=resample)
            resized[shape] = stacked
        images = reorder_images(resized, grouped_images_index)
        tiles = [cut(image, tile) for image in images]
        flat = [part for parts in tiles for part in parts]
        grouped_images, grouped_images_index = group_images_by_shape(flat, disable_grouping=disable_grouping)
        processed = {
            shape: self.rescale_and_normalize(stacked, do_rescale, rescale_factor, do_normalize, image_mean, image_std)
            for shape, stacked in grouped_images.items()
        }
        flat = reorder_images(processed, grouped_images_index)
        flat = torch.stack(flat, dim=0) if return_tensors else flat
        return BatchFeature(
            data={"pixel_values": flat, "num_tiles": [len(parts) for parts in tiles]}, tensor_type=return_tensors
        )
