"""Pillow and NumPy: the portable fallback, and the pixels that older checkpoints were trained with.

Bit-identical to the reference's PIL classes at the same Pillow version: Pillow resizes (22-bit fixed point), rescaling
happens in double precision, normalisation in float32 after it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from PIL import Image as PILImage

from ..core.enums import ChannelDimension, PILImageResampling
from ..core.limits import check_target
from .arrays import ArrayOps, inverse_statistics, is_bfloat16, like_integers, nearest_color, per_channel, refuse_device
from .blurring import shrink_like_scipy
from .filters import Image
from .pillow_memory import image_of, in_place
from .protocol import Conventions

PIL = Conventions(
    odd_row_first=True,
    pillow_alpha=True,
    pillow_nearest=True,
    mask_types_swapped=True,
    double_ratios=True,
    one_by_one=True,
    keeps_bytes=True,
    float_patches=True,
    pillow_grey=True,
    sizes_after_crop=True,
    lists_unasked=True,
    double_grids=True,
    grey_last=True,
    double_prompts=True,
    rough_scores=True,
)


class PilOps(ArrayOps):
    """The verbs of `Ops` over `np.ndarray`, resized by Pillow."""

    name: ClassVar[str] = "pil"
    tensor_type: ClassVar[str] = "np"
    conventions: ClassVar[Conventions] = PIL
    # Against the oracle, which is torch's arithmetic: Pillow's weights have more bits, its nearest pixel and its
    # standard deviation follow other rules, and floats in 0..255 are resized as bytes.
    promise: ClassVar[dict[str, float]] = {
        **dict.fromkeys(("BILINEAR", "HAMMING", "BOX"), 1),
        **dict.fromkeys(("BICUBIC", "LANCZOS"), 2),
        "NEAREST": 255,
        "standardize": 1e-4,
        "Owlv2": 64,  # SciPy's filter and splines beside torch's: of noise a quarter of the range
        "resize_blurred": 0.01,  # of values in 0..1: a longer Gaussian, and each side by its own deviation
        "NemotronH_Omni_Reasoning_V3": 17,
    }

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Image:
        refuse_device(self.name, device)
        pixels = in_place(image)
        return super().from_image(image, data_format, device) if pixels is None else pixels

    def resize(
        self, images: Image, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> Image:
        if not antialias:
            return super().resize(images, height, width, resample, antialias)  # Pillow always smooths what shrinks
        return self._resize(images, height, width, resample, None)

    def thumbnail(self, images: Image, height: int, width: int, resample: PILImageResampling) -> Image:
        return self._resize(images, height, width, resample, 2.0)

    def _resize(self, images: Image, height: int, width: int, resample: PILImageResampling, gap: float | None) -> Image:
        """By Pillow; with a `gap`, shrunk by whole factors first to no less than so many times the size."""
        check_target(height, width, images.shape)
        if images.ndim > 3:
            return np.stack([self._resize(image, height, width, resample, gap) for image in images])
        picture = image_of(images)
        if picture is not None:
            return self.from_image(picture.resize((width, height), resample, reducing_gap=gap), None, None)
        # The reference sends floats in 0..1 through bytes (x * 255, truncated); other floats, which it refuses, and
        # wide integers are resized here in Pillow's own float mode, channel by channel.
        unit = images.dtype.kind == "f" and not _are_bytes(images) and images.min() >= 0 and images.max() <= 1
        if unit:
            pixels = (images.astype(np.float64) * 255).astype(np.float32).astype(np.uint8)
        elif _are_bytes(images):
            pixels = images.astype(np.uint8, copy=False)
        else:
            planes = np.stack([_resize_pil(plane.astype(np.float32), height, width, resample, gap) for plane in images])
            return planes.astype(images.dtype) if images.dtype.kind == "f" else like_integers(planes, images.dtype)
        resized = _resize_pil(pixels, height, width, resample, gap)
        return self.rescale(resized, 1 / 255) if unit else resized

    def resize_blurred(self, images: Image, height: int, width: int) -> Image:
        return shrink_like_scipy(images, height, width)

    def rescale(self, images: Image, scale: float) -> Image:
        if is_bfloat16(images):
            return super().rescale(images, scale)
        if images.dtype == np.uint8:
            return np.take(_scaled(scale), images, mode="clip")
        return (images.astype(np.float64) * scale).astype(np.float32)

    def normalize(self, images: Image, mean: Sequence[float], std: Sequence[float]) -> Image:
        if is_bfloat16(images):
            return super().normalize(images, mean, std)
        images = images if images.dtype.kind == "f" else images.astype(np.float32)
        return (images - per_channel(mean).astype(images.dtype)) / per_channel(std).astype(images.dtype)

    def rescale_and_normalize(self, images: Image, scale: float, mean: Sequence[float], std: Sequence[float]) -> Image:
        if images.dtype == np.uint8:
            out = np.empty(images.shape, dtype=np.float32)
            for channel, values in enumerate(_levels(scale, tuple(mean), tuple(std))):
                np.take(values, images[..., channel, :, :], out=out[..., channel, :, :], mode="clip")
            return out
        return self.normalize(self.rescale(images, scale), mean, std)

    def standardize(self, images: Image) -> Image:
        # As the reference's PIL classes: NumPy's mean of float32, and the deviation of the population.
        axes, images = (-3, -2, -1), images.astype(np.float32)
        std = np.maximum(images.std(axis=axes, keepdims=True), math.prod(images.shape[-3:]) ** -0.5)
        return (images - images.mean(axis=axes, keepdims=True)) / std

    def grayscale(self, images: Image) -> Image:
        if images.shape[-3] == 1 or (images == images[..., :1, :, :]).all():
            return images
        red, green, blue = (images[..., channel : channel + 1, :, :] for channel in range(3))
        grey = red * 0.2989 + green * 0.587 + blue * 0.114  # float64 of bytes, float32 of float32
        return np.broadcast_to(grey, images.shape)

    def nearest_color(self, images: Image, colors: Sequence[Sequence[float]]) -> Image:
        return nearest_color(images, np.asarray(colors, dtype=np.float64))

    def unnormalize(self, images: Image, scale: float, mean: Sequence[float], std: Sequence[float]) -> Image:
        return self.rescale(self.normalize(images, *inverse_statistics(mean, std)), scale)


@lru_cache(maxsize=64)
def _scaled(scale: float) -> Image:
    """The 256 values of a byte times `scale`; looked up for every pixel."""
    scaled: Image = (np.arange(256) * scale).astype(np.float32)
    return scaled


@lru_cache(maxsize=64)
def _levels(scale: float, mean: tuple[float, ...], std: tuple[float, ...]) -> Image:
    """What becomes of each of the 256 values of a byte, for each channel; looked up for every pixel."""
    verbs = PilOps()
    values = np.broadcast_to(np.arange(256, dtype=np.uint8), (len(mean), 1, 256))
    return verbs.normalize(verbs.rescale(values, scale), mean, std)[:, 0]


def _are_bytes(images: Image) -> bool:
    """Whether every value is an integer in 0..255."""
    if images.dtype in (np.uint8, np.bool_):
        return True
    return bool(
        images.min() >= 0 and images.max() <= 255 and (images.dtype.kind != "f" or (images == np.trunc(images)).all())
    )


def _resize_pil(image: Image, height: int, width: int, resample: PILImageResampling, gap: float | None) -> Image:
    """Resize `(C, H, W)` bytes, or an `(H, W)` float plane."""
    size = (width, height)
    if image.ndim == 2 or image.shape[0] == 1:
        picture = PILImage.fromarray(image.reshape(image.shape[-2:]))
        return np.asarray(picture.resize(size, resample, reducing_gap=gap)).reshape(*image.shape[:-2], height, width)
    if image.shape[0] not in (3, 4):
        return np.stack([_resize_pil(plane, height, width, resample, gap) for plane in image])
    picture = PILImage.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    return np.asarray(picture.resize(size, resample, reducing_gap=gap)).transpose(2, 0, 1)
