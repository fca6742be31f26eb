"""Resampling for backends whose library has none: weights, the nearest pixel, NumPy arrays along one axis.

It follows torch's CPU kernels: unsigned bytes in 16-bit fixed point; float32 with the roundings of its AVX2 kernels;
other types in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.enums import PILImageResampling
from .protocol import unsupported

Image = NDArray[Any]

SUPPORT = {
    PILImageResampling.BILINEAR: 1.0,
    PILImageResampling.BICUBIC: 2.0,
    PILImageResampling.LANCZOS: 3.0,
    PILImageResampling.BOX: 0.5,
    PILImageResampling.HAMMING: 1.0,
}


def resize_axis(images: Image, axis: int, size: int, resample: PILImageResampling, antialias: bool) -> Image:
    """Resample one axis to `size` entries."""
    length = images.shape[axis]
    if resample is PILImageResampling.NEAREST:
        return np.take(images, nearest_exact(length, size), axis=axis)
    moved = np.moveaxis(images, axis, 0)
    if images.dtype == np.float32 and resample in FLOAT_FILTERS and antialias:
        return np.moveaxis(_resize_floats(moved, *_float_weights(length, size, resample)), 0, axis)
    starts, weights = filter_weights(length, size, resample, antialias)
    if images.dtype == np.uint8:
        largest = _largest_weight(length, size, resample, antialias)
        return np.moveaxis(_resize_bytes(moved, starts, weights, largest), 0, axis)
    # Tap after tap: a library's dot product adds up in an order that depends on the processor.
    out = np.zeros((size, *moved.shape[1:]))
    for line, start, row in zip(out, starts, weights, strict=True):
        for source, weight in zip(moved[start : start + len(row)], row, strict=True):
            line += source.astype(np.float64) * weight
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


def _resize_bytes(moved: Image, starts: list[int], weights: list[Image], largest: float) -> Image:
    """Bytes in 16-bit fixed point, as torch's CPU kernel: weights of one precision, rounded half away from zero."""
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
    """The source pixel under the centre of each target pixel: (size,) int64.

    The rule of every backend but PIL's, on every machine: float32 of `(i + 0.5) * length / size - 0.5` with one
    rounding, plus 0.5, rounded down. torch has this fused form and others; they part only where the exact value is an
    integer (docs/deviations.md, N1).
    """
    scale = float(np.float32(length) / np.float32(size))
    centers = ((np.arange(size) + 0.5) * scale - 0.5).astype(np.float32) + np.float32(0.5)
    return np.minimum(centers.astype(np.int64), length - 1)


@lru_cache(maxsize=1024)
def has_open_borders(length: int, size: int) -> bool:
    """Whether the forms of `nearest_exact` that torch has on some processor, layout or size differ for these sizes.

    They are the fused one, the same with the product rounded too, and `(i + 0.5) * scale` rounded down.
    """
    if length == size:
        return False
    product = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * (np.float32(length) / np.float32(size))
    rounded = (product - np.float32(0.5)) + np.float32(0.5)
    others = (np.minimum(form.astype(np.int64), length - 1) for form in (product, rounded))
    return any(not np.array_equal(form, nearest_exact(length, size)) for form in others)


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
        weights.append(row / np.cumsum(row)[-1])  # one after another, which `sum` is not
    return starts, weights


def _largest_weight(length: int, size: int, resample: PILImageResampling, antialias: bool) -> float:
    """What decides the precision of fixed-point weights.

    Without antialias both the weights and the sums of those that meet at a repeated edge count.
    """
    largest = max(float(row.max()) for row in filter_weights(length, size, resample, antialias)[1])
    if antialias:
        return largest
    return max(largest, *(float(values.max()) for _, values in _interpolated(length, size, resample)))


def _interpolation_weights(length: int, size: int, resample: PILImageResampling) -> tuple[list[int], list[Image]]:
    """Two or four inputs around the sample point whatever the scale, the edge repeated; cubic with a = -0.75."""
    if resample not in (PILImageResampling.BILINEAR, PILImageResampling.BICUBIC):
        raise unsupported("reference", f"{resample.name} without antialias", "leave antialias on")
    starts, weights = [], []
    for indices, values in _interpolated(length, size, resample):
        sources = np.clip(indices, 0, length - 1)
        starts.append(int(sources[0]))
        weights.append(np.bincount(sources - sources[0], weights=values))
    return starts, weights


def _interpolated(length: int, size: int, resample: PILImageResampling) -> Iterator[tuple[Image, Image]]:
    """The inputs of each output, some beyond the edge, and their weights."""
    linear = resample is PILImageResampling.BILINEAR
    offsets = np.arange(0, 2) if linear else np.arange(-1, 3)
    for index in range(size):
        point = length / size * (index + 0.5) - 0.5
        point = max(point, 0.0) if linear else point
        base = math.floor(point)
        distances = np.abs(offsets - (point - base))
        yield base + offsets, 1.0 - distances if linear else _cubic(distances, -0.75)


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
        return np.where(x < 3, _sinc(x) * _sinc(x / 3), 0.0)
    if resample is PILImageResampling.HAMMING:
        return np.where(x < 1, _sinc(x) * (0.54 + 0.46 * _cos(np.pi * x)), 0.0)
    return np.where(x <= 0.5, 1.0, 0.0)


def _cos(x: Image) -> Image:
    """The C library's: NumPy's own has other last digits where it has AVX-512."""
    return np.array([math.cos(value) for value in x])


def _sinc(x: Image) -> Image:
    return np.array([math.sin(math.pi * value) / (math.pi * value) if value else 1.0 for value in x])


FIXED_BITS = 11
"""Bits of a weight of `resize_fixed`; a pixel is four values times two weights each."""


@lru_cache(maxsize=64)
def fixed_weights(length: int, size: int) -> tuple[Image, Image, Image]:
    """For each of `size` outputs of `resize_fixed`: the two inputs around it and the weight of the second, of 2048."""
    centers = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(length / size) - np.float32(0.5)
    lower = np.floor(centers)
    parts = np.where(lower < 0, 0, np.where(lower >= length - 1, 1, centers - lower)).astype(np.float32)
    lower = np.clip(lower, 0, max(length - 2, 0)).astype(np.int64)
    weights = np.floor(parts * np.float32(1 << FIXED_BITS) + np.float32(0.5)).astype(np.int32)
    return lower, np.minimum(lower + 1, length - 1), weights


def blend_fixed(pixels: Any, rows: Any, columns: Any) -> Any:
    """Four neighbours of each output pixel blended in integers; `pixels` int32 of any array library."""
    (above, below, down), (before, after, across) = rows, columns
    one = 1 << FIXED_BITS
    lines = []
    for row in (above, below):
        line = pixels[..., row, :]
        lines.append(line[..., before] * (one - across) + line[..., after] * across)
    total = lines[0] * (one - down)[:, None] + lines[1] * down[:, None]
    return (total + (1 << (2 * FIXED_BITS - 1))) >> (2 * FIXED_BITS)
