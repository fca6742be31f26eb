"""Shrinking as OWLv2 does it: a Gaussian blur against aliasing, then bilinear interpolation of two pixels each way.

Both of the reference's arithmetics, over NumPy arrays: torch's, where the blur is one float32 convolution, and SciPy's,
where it is one double-precision pass per axis. Pixels that no output reads are not blurred.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
f32 = np.float32
ROWS = 16  # blurred at a time, which fit a cache


def blur_of(height: int, width: int, target_height: int, target_width: int) -> tuple[list[int], list[float]] | None:
    """Sizes and standard deviations of torch's blur for the height and the width; None if either side does not shrink.

    The reference hands them to a function that takes the width first, so each is used along the other axis; images are
    padded to squares before, so it matters only where the target is no square.
    """
    factors = np.array([height, width], f32) / np.array([target_height, target_width], f32)
    sigmas = np.maximum((factors - f32(1)) / f32(2), f32(0))
    if (sigmas == 0).any():
        return None
    sizes = 2 * np.ceil(f32(3) * sigmas).astype(int) + 1
    return sizes.tolist(), sigmas.tolist()


def blur(images: Array, sizes: list[int], sigmas: list[float], needed: tuple[Array, Array]) -> Array:
    """`(..., H, W)` bytes or floats blurred in torch's order: tap after tap, row by row, product and sum rounded once.

    Args:
        sizes, sigmas: along the width, then the height.
        needed: the rows and the columns that are read afterwards; others need not be blurred.
    """
    weights = blur_weights(sizes, sigmas).astype(np.float64)
    reach = (weights.shape[0] // 2, weights.shape[1] // 2)
    # Picking columns costs more than blurring twice as many.
    rows, columns = (
        read if 2 * len(read) < side else np.arange(side) for read, side in zip(needed, images.shape[-2:], strict=True)
    )
    out = np.zeros(images.shape, images.dtype)
    flat = images.reshape(-1, *images.shape[-2:])
    for plane, result in zip(flat, out.reshape(flat.shape), strict=True):
        padded = np.pad(plane.astype(f32), [(side, side) for side in reach], mode="reflect")
        for part in np.array_split(rows, -(-len(rows) // ROWS)):
            total = _fused_taps(padded[part[0] : part[-1] + len(weights)], part - part[0], columns, weights)
            result[part[:, None], columns] = np.rint(total) if images.dtype == np.uint8 else total
    return out


def blur_weights(sizes: list[int], sigmas: list[float]) -> Array:
    """float32 `(rows, columns)`: what `blur` weighs pixels with, from `blur_of`."""
    across, down = (gaussian_kernel(size, sigma) for size, sigma in zip(sizes, sigmas, strict=True))
    return down[:, None] * across


def _fused_taps(lines: Array, rows: Array, columns: Array, weights: Array) -> Array:
    """Some pixels of a convolution; float64 holds each product, and rounds a sum where float32 would."""
    wide = lines.astype(np.float64)
    all_columns = len(columns) == wide.shape[1] - weights.shape[1] + 1
    shifted = [wide[:, j : j + len(columns)] if all_columns else wide[:, columns + j] for j in range(weights.shape[1])]
    total = np.zeros((len(rows), len(columns)), f32)
    sums = np.empty(total.shape)
    for i, row_weights in enumerate(weights):
        for pixels, weight in zip(shifted, row_weights, strict=True):
            np.multiply(pixels[rows[0] + i : rows[-1] + i + 1] if _dense(rows) else pixels[rows + i], weight, out=sums)
            sums += total
            total[...] = sums
    return total


def _dense(rows: Array) -> bool:
    return bool(rows[-1] - rows[0] + 1 == len(rows))


def read_by_two(length: int, size: int) -> Array:
    """The inputs that a bilinear interpolation from `length` to `size` without antialiasing reads, in rising order."""
    points = (np.arange(size) + 0.5) * (length / size) - 0.5
    # float32 positions fall on either side of a pixel.
    lower = np.floor(np.stack([points - 0.01, points + 0.01])).astype(np.int64)
    return np.unique(np.clip(np.stack([lower, lower + 1]), 0, length - 1))


@lru_cache(maxsize=64)
def gaussian_kernel(size: int, sigma: float) -> Array:
    """Gaussian weights with the float32 roundings of torch on AVX-512, Sleef's exponential included; exact there."""
    end = f32(size - 1) / f32(2.0 * math.sqrt(2.0))
    step, index = np.float64(f32(2) * end / f32(size - 1)), np.arange(size)
    low, high = step * index - np.float64(end), np.float64(end) - step * (size - 1 - index)
    points = np.where(index < size // 2, low, high).astype(f32) / f32(sigma)
    powers = -(points * points)
    values = _exp(powers - powers.max())
    if size < 16:
        total = f32(0)
        for value in values:
            total = f32(total + value)
    else:
        lanes = np.zeros(-(-size // 16) * 16, f32)
        lanes[:size] = values
        sums = lanes.reshape(-1, 16)[0]
        for row in lanes.reshape(-1, 16)[1:]:
            sums = sums + row
        while len(sums) > 1:
            sums = sums[: len(sums) // 2] + sums[len(sums) // 2 :]
        total = sums[0]
    kernel: Array = values * (f32(1) / total)
    return kernel


def _exp(x: Array) -> Array:
    """e to the power of float32 as Sleef 3 computes it within one unit in the last place."""

    def fused(a: Array, b: Any, c: Any) -> Array:
        return np.asarray(np.float64(a) * np.float64(b) + np.float64(c), dtype=f32)

    power = np.rint(x * f32(1.442695040888963407))
    rest = fused(power, -f32(0.693145751953125), x)
    rest = fused(power, -f32(1.428606765330187045e-06), rest)
    series = np.full(x.shape, f32(0.000198527617612853646278381))
    for factor in (0.00139304355, 0.00833336077, 0.0416664854, 0.166666672, 0.5):
        series = fused(series, rest, f32(factor))
    return np.ldexp(f32(1) + fused(rest * rest, series, rest), power.astype(np.int32)).astype(f32)


def shrink_like_scipy(images: Array, height: int, width: int) -> Array:
    """`(..., H, W)` resized by SciPy's rules: each axis that shrinks blurred, edges mirrored, values kept in range.

    Bytes are cut to whole levels after each pass of the blur, and rounded by the interpolation.
    """
    flat = images.reshape(-1, *images.shape[-2:])
    rows, columns = _zoom_taps(images.shape[-2], height), _zoom_taps(images.shape[-1], width)
    out = np.empty((len(flat), height, width), images.dtype)
    shape = images.shape[-2:]
    bounds = images.min(), images.max()
    needed = np.unique(rows[0]), np.unique(columns[0])
    for plane, result in zip(flat, out, strict=True):
        blurred = _blur_axis(plane, (shape[0] / height - 1) / 2, needed[0])
        blurred = _blur_axis(blurred.T, (shape[1] / width - 1) / 2, needed[1]).T
        for part in np.array_split(np.arange(height), -(-height // ROWS)):
            total: Any = 0.0
            for i in range(2):
                lines = blurred[np.searchsorted(needed[0], rows[0][part, i])].astype(np.float64)
                for j in range(2):
                    taken = lines[:, np.searchsorted(needed[1], columns[0][:, j])]
                    total = total + taken * rows[1][part, i, None] * columns[1][:, j]
            total = np.trunc(total + 0.5) if images.dtype == np.uint8 else total
            result[part] = np.clip(total.astype(images.dtype), *bounds)
    return out.reshape(*images.shape[:-2], height, width)


def _blur_axis(plane: Array, sigma: float, rows: Array) -> Array:
    """Some rows of a plane blurred along its first axis in double precision, mirrored at the edges."""
    if sigma <= 1e-15:
        return plane[rows]
    reach = int(4.0 * sigma + 0.5)
    points = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * points**2)
    weights = weights / weights.sum()
    padded = np.pad(plane, [(reach, reach), (0, 0)], mode="reflect")
    out = np.empty((len(rows), plane.shape[1]), plane.dtype)
    for start in range(0, len(rows), ROWS):
        centre = rows[start : start + ROWS] + reach
        total = padded[centre] * weights[reach]
        for distance in range(reach, 0, -1):
            pair = padded[centre - distance].astype(np.float64) + padded[centre + distance]
            total = total + pair * weights[reach - distance]
        out[start : start + ROWS] = total
    return out


def _zoom_taps(length: int, size: int) -> tuple[Array, Array]:
    """For each of `size` outputs from `length` inputs, two inputs and their weights, both (size, 2); edges mirrored."""
    points = (np.arange(size) + 0.5) * (length / size) - 0.5
    points = np.abs(points) if length > 1 else np.zeros(size)
    lower = np.floor(points)
    upper = np.where(lower + 1 < length, lower + 1, max(length - 2, 0))
    first = 1 - (points - lower)
    return np.stack([lower, upper], axis=1).astype(np.int64), np.stack([first, 1 - first], axis=1)
