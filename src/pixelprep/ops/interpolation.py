"""Interpolation without antialiasing, in the float32 steps of torch's CPU kernels: equal to them, to the bit.

Two or four inputs around each sample point whatever the scale, the edge repeated; the cubic kernel has a = -0.75.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.enums import PILImageResampling
from .protocol import unsupported
from .sampling import fused

Array = NDArray[Any]
A = -0.75


def interpolate(maps: Array, height: int, width: int, cubic: bool, align_corners: bool = False) -> Array:
    """float32 maps `(..., C, H, W)` or `(H, W)` at another size.

    Args:
        maps: the maps.
        height: of the result.
        width: of the result.
        cubic: four inputs each way instead of two.
        align_corners: lay the corner pixels' centres on each other, not the corners of the images.
    """
    (rows, down), (columns, across) = (
        _taps(length, size, cubic, align_corners) for length, size in zip(maps.shape[-2:], (height, width), strict=True)
    )
    down = down[:, :, np.newaxis]
    channels = maps.shape[-3] if maps.ndim > 2 else 1
    # torch has a kernel of its own for small results and for three channels, which multiplies the weights first.
    if not cubic and (channels == 3 or height + width <= 128):
        top, bottom = maps[..., rows[0], :], maps[..., rows[1], :]
        (left, right), (above, below) = across, down
        total = fused(left * above, top[..., columns[0]], right * above * top[..., columns[1]])
        total = fused(left * below, bottom[..., columns[0]], total)
        return fused(right * below, bottom[..., columns[1]], total)
    # As compiled, sums start with the second product.
    lines = fused(maps[..., columns[0]], across[0], maps[..., columns[1]] * across[1])
    for column, weight in zip(columns[2:], across[2:], strict=True):
        lines = fused(maps[..., column], weight, lines)
    total = fused(lines[..., rows[0], :], down[0], lines[..., rows[1], :] * down[1])
    for row, weight in zip(rows[2:], down[2:], strict=True):
        total = fused(lines[..., row, :], weight, total)
    return total


def aligned_mode(backend: str, resample: PILImageResampling) -> str:
    """torch's name of a filter that can align corners.

    Raises:
        UnsupportedOperationError: it cannot.
    """
    if resample not in (PILImageResampling.BILINEAR, PILImageResampling.BICUBIC):
        raise unsupported(backend, f"{resample.name} with aligned corners", "use BILINEAR or BICUBIC")
    return resample.name.lower()


def aligned_matrix(length: int, size: int, cubic: bool) -> Array:
    """The `(size, length)` weights that resample one axis with aligned corners."""
    matrix = np.zeros((size, length), dtype=np.float32)
    for sources, weights in zip(*_taps(length, size, cubic, True), strict=True):
        np.add.at(matrix, (np.arange(size), sources), weights)
    return matrix


@lru_cache(maxsize=64)
def _taps(length: int, size: int, cubic: bool, align_corners: bool) -> tuple[Array, Array]:
    """For each of `size` outputs from `length` inputs: the inputs read and their weights, both `(taps, size)`."""
    index = np.arange(size, dtype=np.float32)
    if align_corners:
        scale = np.float32(length - 1) / np.float32(size - 1) if size > 1 else np.float32(0)
        points = scale * index
    else:
        points = fused(np.float32(length) / np.float32(size), index + np.float32(0.5), -0.5)
        points = points if cubic else np.maximum(points, np.float32(0))
    base = np.minimum(np.floor(points).astype(np.int64), length - 1)
    after = points - base.astype(np.float32)
    before = np.float32(1) - after
    if cubic:
        weights = [_far(after + np.float32(1)), _near(after), _near(before), _far(before + np.float32(1))]
    else:
        weights = [before, after]
    offsets = range(-1, 3) if cubic else range(2)
    sources = np.stack([np.clip(base + offset, 0, length - 1) for offset in offsets])
    return sources, np.stack(weights)


def _near(x: Array) -> Array:
    return np.asarray(fused(A + 2, x, -(A + 3)) * x * x + np.float32(1))


def _far(x: Array) -> Array:
    return np.asarray(fused(fused(A, x, -5 * A), x, 8 * A) * x - np.float32(4 * A))


def sample(images: Array, rows: tuple[float, float], columns: tuple[float, float], height: int, width: int) -> Array:
    """Images at the points `start + step * i` of each axis, as `Ops.sample` says, in the order of SciPy's sums."""
    (upper, lower, *down, inside), (left, right, *across, within) = (
        _points(*points, length, size)
        for points, length, size in zip((rows, columns), images.shape[-2:], (height, width), strict=True)
    )
    total: Array = np.zeros((), dtype=np.float64)
    for row, row_weight in zip((upper, lower), down, strict=True):
        band = images[..., row, :]
        for column, weight in zip((left, right), across, strict=True):
            total = total + band[..., column].astype(np.float64) * row_weight[:, np.newaxis] * weight
    total = np.where(inside[:, np.newaxis] & within, total, 0.0)
    if images.dtype.kind not in "iu":
        return total.astype(images.dtype)
    limits = np.iinfo(images.dtype)
    return np.clip(np.trunc(total + np.copysign(0.5, total)), limits.min, limits.max).astype(images.dtype)


def _points(start: float, step: float, length: int, size: int) -> tuple[Array, ...]:
    """The two inputs around each point, the weights of both, and whether it lies on the image at all."""
    points = start + np.arange(size) * step
    inside = (points >= 0) & (points <= length - 1)
    points = np.where(inside, points, 0.0)
    first = np.floor(points).astype(np.int64)
    after = points - first
    return first, np.minimum(first + 1, length - 1), 1.0 - after, after, inside
