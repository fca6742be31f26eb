"""Plain NumPy: slow, obvious, exact. The oracle of the conformance suite, and the array handling that others share.

Resizing follows torch's CPU kernels: unsigned bytes in 16-bit fixed point, horizontal pass first; other types in double
precision. Rescaling is folded into mean and std as the torchvision backend does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..geometry import Size, patch_axes, patch_shape
from ..image_utils import ChannelDimension, PILImageResampling, infer_channel_dimension_format, is_pil_image
from . import unsupported
from .shape import first_leaf, nested_shape

if TYPE_CHECKING:
    from ..image_loading import JpegDecoding

Image = NDArray[Any]

SUPPORT = {
    PILImageResampling.BILINEAR: 1.0,
    PILImageResampling.BICUBIC: 2.0,
    PILImageResampling.LANCZOS: 3.0,
    PILImageResampling.BOX: 0.5,
    PILImageResampling.HAMMING: 1.0,
}


class ReferenceOps:
    """The verbs of `Ops` over `np.ndarray`."""

    name: ClassVar[str] = "reference"
    tensor_type: ClassVar[str] = "np"
    pil_conventions: ClassVar[bool] = False
    jpeg_decoding: ClassVar[JpegDecoding] = "pillow"

    def num_threads(self) -> int:
        return 1

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Image:
        refuse_device(self.name, device)
        array = to_numpy(image)
        if array.ndim == 2:
            return array[np.newaxis]
        if is_pil_image(image):  # whatever is said of arrays in the same batch
            data_format = ChannelDimension.LAST
        elif data_format is None:
            data_format = infer_channel_dimension_format(array)
        return array.transpose(2, 0, 1) if data_format is ChannelDimension.LAST else array

    def resize(
        self, images: Image, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> Image:
        for axis, size in ((-1, width), (-2, height)):
            if images.shape[axis] != size:
                images = _resize_axis(images, axis, size, resample, antialias)
        return images

    def resize_float(self, images: Image, height: int, width: int, resample: PILImageResampling) -> Image:
        # Not `self.resize`: backends that inherit this one have rules of their own for floats.
        return ReferenceOps.resize(self, np.asarray(images, dtype=np.float32), height, width, resample)

    def crop(self, images: Image, top: int, left: int, height: int, width: int) -> Image:
        return images[..., top : top + height, left : left + width]

    def pad(
        self, images: Image, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> Image:
        *lead, height, width = images.shape
        padded = np.empty((*lead, top + height + bottom, left + width + right), dtype=images.dtype)
        padded[...] = np.reshape(fill, (-1, 1, 1)) if isinstance(fill, Sequence) else fill
        padded[..., top : top + height, left : left + width] = images
        return padded

    def extend(self, images: Image, top: int, bottom: int, left: int, right: int, mode: str) -> Image:
        return np.pad(images, [(0, 0)] * (images.ndim - 2) + [(top, bottom), (left, right)], mode=mode)  # type: ignore[call-overload]

    def rescale(self, images: Image, scale: float) -> Image:
        scaled = images.astype(np.float32) * np.float32(scale)
        return scaled.astype(images.dtype) if is_bfloat16(images) else scaled

    def normalize(self, images: Image, mean: Sequence[float], std: Sequence[float]) -> Image:
        images = images if is_bfloat16(images) else images.astype(np.float32)
        return (images - per_channel(mean).astype(images.dtype)) / per_channel(std).astype(images.dtype)

    def rescale_and_normalize(self, images: Image, scale: float, mean: Sequence[float], std: Sequence[float]) -> Image:
        factor = np.float32(1.0 / scale)
        return (images.astype(np.float32) - per_channel(mean) * factor) / (per_channel(std) * factor)

    def unnormalize(self, images: Image, scale: float, mean: Sequence[float], std: Sequence[float]) -> Image:
        # Normalising once more undoes it; so does every backend that folds, with its own arithmetic.
        return self.rescale_and_normalize(images, scale, *inverse_statistics(mean, std, scale))

    def standardize(self, images: Image) -> Image:
        axes = (-3, -2, -1)
        images = images.astype(np.float32)
        count = math.prod(images.shape[-3:])
        # torch divides by n - 1 where nothing else is said, NumPy by n
        std = np.maximum(images.std(axis=axes, keepdims=True, ddof=0 if self.pil_conventions else 1), count**-0.5)
        return (images - images.mean(axis=axes, keepdims=True)) / std

    def flip_channels(self, images: Image) -> Image:
        return images[..., ::-1, :, :]

    def cast(self, images: Image, dtype: str) -> Image:
        return (images.clip(0, 255) if dtype == "uint8" else images).astype(numpy_dtype(dtype))

    def rearrange(self, images: Image, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Image:
        return images.reshape(split).transpose(order).reshape(shape)

    def patchify(
        self, images: Image, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw"
    ) -> Image:
        *batch, channels, height, width = images.shape
        split, order = patch_axes(channels, height, width, patch, merge, vector)
        lead = len(batch)
        patches = images.reshape(*batch, *split).transpose(*range(lead), *(axis + lead for axis in order))
        if copies > 1:
            shape = list(patches.shape)
            shape[lead + 4 + vector.replace(" ", "").index("t")] = copies
            patches = np.broadcast_to(patches, shape)
        return patches.reshape(*batch, *patch_shape(channels, height, width, patch, copies, vector))

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> Image:
        shape = nested_shape(nested)
        first = first_leaf(nested)
        out = np.zeros(shape, dtype=_output_dtype(dtype, first.dtype))
        _fill(out, nested)
        return out

    def concat(self, arrays: Sequence[Image], dtype: str | None = None, axis: int = 0) -> Image:
        joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=axis)
        return joined.astype(_output_dtype(dtype, joined.dtype), copy=False)

    def unstack(self, images: Image) -> list[Image]:
        return list(images)

    def stacking_pays(self, images: Image) -> bool:
        return False

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Image:
        mask = np.zeros((padded_height, padded_width), dtype=dtype)
        mask[:height, :width] = 1
        return mask

    def integers(self, values: Any, dtype: str = "int64", like: Image | None = None) -> Image:
        return np.asarray(values, dtype=dtype)


def refuse_device(name: str, device: Any | None) -> None:
    """Raise for a device other than the CPU, which is all that backends without torch know."""
    if device is not None and str(device) != "cpu":
        raise ValueError(f'the {name!r} backend works on the CPU; for device={str(device)!r} use backend="torchvision"')


def to_numpy(image: Any) -> Image:
    """A PIL image, array or tensor as a NumPy array of numbers, without a copy where possible.

    Raises:
        TypeError: the elements are no numbers. ValueError: one is NaN or infinite.
    """
    if hasattr(image, "detach"):
        image = image.detach().cpu()
        image = (image.float() if image.dtype.itemsize == 2 and image.dtype.is_floating_point else image).numpy()
    array = np.asarray(image)
    if array.dtype.kind not in "buif":
        raise TypeError(f"pixels must be numbers; this array holds {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("the image has NaN or infinite pixels")
    return array


def inverse_statistics(
    mean: Sequence[float], std: Sequence[float], scale: float = 1.0
) -> tuple[list[float], list[float]]:
    """The mean and the standard deviation that undo a normalisation of pixels that were divided by `scale`."""
    return [-scale * m / s for m, s in zip(mean, std, strict=True)], [1 / s for s in std]


def per_channel(values: Sequence[float]) -> Image:
    """float32 values shaped `(C, 1, 1)`."""
    return np.asarray(values, dtype=np.float32)[:, np.newaxis, np.newaxis]


def _fill(out: Image, nested: Any) -> None:
    for index, entry in enumerate(nested):
        if isinstance(entry, (list, tuple)):
            _fill(out[index], entry)
        else:
            out[index] = entry


def is_bfloat16(images: Image) -> bool:
    """Whether these are `ml_dtypes` numbers, which NumPy counts among no kind."""
    return images.dtype.name == "bfloat16"


def numpy_dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype of a name; bfloat16 comes from `ml_dtypes`."""
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError as error:
        raise ImportError('NumPy has no bfloat16 of its own: pip install "pixelprep[dtypes]"') from error
    return np.dtype(ml_dtypes.bfloat16)


