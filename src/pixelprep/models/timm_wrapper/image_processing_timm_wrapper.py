from __future__ import annotations

import math
from typing import Any, Literal

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import height_and_width

# What timm takes where a published configuration is silent.
SILENT: dict[str, Any] = {
    "input_size": (3, 224, 224),
    "interpolation": "bicubic",
    "mean": IMAGENET_DEFAULT_MEAN,
    "std": IMAGENET_DEFAULT_STD,
    "crop_pct": 0.875,
    "crop_mode": "center",
}


class TimmWrapperImageProcessorKwargs(ImagesKwargs, total=False):
    """
    pretrained_cfg (`dict`):
        The configuration that timm publishes with its weights; `input_size`, `interpolation`, `mean`, `std`, `crop_pct`
        and `crop_mode` of it are read, where the options that they mean are not set themselves.
    architecture (`str`):
        Name of the model in timm; kept.
    crop_pct (`float`):
        Which part of the resized image's side the crop takes.
    crop_mode (`str`):
        `"center"` resizes the shorter side, `"squash"` both, `"border"` the longer side, with a border around it.
    """

    pretrained_cfg: dict[str, Any] | None
    architecture: str | None
    crop_pct: float | None
    crop_mode: Literal["center", "squash", "border"] | None


@auto_docstring
class TimmWrapper(BaseImageProcessor):
    """Any image model of timm (https://github.com/huggingface/pytorch-image-models): its transform for evaluation.

    Images are resized so that a crop of `crop_size` takes `crop_pct` of them, or to `size` if that is set. Bytes are
    divided by 255, as torchvision's `ToTensor` does. timm itself is not needed.
    """

    valid_kwargs = TimmWrapperImageProcessorKwargs
    needs = {"do_resize": ("resample",)}
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    do_center_crop = True
    do_rescale = True
    do_normalize = True

    def _standardize_kwargs(self, **kwargs):
        published = {name: value for name, value in (kwargs["pretrained_cfg"] or {}).items() if value is not None}
        config = {**SILENT, **published}
        _, height, width = config["input_size"]
        channels = len(config["mean"])
        meant = {
            "crop_size": SizeDict(height=height, width=width),
            "resample": PILImageResampling.parse(str(config["interpolation"]).upper()),
            "image_mean": tuple(config["mean"]) * (3 if channels == 1 else 1),
            "image_std": tuple(config["std"]) * (3 if len(config["std"]) == 1 else 1),
            "crop_pct": float(config["crop_pct"]) or SILENT["crop_pct"],
            "crop_mode": config["crop_mode"],
        }
        return {**kwargs, **{name: value for name, value in meant.items() if kwargs[name] is None}}

    def resize(self, image, size, resample, crop_size, crop_pct, crop_mode):
        if size is not None:
            return super().resize(image, size, resample)
        crop = height_and_width(crop_size, self)
        wanted = math.floor(crop[0] / crop_pct), math.floor(crop[1] / crop_pct)
        height, width = image.shape[-2:]
        if crop_mode == "squash":
            target = wanted
        elif crop_mode == "center" and wanted[0] == wanted[1]:
            target = geometry.shortest_edge(height, width, wanted[0])
        else:
            ratios = height / wanted[0], width / wanted[1]
            ratio = max(ratios) if crop_mode == "border" else min(ratios)
            target = round(height / ratio), round(width / ratio)
        return self.ops.resize(image, *(max(side, 1) for side in target), resample)

    def center_crop(self, image, crop_size, crop_mode, image_mean):
        height, width = height_and_width(crop_size, self)
        fill = [round(255 * value) for value in image_mean] if crop_mode == "border" else 0
        lacking = [max(want - side, 0) for want, side in zip((height, width), image.shape[-2:], strict=True)]
        if any(lacking):
            image = self.ops.pad(image, *geometry.split_padding(lacking[0]), *geometry.split_padding(lacking[1]), fill)
        top, left = (round((side - want) / 2) for side, want in zip(image.shape[-2:], (height, width), strict=True))
        return self.ops.crop(image, top, left, height, width)

    def rescale_and_normalize(self, images, do_rescale, rescale_factor, do_normalize, image_mean, image_std):
        if do_rescale:
            images = self.normalize(images, 0, 1 / rescale_factor)
        return self.normalize(images, image_mean, image_std) if do_normalize else images
