"""MLX arrays: Apple silicon, and Linux through `mlx[cpu]`. What a backend from outside looks like: this one file.

Resizing multiplies by two matrices of filter weights in float32 and rounds to bytes after each, so a pixel may come out
one level away from the integer kernels for bilinear and two for bicubic and Lanczos.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import mlx.core as mx
import numpy as np

from ..core.enums import ChannelDimension, PILImageResampling
from ..core.limits import check_target
from ..geometry import copies_axis, patch_axes, patch_shape
from ..image_utils import channel_layout, is_pil_image
from .arrays import refuse_device, to_numpy
from .blurring import blur_of, gaussian_kernel
from .filters import blend_fixed, filter_weights, fixed_weights, nearest_exact
from .interpolation import aligned_matrix, aligned_mode, sample
from .nesting import first_leaf, nested_shape
from .protocol import Conventions
from .sampling import sample_grid


class MlxOps:
    """The verbs of `Ops` over `mlx.core.array`."""

    name: ClassVar[str] = "mlx"
    tensor_type: ClassVar[str] = "mlx"
    conventions: ClassVar[Conventions] = Conventions()
    promise: ClassVar[dict[str, float]] = {"BILINEAR": 1, "HAMMING": 1, "BOX": 1, "BICUBIC": 2, "LANCZOS": 2}

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> mx.array:
        refuse_device(self.name, device)
        # Memory that runs backwards is copied: MLX takes none.
        array = image if isinstance(image, mx.array) else mx.array(np.ascontiguousarray(to_numpy(image)))
        if array.ndim == 2:
            return array[None]
        if is_pil_image(image) or (data_format or channel_layout(array)) is ChannelDimension.LAST:
            return array.transpose(2, 0, 1)
        return array

    def resize(
        self, images: mx.array, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> mx.array:
        check_target(height, width, images.shape)
        rows, columns = images.shape[-2:]
        if resample is PILImageResampling.NEAREST:
            images = images[..., mx.array(nearest_exact(rows, height)), :]
            return images[..., mx.array(nearest_exact(columns, width))]
        if columns != width:
            images = _like(images.astype(mx.float32) @ _weights(columns, width, resample, antialias).T, images)
        if rows != height:
            images = _like(_weights(rows, height, resample, antialias) @ images.astype(mx.float32), images)
        return images

    def resize_float(
        self,
        images: mx.array,
        height: int,
        width: int,
        resample: PILImageResampling,
        antialias: bool = True,
        align_corners: bool = False,
    ) -> mx.array:
        check_target(height, width, images.shape)
        images = images.astype(mx.float32)
        if not align_corners:
            return self.resize(images, height, width, resample, antialias)
        cubic = aligned_mode(self.name, resample) == "bicubic"
        down, across = (
            mx.array(aligned_matrix(length, size, cubic))
            for length, size in zip(images.shape[-2:], (height, width), strict=True)
        )
        return down @ (images @ across.T)

    def sample(
        self, images: mx.array, rows: tuple[float, float], columns: tuple[float, float], height: int, width: int
    ) -> mx.array:
        # By NumPy: double precision is not to be had on Apple's GPUs.
        return mx.array(sample(np.array(images), rows, columns, height, width))

    def resize_blurred(self, images: mx.array, height: int, width: int) -> mx.array:
        rows, columns = images.shape[-2:]
        found = blur_of(rows, columns, height, width)
        if found is None:
            return self.resize(images, height, width, PILImageResampling.BILINEAR, antialias=False)
        across, down = (
            _blurred(*sides, *kernel)
            for sides, kernel in zip(((columns, width), (rows, height)), zip(*found, strict=True), strict=True)
        )
        return _like(down @ images.astype(mx.float32) @ across.T, images)

    def thumbnail(self, images: mx.array, height: int, width: int, resample: PILImageResampling) -> mx.array:
        return self.resize(images, height, width, resample)

    def crop(self, images: mx.array, top: int, left: int, height: int, width: int) -> mx.array:
        return images[..., top : top + height, left : left + width]

    def pad(
        self, images: mx.array, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> mx.array:
        *lead, height, width = images.shape
        check_target(top + height + bottom, left + width + right, images.shape)
        values = mx.array(list(fill)).reshape(-1, 1, 1) if isinstance(fill, Sequence) else mx.array(fill)
        padded = mx.broadcast_to(values.astype(images.dtype), (*lead, top + height + bottom, left + width + right))
        padded = mx.array(padded)
        padded[..., top : top + height, left : left + width] = images
        return padded

    def extend(self, images: mx.array, top: int, bottom: int, left: int, right: int, mode: str) -> mx.array:
        check_target(top + images.shape[-2] + bottom, left + images.shape[-1] + right, images.shape)
        ends = (((top, bottom), -2), ((left, right), -1))
        rows, columns = (mx.array(np.pad(np.arange(images.shape[axis]), pads, mode=mode)) for pads, axis in ends)  # type: ignore[call-overload]
        return images[..., rows, :][..., columns]

    def rescale(self, images: mx.array, scale: float) -> mx.array:
        scaled = images.astype(mx.float32) * scale
        return scaled.astype(images.dtype) if images.dtype == mx.bfloat16 else scaled

    def normalize(self, images: mx.array, mean: Sequence[float], std: Sequence[float]) -> mx.array:
        dtype = mx.bfloat16 if images.dtype == mx.bfloat16 else mx.float32
        return (images.astype(dtype) - _per_channel(mean).astype(dtype)) / _per_channel(std).astype(dtype)

    def rescale_and_normalize(
        self, images: mx.array, scale: float, mean: Sequence[float], std: Sequence[float]
    ) -> mx.array:
        factor = 1.0 / scale
        return (images.astype(mx.float32) - _per_channel(mean) * factor) / (_per_channel(std) * factor)

    def unnormalize(self, images: mx.array, scale: float, mean: Sequence[float], std: Sequence[float]) -> mx.array:
        return (images.astype(mx.float32) * _per_channel(std) + _per_channel(mean)) * scale

    def standardize(self, images: mx.array) -> mx.array:
        images = images.astype(mx.float32)
        axes = (-3, -2, -1)
        std = mx.maximum(images.std(axis=axes, keepdims=True, ddof=1), 1 / math.sqrt(math.prod(images.shape[-3:])))
        return (images - images.mean(axis=axes, keepdims=True)) / std

    def grayscale(self, images: mx.array) -> mx.array:
        if images.shape[-3] == 1:
            return images
        red, green, blue = (images[..., channel : channel + 1, :, :].astype(mx.float32) for channel in range(3))
        grey = (red * 0.2989 + green * 0.587 + blue * 0.114).astype(images.dtype)
        same = (images == images[..., :1, :, :]).all(axis=(-3, -2, -1), keepdims=True)
        return mx.where(same, images, grey)

    def nearest_color(self, images: mx.array, colors: Sequence[Sequence[float]]) -> mx.array:
        palette = mx.array([list(color) for color in colors], dtype=mx.float32).T
        pixels = mx.moveaxis(images.astype(mx.float32), -3, -1)
        flat = pixels.reshape(-1, pixels.shape[-1])
        distances = mx.square(flat).sum(axis=1, keepdims=True) - 2 * (flat @ palette) + mx.square(palette).sum(axis=0)
        return distances.argmin(axis=1).astype(mx.int64).reshape(pixels.shape[:-1])

    def flip_channels(self, images: mx.array) -> mx.array:
        return images[..., ::-1, :, :]

    def cast(self, images: mx.array, dtype: str) -> mx.array:
        return (mx.clip(images, 0, 255) if dtype == "uint8" else images).astype(getattr(mx, dtype))

    def clip(self, images: mx.array, lowest: float, highest: float) -> mx.array:
        floats = mx.issubdtype(images.dtype, mx.floating)
        return mx.clip(images if floats else images.astype(mx.float32), lowest, highest)

    def round(self, images: mx.array) -> mx.array:
        return mx.round(images if mx.issubdtype(images.dtype, mx.floating) else images.astype(mx.float32))

    def resize_fixed(self, images: mx.array, height: int, width: int) -> mx.array:
        tables = [fixed_weights(*lengths) for lengths in ((images.shape[-2], height), (images.shape[-1], width))]
        rows, columns = ([mx.array(part) for part in table] for table in tables)
        pixels = mx.clip(images, 0, 255).astype(mx.uint8).astype(mx.int32)
        return blend_fixed(pixels, rows, columns).astype(images.dtype)

    def sample_grid(self, images: mx.array, rows: Sequence[float], columns: Sequence[float], cubic: bool) -> mx.array:
        return mx.array(sample_grid(np.array(images.astype(mx.float32)), rows, columns, cubic))

    def exp(self, images: mx.array) -> mx.array:
        return mx.exp(images.astype(mx.float32))

    def rearrange(self, images: mx.array, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> mx.array:
        return images.reshape(*split).transpose(*order).reshape(*shape)

    def patchify(self, images: mx.array, patch: int, merge: int = 1, copies: int = 1, vector: str = "cthw") -> mx.array:
        *batch, channels, height, width = images.shape
        split, order = patch_axes(channels, height, width, patch, merge, vector)
        lead = len(batch)
        patches = images.reshape(*batch, *split).transpose(*range(lead), *(axis + lead for axis in order))
        if copies > 1:
            patches = mx.repeat(patches, copies, axis=lead + copies_axis(vector))
        return patches.reshape(*batch, *patch_shape(channels, height, width, patch, copies, vector))

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> mx.array:
        shape = nested_shape(nested)
        first = first_leaf(nested)
        leaves = _padded_leaves(nested, shape[: len(shape) - first.ndim], mx.zeros_like(first))
        return _output(mx.stack(leaves).reshape(shape), dtype)

    def concat(self, arrays: Sequence[mx.array], dtype: str | None = None, axis: int = 0) -> mx.array:
        return _output(mx.concatenate(list(arrays), axis=axis), dtype)

    def unstack(self, images: mx.array) -> list[mx.array]:
        return [images[index] for index in range(len(images))]

    def stacking_pays(self, images: mx.array) -> bool:
        return bool(mx.default_device().type == mx.DeviceType.gpu)

    def pixel_mask(
        self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64"
    ) -> mx.array:
        mask = mx.zeros((padded_height, padded_width), dtype=_dtype(dtype))
        mask[:height, :width] = 1
        return mask

    def integers(self, values: Any, dtype: str = "int64", like: mx.array | None = None) -> mx.array:
        array = values if isinstance(values, mx.array) else mx.array(np.asarray(values, dtype=dtype))
        return array.astype(_dtype(dtype))


def _dtype(name: str) -> Any:
    return mx.bool_ if name == "bool" else getattr(mx, name)


def _per_channel(values: Sequence[float]) -> mx.array:
    return mx.array(list(values), dtype=mx.float32)[:, None, None]


def _like(resized: mx.array, images: mx.array) -> mx.array:
    """Back in the images' type: integers rounded, and within their range."""
    if mx.issubdtype(images.dtype, mx.floating):
        return resized.astype(images.dtype)
    rounded = mx.floor(resized + 0.5)  # halves up, as the integer kernels; mx.round takes them to even
    info = mx.iinfo(images.dtype)
    return mx.clip(rounded, info.min, info.max).astype(images.dtype)