def _output_dtype(name: str | None, given: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype asked for where pixels are floating point; integer outputs keep theirs."""
    return numpy_dtype(name) if name is not None and (given.kind == "f" or given.name == "bfloat16") else given


def _resize_axis(images: Image, axis: int, size: int, resample: PILImageResampling, antialias: bool) -> Image:
    """Resample one axis to `size` entries."""
    length = images.shape[axis]
    if resample is PILImageResampling.NEAREST:
        return np.take(images, nearest_exact(length, size), axis=axis)
    moved = np.moveaxis(images, axis, 0)
    if images.dtype == np.float32 and resample in FLOAT_FILTERS and antialias:
        return np.moveaxis(_resize_floats(moved, *_float_weights(length, size, resample)), 0, axis)
    starts, weights = filter_weights(length, size, resample, antialias)
    if images.dtype == np.uint8:
        return np.moveaxis(_resize_bytes(moved, starts, weights), 0, axis)
    out = np.stack(
        [
            np.tensordot(row, moved[start : start + len(row)].astype(np.float64), 1)
            for start, row in zip(starts, weights, strict=True)
        ]
    )
    if images.dtype.kind != "f":
        info = np.iinfo(images.dtype) if images.dtype.kind in "iu" else np.iinfo(np.uint8)
        out = np.clip(np.rint(out), info.min, info.max)
    return np.moveaxis(out.astype(images.dtype), 0, axis)


def _resize_floats(moved: Image, starts: Image, weights: list[Image]) -> Image:
    """float32 in the order of torch's AVX2 and AVX-512 kernels: four products rounded and added one by one while there
    are four more, then one by one without rounding the product (float64 holds it).
    """
    moved = np.ascontiguousarray(moved)
    out = np.empty((len(starts), *moved.shape[1:]), dtype=np.float32)
    taps = np.array([len(row) for row in weights])
    alike = [np.flatnonzero(taps == count) for count in np.unique(taps)]
    # A few rows at a time, which fit a cache.
    for rows in (part for group in alike for part in np.array_split(group, -(-len(group) // 16))):
        count = taps[rows[0]]
        table = np.stack([weights[row] for row in rows]).T.reshape(count, -1, *(1,) * (moved.ndim - 1))
        total = moved[starts[rows]] * table[0]
        for tap in range(1, count):
            values = moved[starts[rows] + tap]
            if tap <= (count - 1) // 4 * 4:
                total += values * table[tap]
            else:
                total = _fused(values, table[tap], total)
        out[rows] = total
    return out


def _fused(first: Any, second: Any, added: Any) -> Image:
    """`first * second + added` in float32, rounded once; float64 holds the product."""
    return np.asarray(np.multiply(first, second, dtype=np.float64) + added, dtype=np.float32)


def _bilinear_float(x: Image) -> Image:
    return np.maximum(1 - x, np.float32(0))


def _bicubic_float(x: Image) -> Image:
    near = _fused(_fused(1.5, x, -2.5) * x, x, 1)
    far = _fused(_fused(_fused(-0.5, x, 2.5), x, -4), x, 2)
    return np.where(x < 1, near, np.where(x < 2, far, np.float32(0)))


FLOAT_FILTERS = {PILImageResampling.BILINEAR: _bilinear_float, PILImageResampling.BICUBIC: _bicubic_float}


@lru_cache(maxsize=32)
def _float_weights(length: int, size: int, resample: PILImageResampling) -> tuple[Image, list[Image]]:
    """First input and float32 weights of each output of an antialiased resize, rounded where torch rounds."""
    scale = float(np.float32(length) / np.float32(size))
    stretch = max(scale, 1.0)
    support, inverse = np.float32(SUPPORT[resample] * stretch), float(np.float32(1 / stretch))
    centers = (scale * (np.arange(size) + 0.5)).astype(np.float32)
    firsts = np.maximum(((centers - support) + np.float64(0.5)).astype(np.int64), 0)
    lasts = np.minimum(((centers + support) + np.float64(0.5)).astype(np.int64), length)
    weights = []
    for first, last, center in zip(firsts, lasts, centers, strict=True):
        distances = (np.arange(first, last, dtype=np.float32) - center) + np.float64(0.5)
        row = FLOAT_FILTERS[resample](np.abs((distances * inverse).astype(np.float32)))
        weights.append(row / np.cumsum(row)[-1])
    return firsts, weights


def _resize_bytes(moved: Image, starts: list[int], weights: list[Image]) -> Image:
    """Bytes in 16-bit fixed point, as torch's CPU kernel: weights of one precision, rounded half away from zero."""
    largest = max(float(row.max()) for row in weights)
    precision = 0
    while precision < 22 and int(0.5 + largest * (1 << (precision + 1))) < (1 << 15):
        precision += 1
    out = np.empty((len(starts), *moved.shape[1:]), dtype=np.uint8)
    for index, (start, row) in enumerate(zip(starts, weights, strict=True)):
        scaled = row * (1 << precision)
        fixed = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int64)
        total = np.tensordot(fixed, moved[start : start + len(row)].astype(np.int64), 1)
        out[index] = np.clip((total + (1 << (precision - 1))) >> precision, 0, 255)
    return out


