"""MLX arrays: Apple silicon, and Linux through `mlx[cpu]`. What a backend from outside looks like: this one file.

Resizing multiplies by two matrices of filter weights in float32 and rounds to bytes after each, so a pixel may come out
one level away from the integer kernels for bilinear and two for bicubic and Lanczos.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import mlx.core as mx
import numpy as np

from ..geometry import patch_axes, patch_shape
from ..image_utils import ChannelDimension, PILImageResampling, infer_channel_dimension_format, is_pil_image
from .reference import filter_weights, nearest_exact, refuse_device, to_numpy
from .shape import first_leaf, nested_shape

if TYPE_CHECKING:
    from ..image_loading import JpegDecoding


class MlxOps:
    """The verbs of `Ops` over `mlx.core.array`."""

    name: ClassVar[str] = "mlx"
    tensor_type: ClassVar[str] = "mlx"
    pil_conventions: ClassVar[bool] = False
    jpeg_decoding: ClassVar[JpegDecoding] = "pillow"
    promise: ClassVar[dict[str, float]] = {"BILINEAR": 1, "HAMMING": 1, "BOX": 1, "BICUBIC": 2, "LANCZOS": 2}

    def num_threads(self) -> int:
        return 1

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> mx.array:
        refuse_device(self.name, device)
        array = image if isinstance(image, mx.array) else mx.array(to_numpy(image))
        if array.ndim == 2:
            return array[None]
        if is_pil_image(image) or (data_format or infer_channel_dimension_format(array)) is ChannelDimension.LAST:
            return array.transpose(2, 0, 1)
        return array

    def resize(
        self, images: mx.array, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> mx.array:
        rows, columns = images.shape[-2:]
        if resample is PILImageResampling.NEAREST:
            images = images[..., mx.array(nearest_exact(rows, height)), :]
            return images[..., mx.array(nearest_exact(columns, width))]
        if columns != width:
            images = _like(images.astype(mx.float32) @ _weights(columns, width, resample, antialias).T, images)
        if rows != height:
            images = _like(_weights(rows, height, resample, antialias) @ images.astype(mx.float32), images)
        return images

    def resize_float(self, images: mx.array, height: int, width: int, resample: PILImageResampling) -> mx.array:
        return self.resize(images.astype(mx.float32), height, width, resample)

    def crop(self, images: mx.array, top: int, left: int, height: int, width: int) -> mx.array:
        return images[..., top : top + height, left : left + width]

    def pad(
        self, images: mx.array, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> mx.array:
        *lead, height, width = images.shape
        values = mx.array(list(fill)).reshape(-1, 1, 1) if isinstance(fill, Sequence) else mx.array(fill)
        padded = mx.broadcast_to(values.astype(images.dtype), (*lead, top + height + bottom, left + width + right))
        padded = mx.array(padded)
        padded[..., top : top + height, left : left + width] = images
        return padded

    def extend(self, images: mx.array, top: int, bottom: int, left: int, right: int, mode: str) -> mx.array:
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

    def flip_channels(self, images: mx.array) -> mx.array:
        return images[..., ::-1, :, :]

    def cast(self, images: mx.array, dtype: str) -> mx.array:
        return (mx.clip(images, 0, 255) if dtype == "uint8" else images).astype(getattr(mx, dtype))

    def rearrange(self, images: mx.array, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> mx.array:
        return images.reshape(*split).transpose(*order).reshape(*shape)

    def patchify(self, images: mx.array, patch: int, merge: int = 1, copies: int = 1, vector: str = "cthw") -> mx.array:
        *batch, channels, height, width = images.shape
        split, order = patch_axes(channels, height, width, patch, merge, vector)
        lead = len(batch)
        patches = images.reshape(*batch, *split).transpose(*range(lead), *(axis + lead for axis in order))
        if copies > 1:
            patches = mx.repeat(patches, copies, axis=lead + 4 + vector.replace(" ", "").index("t"))
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
    """Back in the images' type: integers rounded, bytes within their range."""
    if mx.issubdtype(images.dtype, mx.floating):
        return resized.astype(images.dtype)
    rounded = mx.floor(resized + 0.5)  # halves up, as the integer kernels; mx.round takes them to even
    return (mx.clip(rounded, 0, 255) if images.dtype == mx.uint8 else rounded).astype(images.dtype)


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
