# ruff: noqa - written as published code is, older spellings included
"""Free style: functions of its own, torch where it likes, hardly anything of the base class."""

from typing import List, Optional, Union

import numpy as np
import torch
import torchvision.transforms
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import convert_image_dtype

from transformers.feature_extraction_utils import BatchFeature
from transformers.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, ImageInput, is_valid_image
from transformers.processing_utils import ImagesKwargs
from transformers.image_processing_utils import BaseImageProcessor
from transformers.utils import logging

logger = logging.get_logger(__name__)


class MosaicImagesKwargs(ImagesKwargs, total=False):
    max_crops: Optional[int]
    overlap_margins: Optional[List[int]]


def normalize_image(image, mean, std):
    image -= np.array(mean, dtype=np.float32)[None, None, :]
    image /= np.array(std, dtype=np.float32)[None, None, :]
    return image


def resize_and_pad(image, size, fill=0.0):
    height, width = size
    scale = min(height / image.shape[0], width / image.shape[1])
    new = int(image.shape[0] * scale), int(image.shape[1] * scale)
    tensor = convert_image_dtype(torch.permute(torch.from_numpy(image), [2, 0, 1]))
    tensor = torchvision.transforms.Resize(new, InterpolationMode.BILINEAR, antialias=True)(tensor)
    resized = torch.permute(torch.clip(tensor, 0.0, 1.0), [1, 2, 0]).numpy()
    top, left = (height - new[0]) // 2, (width - new[1]) // 2
    around = [[top, height - new[0] - top], [left, width - new[1] - left]]
    mask = np.pad(np.ones_like(resized[:, :, 0], dtype=bool), around)
    resized = np.pad(resized, [*around, [0, 0]], constant_values=fill)
    return normalize_image(resized, OPENAI_CLIP_MEAN, OPENAI_CLIP_STD), mask


class MosaicImageProcessor(BaseImageProcessor):
    def __init__(
        self,
        max_crops: int = 12,
        overlap_margins: List[int] = (4, 4),
        base_image_input_size: List[int] = (336, 336),
        image_patch_size: int = 14,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.max_crops = max_crops
        self.overlap_margins = overlap_margins
        self.base_image_input_size = base_image_input_size
        self.image_patch_size = image_patch_size

    def preprocess(self, images: Union[ImageInput, List[ImageInput]], max_crops: Optional[int] = None, **kwargs):
        max_crops = max_crops or self.max_crops
        images = images if isinstance(images, list) else [images]
        if not all(is_valid_image(image) for image in images):
            raise ValueError("not an image")
        crops, masks = [], []
        for image in images:
            image = np.array(image.convert("RGB")) if hasattr(image, "convert") else image
            for number in range(max_crops):
                part = image[:, number * image.shape[1] // max_crops : (number + 1) * image.shape[1] // max_crops + 1]
                crop, mask = resize_and_pad(np.ascontiguousarray(part), self.base_image_input_size)
                crops.append(crop)
                masks.append(mask)
        logger.warning_once("mosaics are experimental")
        data = {"images": np.stack(crops), "image_masks": np.stack(masks)}
        return BatchFeature(data=data, tensor_type=kwargs.get("return_tensors"))