def nearest_exact(length: int, size: int) -> Image:
    """The source pixel under the centre of each target pixel, in the float32 steps of torch's `nearest-exact`."""
    scale = float(np.float32(length) / np.float32(size))
    centers = ((np.arange(size) + 0.5) * scale - 0.5).astype(np.float32) + np.float32(0.5)
    return np.minimum(centers.astype(np.int64), length - 1)


@lru_cache(maxsize=128)
def filter_weights(
    length: int, size: int, resample: PILImageResampling, antialias: bool = True
) -> tuple[list[int], list[Image]]:
    """For each of `size` outputs, the first of `length` inputs that it reads and the weights of those inputs.

    The filter is stretched by the scale where the image shrinks (antialias), weights sum to one in double precision.
    """
    if not antialias:
        return _interpolation_weights(length, size, resample)
    scale = length / size
    stretch = max(scale, 1.0)
    support = SUPPORT[resample] * stretch
    starts, weights = [], []
    for index in range(size):
        center = scale * (index + 0.5)
        first = max(int(center - support + 0.5), 0)
        last = min(int(center + support + 0.5), length)
        row = _filter(resample, (np.arange(first, last) - center + 0.5) / stretch)
        starts.append(first)
        weights.append(row / row.sum())
    return starts, weights


def _interpolation_weights(length: int, size: int, resample: PILImageResampling) -> tuple[list[int], list[Image]]:
    """Two or four inputs around the sample point whatever the scale, the edge repeated; cubic with a = -0.75."""
    if resample not in (PILImageResampling.BILINEAR, PILImageResampling.BICUBIC):
        raise unsupported("reference", f"{resample.name} without antialias", "leave antialias on")
    linear = resample is PILImageResampling.BILINEAR
    offsets = np.arange(0, 2) if linear else np.arange(-1, 3)
    starts, weights = [], []
    for index in range(size):
        point = length / size * (index + 0.5) - 0.5
        point = max(point, 0.0) if linear else point
        base = math.floor(point)
        distances = np.abs(offsets - (point - base))
        values = 1.0 - distances if linear else _cubic(distances, -0.75)
        sources = np.clip(base + offsets, 0, length - 1)
        starts.append(int(sources[0]))
        weights.append(np.bincount(sources - sources[0], weights=values))
    return starts, weights


def _cubic(x: Image, a: float) -> Image:
    """The convolution kernel of Keys 1981 at distances of `x` pixels."""
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _filter(resample: PILImageResampling, x: Image) -> Image:
    """Value of a resampling filter at a distance of `x` source pixels."""
    x = np.abs(x)
    if resample is PILImageResampling.BILINEAR:
        return np.clip(1.0 - x, 0.0, None)
    if resample is PILImageResampling.BICUBIC:
        return _cubic(x, -0.5)
    if resample is PILImageResampling.LANCZOS:
        return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    if resample is PILImageResampling.HAMMING:
        return np.where(x < 1, np.sinc(x) * (0.54 + 0.46 * np.cos(np.pi * x)), 0.0)
    return np.where(x <= 0.5, 1.0, 0.0)