@lru_cache(maxsize=64)
def _weights(length: int, size: int, resample: PILImageResampling, antialias: bool) -> mx.array:
    """The `(size, length)` matrix that resamples one axis."""
    matrix = np.zeros((size, length), dtype=np.float32)
    for row, start, weights in zip(matrix, *filter_weights(length, size, resample, antialias), strict=True):
        row[start : start + len(weights)] = weights
    return mx.array(matrix)


def _padded_leaves(nested: Any, counts: Sequence[int], zeros: mx.array) -> list[mx.array]:
    """The arrays of nested lists, zeros standing in for what shorter lists lack."""
    if not counts:
        return [nested]
    leaves = [leaf for entry in nested for leaf in _padded_leaves(entry, counts[1:], zeros)]
    return leaves + [zeros] * (math.prod(counts) - len(leaves))


def _output(array: mx.array, dtype: str | None) -> mx.array:
    """Cast to the dtype asked for where pixels are floating point; integer outputs keep theirs."""
    return array.astype(getattr(mx, dtype)) if dtype and mx.issubdtype(array.dtype, mx.floating) else array


@lru_cache(maxsize=64)
def _blurred(length: int, size: int, taps: int, sigma: float) -> mx.array:
    """The `(size, length)` matrix that blurs an axis and resamples it."""
    sources = np.pad(np.arange(length), taps // 2, mode="reflect")
    blurs = np.zeros((length, length), dtype=np.float32)
    for shift, factor in enumerate(gaussian_kernel(taps, sigma)):
        np.add.at(blurs, (np.arange(length), sources[shift : shift + length]), factor)
    return _weights(length, size, PILImageResampling.BILINEAR, False) @ mx.array(blurs)
