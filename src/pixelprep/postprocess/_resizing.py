"""Planes of masks and scores at the size of their images, a few at a time, so that memory stays bounded.

The bits are those of resizing all planes in one call: torch has other kernels for exactly three planes, and for many
small ones, whose last bit may differ, so the number that the reference resizes at once is part of the question.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ._arrays import Array, is_torch, like, namespace, resize_bilinear

MOST_BYTES = 2**26
"""Of planes that are resized at once; a single plane, or three, may be larger."""
SMALL = 128
"""Height and width together up to which torch's kernel depends on how many planes there are."""


def resized_in_parts(
    planes: Array, size: tuple[int, int] | None, together: int | None = None, antialias: bool = False
) -> Iterator[tuple[int, Array]]:
    """Planes (n, h, w) resized (bilinear), in parts of at most `MOST_BYTES`: the first index of each, and the part.

    Args:
        planes: floats.
        size: (height, width); None leaves them as they are.
        together: how many planes the reference resizes in one call; by default all of these.
        antialias: whether shrinking smooths.
    """
    height, width = size or planes.shape[1:]
    step = max(MOST_BYTES // (int(height) * int(width) * planes.dtype.itemsize), 1)
    start = 0
    while start < planes.shape[0]:
        part = planes[start : start + step]
        yield start, resize_planes(part, size, planes.shape[0] if together is None else together, antialias)
        start += part.shape[0]


def resize_planes(planes: Array, size: tuple[int, int] | None, together: int, antialias: bool = False) -> Array:
    """Planes (n, h, w) resized as so many of them would be in one call."""
    if size is None or planes.shape[0] == 0:
        return planes if size is None else namespace(planes).zeros((0, *size), dtype=planes.dtype)
    if antialias:
        return _smooth(planes, size)
    count, xp = planes.shape[0], namespace(planes)
    if not is_torch(planes) or count == together:
        return resize_bilinear(planes, size)
    if together == 3 or sum(size) <= SMALL:
        filled = xp.concat([planes, *[planes[-1:]] * (-count % together)])
        groups = [resize_bilinear(filled[i : i + together], size) for i in range(0, count, together)]
        return xp.concat(groups)[:count]
    if count == 3:
        return xp.concat([resize_bilinear(planes[:2], size), resize_bilinear(planes[2:], size)])
    return resize_bilinear(planes, size)


def nearest(mask: Array, size: tuple[int, int] | None) -> Array:
    """A map (..., h, w) at another size, each pixel from the one that its corner falls into (torch's `nearest`)."""
    if size is None or tuple(mask.shape[-2:]) == tuple(size):
        return mask
    xp = namespace(mask)
    for axis, length in ((-2, size[0]), (-1, size[1])):
        scale = np.float32(mask.shape[axis]) / np.float32(length)
        sources = np.minimum((np.arange(length, dtype=np.float32) * scale).astype(np.int64), mask.shape[axis] - 1)
        mask = xp.take(mask, like(sources, mask, xp.int64), axis=axis)
    return mask


def _smooth(planes: Array, size: tuple[int, int]) -> Array:
    """Bilinear with antialias."""
    if tuple(planes.shape[-2:]) == tuple(size):
        return planes
    if is_torch(planes):
        from torch.nn.functional import interpolate

        return interpolate(planes[None], size=size, mode="bilinear", align_corners=False, antialias=True)[0]
    xp = namespace(planes)
    for axis, length in ((2, size[1]), (1, size[0])):
        indices, weights = _triangles(planes.shape[axis], length)
        shape = (-1, 1) if axis == 1 else (-1,)
        planes = sum(
            xp.take(planes, like(index, planes, xp.int64), axis=axis)
            * xp.reshape(like(weight, planes, planes.dtype), shape)
            for index, weight in zip(indices, weights, strict=True)
        )
    return planes


def _triangles(length: int, size: int) -> tuple[Array, Array]:
    """For each of `size` outputs the inputs under a triangle as wide as the scale and their weights, (taps, size)."""
    scale = length / size
    stretch = max(scale, 1.0)
    centers = scale * (np.arange(size) + 0.5)
    firsts = np.maximum((centers - stretch + 0.5).astype(np.int64), 0)
    lasts = np.minimum((centers + stretch + 0.5).astype(np.int64), length)
    inputs = firsts + np.arange(int((lasts - firsts).max()))[:, None]
    weights = np.clip(1 - np.abs(inputs - centers + 0.5) / stretch, 0, None) * (inputs < lasts)
    return np.minimum(inputs, length - 1), weights / weights.sum(axis=0)
