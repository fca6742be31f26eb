"""Trimaps beside images: one value a pixel, in whatever kind of picture they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..image_utils import is_pil_image
from ..ops.arrays import to_numpy
from .label_maps import CHANNELS, flat_maps

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor


def read_trimaps(processor: BaseImageProcessor, trimaps: Any, images: Sequence[Any]) -> list[Any]:
    """Trimaps of any accepted kind, one for each image and of its size; grey pictures of several channels become one.

    Raises:
        ValueError: another number of trimaps than of images, one of another size than its image, or one in colours; it
            names the trimap.
    """
    flat = flat_maps(processor, trimaps, images)
    if len(flat) != len(images):
        raise ValueError(f"got {len(flat)} trimaps for {len(images)} images; pass one (H, W) map for each image")
    maps = [_one_channel(trimap, index) for index, trimap in enumerate(flat)]
    for index, (trimap, image) in enumerate(zip(maps, images, strict=True)):
        size = trimap.size[::-1] if is_pil_image(trimap) else tuple(trimap.shape)
        if size != tuple(image.shape[-2:]):
            sizes = ["x".join(map(str, shape)) for shape in (size, image.shape[-2:])]
            raise ValueError(
                f"trimap {index} is {sizes[0]} and image {index} is {sizes[1]} (height x width); a trimap has the size "
                "of its image"
            )
    return maps


def is_unit(trimap: Any) -> bool:
    """Whether this holds bits, or floats of 0..1: what is rescaled already."""
    if is_pil_image(trimap):
        return bool(trimap.mode == "1")
    values = to_numpy(trimap)
    return str(trimap.dtype).endswith("bool") or (values.dtype.kind == "f" and bool(values.max() <= 1))


def _one_channel(trimap: Any, index: int) -> Any:
    """A picture of several channels as an `(H, W)` array, others as they are; alpha is dropped."""
    if is_pil_image(trimap):
        if len(trimap.getbands()) == 1:
            return trimap
        pixels = np.asarray(trimap.convert("RGB"))
    elif len(trimap.shape) == 2:
        return trimap
    else:
        pixels = to_numpy(trimap)
        pixels = pixels if pixels.shape[-1] in CHANNELS else np.moveaxis(pixels, 0, -1)
    first, *others = (pixels[..., channel] for channel in range(min(pixels.shape[-1], 3)))
    if not all(np.array_equal(first, other) for other in others):
        raise ValueError(
            f"trimap {index} has colours; a trimap is one value a pixel, the same in all channels: 255 foreground, 0 "
            "background, 128 unknown"
        )
    return first
