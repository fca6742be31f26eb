# ruff: noqa - written as published code is, older spellings included
"""Slices of large images, outputs of a class of its own, and a registration at the end."""

import math
from typing import Any, Dict, List, Optional, Union

import numpy as np
import PIL.Image
from PIL import Image

import transformers
from transformers import AutoImageProcessor
from transformers.image_processing_utils import BaseImageProcessor, BatchFeature
from transformers.image_transforms import to_channel_dimension_format
from transformers.image_utils import ChannelDimension, infer_channel_dimension_format, to_numpy_array
from transformers.utils import TensorType, is_torch_device, is_torch_dtype, requires_backends


def recursive(converter, value):
    return [recursive(converter, v) for v in value] if isinstance(value, list) else converter(value)


class SlicesBatchFeature(BatchFeature):
    """Every slice becomes a tensor; slices of one image stay in a list."""

    def __init__(self, data: Optional[Dict[str, Any]] = None, tensor_type: Union[None, str, TensorType] = None):
        super().__init__(data)
        self.convert_to_tensors(tensor_type=tensor_type)

    def convert_to_tensors(self, tensor_type: Optional[Union[str, TensorType]] = None):
        if tensor_type is None:
            return self
        is_tensor, as_tensor = self._get_is_as_tensor_fns(tensor_type)
        for key, value in self.items():
            self[key] = recursive(lambda v: v if is_tensor(v) else as_tensor(v), value)
        return self

    def to(self, *args, **kwargs) -> "SlicesBatchFeature":
        requires_backends(self, ["torch"])
        if args and not (is_torch_dtype(args[0]) or isinstance(args[0], str) or is_torch_device(args[0])):
            raise ValueError(f"Attempting to move to {args[0]!r}.")
        self.data = {k: recursive(lambda v: v.to(*args, **kwargs), v) for k, v in self.items()}
        return self


class SlicesImageProcessor(BaseImageProcessor):
    model_input_names = ["pixel_values", "image_sizes"]

    def __init__(self, max_slice_nums=9, scale_resolution=448, patch_size=14, **kwargs):
        super().__init__(**kwargs)
        self.max_slice_nums = max_slice_nums
        self.scale_resolution = scale_resolution
        self.patch_size = patch_size
        self.mean = np.array(kwargs.pop("norm_mean", [0.5, 0.5, 0.5]))
        self.std = np.array(kwargs.pop("norm_std", [0.5, 0.5, 0.5]))
        self.slice_mode = kwargs.pop("slice_mode", True)

    def ensure_divide(self, length):
        return max(round(length / self.patch_size) * self.patch_size, self.patch_size)

    def slices(self, image: PIL.Image.Image) -> List[PIL.Image.Image]:
        width, height = image.size
        multiple = min(math.ceil(width * height / self.scale_resolution**2), self.max_slice_nums)
        scale = self.scale_resolution / math.sqrt(width * height)
        small = (self.ensure_divide(width * scale), self.ensure_divide(height * scale))
        parts = [image.resize(small, Image.Resampling.BICUBIC)]
        if self.slice_mode and multiple > 1:
            side = self.ensure_divide(width / multiple)
            wide = image.resize((side * multiple, self.ensure_divide(height)), Image.Resampling.BICUBIC)
            parts += [wide.crop((i * side, 0, (i + 1) * side, wide.size[1])) for i in range(multiple)]
        return parts

    def preprocess(
        self,
        images: Union[Image.Image, List[Image.Image], List[List[Image.Image]]],
        return_tensors: Optional[Union[str, TensorType]] = None,
        **kwargs,
    ) -> SlicesBatchFeature:
        if isinstance(images, Image.Image):
            images_list = [[images]]
        elif isinstance(images[0], Image.Image):
            images_list = [images]
        else:
            images_list = images
        all_values, all_sizes = [], []
        for sample in images_list:
            values, sizes = [], []
            for image in sample:
                for part in self.slices(image.convert("RGB")):
                    array = to_numpy_array(part).astype(np.float32) / 255
                    layout = infer_channel_dimension_format(array)
                    array = self.normalize(image=array, mean=self.mean, std=self.std, input_data_format=layout)
                    values.append(to_channel_dimension_format(array, ChannelDimension.FIRST, layout))
                    sizes.append(np.array(part.size[::-1]))
            all_values.append(values)
            all_sizes.append(sizes)
        return SlicesBatchFeature(
            data={"pixel_values": all_values, "image_sizes": all_sizes}, tensor_type=return_tensors
        )


assert transformers.image_utils.ChannelDimension is ChannelDimension
AutoImageProcessor.register("SlicesImageProcessor", SlicesImageProcessor)
