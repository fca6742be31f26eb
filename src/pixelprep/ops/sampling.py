"""float32 images at the points of a grid, in the order in which torch's CPU kernels multiply and add.

The kernels fuse some products with the sum they go into, which float64 imitates. A compiler decides which; those of
torch 2.14 for x86 are followed, and elsewhere the last bits of a pixel may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]

A = np.float32(-0.75)


def sample_grid(images: Image, rows: Sequence[float], columns: Sequence[float], cubic: bool) -> Image:
    """Images `(..., H, W)` where rows and columns cross; see `Ops.sample_grid`."""
    images = np.asarray(images, dtype=np.float32)
    (top, up), (left, along) = (_places(*pair) for pair in ((rows, images.shape[-2]), (columns, images.shape[-1])))
    reach = range(-1, 3) if cubic else range(2)
    # A frame of zeros, which every point outside looks at.
    framed = np.zeros((*images.shape[:-2], images.shape[-2] + 1, images.shape[-1] + 1), np.float32)
    framed[..., :-1, :-1] = images
    ys = [_inside(top + step, images.shape[-2]) for step in reach]
    xs = [_inside(left + step, images.shape[-1]) for step in reach]
    if not cubic:
        down, right = np.float32(1) - up, np.float32(1) - along
        corners = ((0, 0, down, right), (0, 1, down, along), (1, 0, up, right), (1, 1, up, along))
        total: Image | None = None
        for y, x, vertical, horizontal in corners:
            values, weight = framed[..., ys[y][:, None], xs[x]], vertical[:, None] * horizontal
            total = values * weight if total is None else fused(values, weight, total)
        assert total is not None
        return total
    across, weights = _cubic(along), [weight[:, None] for weight in _cubic(up)]
    lines = []
    for row in ys:
        first, second, third, last = (framed[..., row[:, None], column] for column in xs)
        total = fused(first, across[0], second * across[1])
        lines.append(total + third * across[2] + last * across[3])
    total = lines[0] * weights[0]
    for line, weight in zip(lines[1:], weights[1:], strict=True):
        total = fused(line, weight, total)
    return total


def fused(first: Any, second: Any, added: Any) -> Image:
    """`first * second + added` in float32, rounded once; float64 holds the product."""
    return np.asarray(np.multiply(first, second, dtype=np.float64) + added, dtype=np.float32)


def _places(points: Sequence[float], length: int) -> tuple[Image, Image]:
    """The pixel before each point, and how far behind its centre the point is."""
    positions = (np.asarray(points, dtype=np.float32) + np.float32(1)) * np.float32((length - 1) / 2)
    # Far outside it is all the same; NaN is outside too.
    positions = np.nan_to_num(positions, nan=-9.0).clip(-9, length + 9).astype(np.float32)
    before = np.floor(positions)
    return before.astype(np.int64), positions - before


def _inside(indices: Image, length: int) -> Image:
    """Indices of pixels, those of pixels outside pointing at the frame."""
    return np.where((indices >= 0) & (indices < length), indices, length)


def _cubic(distance: Image) -> list[Image]:
    """Weights of the two pixels before and the two behind a point, by its distance from the second (a = -0.75)."""
    one, two = np.float32(1), np.float32(2)

    def far(x: Image) -> Image:
        return ((A * x - np.float32(5) * A) * x + np.float32(8) * A) * x - np.float32(4) * A

    def near(x: Image) -> Image:
        return fused(fused(A + two, x, -(A + np.float32(3))) * x, x, one)

    return [far(distance + one), near(distance), near(one - distance), far(two - distance)]


def box_windows(boxes: Image, size: tuple[int, int], padding: float = 1.25) -> tuple[Image, Image]:
    """Centres and sides of the windows (n, 2), (x, y), that boxes (n, 4), (x, y, width, height), are shown in.

    A window is larger than its box by `padding` and as oblong as an output of `size`; float32 throughout.
    """
    x, y, width, height = (np.asarray(side, dtype=np.float32) for side in np.asarray(boxes).reshape(-1, 4).T)
    half, more, ratio = np.float32(0.5), np.float32(padding), np.float32(size[1] / size[0])
    wide, high = width * more, height * more
    by_width, by_height = np.stack([wide, wide / ratio], -1), np.stack([high * ratio, high], -1)
    sides = np.where((wide > high * ratio)[:, None], by_width, by_height)
    return np.stack([x + half * width, y + half * height], axis=-1), sides


PADDING, UNIT = 1.25, 200.0


def center_and_scale(box: Any, size: tuple[int, int], factor: float = UNIT) -> tuple[Image, Image]:
    """The middle `(x, y)` of a box `(x, y, width, height)` and the window around it in units of pixels, float32.

    The window has the shape of `size` and is a quarter larger than the box.
    """
    x, y, width, height = (float(side) for side in box)
    ratio = size[1] / size[0]
    center = np.array([x + width * 0.5, y + height * 0.5], np.float32)
    width, height = max(width, ratio * height), max(height, width / ratio)
    return center, np.array([width / factor, height / factor], np.float32) * np.float32(PADDING)


def pose_window(box: Any, size: tuple[int, int], factor: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """`(start, step)` of the rows and of the columns of an image that a crop of `size` is sampled at.

    Outermost pixels of the crop lie on the window's edges. Rounded to float32 where the reference rounds.
    """
    center, scale = center_and_scale(box, size, factor)
    sides = scale * np.float32(UNIT)
    lines = []
    for middle, side, length in zip(center, sides, size[::-1], strict=True):
        growth = (length - 1.0) / float(side)
        shift = np.float32(growth * float(np.float32(0.5) * side - middle))
        step = 1.0 / float(np.float32(growth))
        lines.append((-(float(shift) * step), step))
    return lines[1], lines[0]
