"""What each verb means, as plain functions of `(C, H, W)` arrays: loops over indices, one value at a time.

Written beside the backends, not for them: no backend inherits from here, so that a comparison can fail. Slow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.enums import PILImageResampling

Array = np.ndarray[Any, Any]
f32 = np.float32


def _made(shape: Sequence[int], dtype: Any, value: Callable[..., Any]) -> Array:
    """An array of a shape whose entry at each index is what a function of the index gives."""
    out = np.empty(tuple(shape), dtype)
    for index in itertools.product(*map(range, shape)):
        out[index] = value(*index)
    return out


def from_image(image: Array, data_format: Any, device: Any) -> Array:
    return image.copy()


def crop(images: Array, top: int, left: int, height: int, width: int) -> Array:
    return _made((len(images), height, width), images.dtype, lambda c, y, x: images[c, top + y, left + x])


def pad(images: Array, top: int, bottom: int, left: int, right: int, fill: Any = 0) -> Array:
    channels, height, width = images.shape

    def value(c: int, y: int, x: int) -> Any:
        inside = top <= y < top + height and left <= x < left + width
        return images[c, y - top, x - left] if inside else fill[c] if isinstance(fill, (list, tuple)) else fill

    return _made((channels, top + height + bottom, left + width + right), images.dtype, value)


def extend(images: Array, top: int, bottom: int, left: int, right: int, mode: str) -> Array:
    channels, height, width = images.shape

    def source(i: int, length: int) -> int:
        while not 0 <= i < length:
            if mode == "edge":
                i = min(max(i, 0), length - 1)
            elif mode == "symmetric":
                i = -1 - i if i < 0 else 2 * length - 1 - i
            else:
                i = -i if i < 0 else 2 * (length - 1) - i
        return i

    return _made(
        (channels, top + height + bottom, left + width + right),
        images.dtype,
        lambda c, y, x: images[c, source(y - top, height), source(x - left, width)],
    )


def rescale(images: Array, scale: float) -> Array:
    return _made(images.shape, f32, lambda *i: f32(images[i]) * f32(scale))


def normalize(images: Array, mean: Sequence[float], std: Sequence[float]) -> Array:
    return _made(images.shape, f32, lambda c, y, x: (f32(images[c, y, x]) - f32(mean[c])) / f32(std[c]))


def rescale_and_normalize(images: Array, scale: float, mean: Sequence[float], std: Sequence[float]) -> Array:
    return _made(images.shape, f32, lambda c, y, x: (float(images[c, y, x]) * scale - mean[c]) / std[c])


def unnormalize(images: Array, scale: float, mean: Sequence[float], std: Sequence[float]) -> Array:
    return _made(images.shape, f32, lambda c, y, x: (float(images[c, y, x]) * std[c] + mean[c]) * scale)


def standardize(images: Array) -> Array:
    values = [float(value) for value in images.reshape(-1)]
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return _made(images.shape, f32, lambda *i: (float(images[i]) - mean) / max(deviation, 1 / math.sqrt(len(values))))


def flip_channels(images: Array) -> Array:
    return _made(images.shape, images.dtype, lambda c, y, x: images[len(images) - 1 - c, y, x])


def cast(images: Array, dtype: str) -> Array:
    limited = dtype == "uint8"
    return _made(images.shape, dtype, lambda *i: int(min(max(images[i], 0), 255)) if limited else images[i])


def clip(images: Array, lowest: float, highest: float) -> Array:
    return _made(images.shape, f32, lambda *i: min(max(f32(images[i]), f32(lowest)), f32(highest)))


def round(images: Array) -> Array:  # the verb's name
    def halves_to_even(value: float) -> float:
        lower = math.floor(value)
        rest = value - lower
        return lower + (rest > 0.5 or (rest == 0.5 and lower % 2 == 1))

    return _made(images.shape, f32, lambda *i: halves_to_even(float(images[i])))


def rearrange(images: Array, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Array:
    flat = images.reshape(-1)
    strides = [math.prod(split[axis + 1 :]) for axis in range(len(split))]
    places = itertools.product(*(range(split[axis]) for axis in order))
    out = [flat[sum(i * strides[axis] for i, axis in zip(place, order, strict=True))] for place in places]
    return np.array(out, images.dtype).reshape(tuple(shape))


def patchify(images: Array, patch: int, merge: int = 1, copies: int = 1, vector: str = "cthw") -> Array:
    """Patches block of `merge x merge` after block; the values of each by the letters of `vector`."""
    channels, height, width = images.shape
    rows, columns = height // patch, width // patch
    lengths = {"c": channels, "t": copies, "h": patch, "w": patch}
    letters = vector.replace(" ", "")
    if "t" not in letters:
        letters = letters.replace("c", "ct")
    tokens = []
    for block_y, block_x, y, x in itertools.product(
        range(rows // merge), range(columns // merge), range(merge), range(merge)
    ):
        top, left = (block_y * merge + y) * patch, (block_x * merge + x) * patch
        values = []
        for place in itertools.product(*(range(lengths[letter]) for letter in letters)):
            at = dict(zip(letters, place, strict=True))
            values.append(images[at["c"], top + at["h"], left + at["w"]])
        tokens.append(values)
    axes = [math.prod(lengths.get(letter, 1) for letter in word) for word in vector.split()]
    return np.array(tokens, images.dtype).reshape(len(tokens), *axes)


def stack(nested: Sequence[Any], dtype: str | None = None) -> Array:
    """One level of lists, or two of them, the shorter filled up with zeros."""
    if not isinstance(nested[0], (list, tuple)):
        return np.array([entry.tolist() for entry in nested], nested[0].dtype)
    first, longest = nested[0][0], max(map(len, nested))
    blank = np.zeros(first.shape, first.dtype)
    return np.array([[*entry, *[blank] * (longest - len(entry))] for entry in nested], first.dtype)


def concat(arrays: Sequence[Array], dtype: str | None = None, axis: int = 0) -> Array:
    def joined(lists: Sequence[Any], depth: int) -> list[Any]:
        if depth == 0:
            return [entry for entries in lists for entry in entries]
        return [joined(parts, depth - 1) for parts in zip(*lists, strict=True)]

    return np.array(joined([array.tolist() for array in arrays], axis % arrays[0].ndim), arrays[0].dtype)


def unstack(images: Array) -> list[Array]:
    return [images[index] for index in range(len(images))]


def stacking_pays(images: Array) -> bool:
    return False


def pixel_mask(height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Array:
    return _made((padded_height, padded_width), dtype, lambda y, x: y < height and x < width)


def integers(values: Any, dtype: str = "int64", like: Any = None) -> Array:
    return np.array(values, dtype)


SUPPORTS = {"BOX": 0.5, "BILINEAR": 1.0, "HAMMING": 1.0, "BICUBIC": 2.0, "LANCZOS": 3.0}


def kernel(name: str, x: float, sharpness: float = -0.5) -> float:
    """The value of a resampling filter at a distance of x."""
    x = abs(x)
    wave = math.sin(math.pi * x) / (math.pi * x) if x else 1.0
    if name == "BOX":
        return float(x <= 0.5)
    if name == "BILINEAR":
        return max(1 - x, 0.0)
    if name == "HAMMING":
        return wave * (0.54 + 0.46 * math.cos(math.pi * x)) if x < 1 else 0.0
    if name == "LANCZOS":
        return wave * (math.sin(math.pi * x / 3) / (math.pi * x / 3) if x else 1.0) if x < 3 else 0.0
    a = sharpness
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def matrix(length: int, size: int, resample: PILImageResampling, antialias: bool) -> Array:
    """The `(size, length)` weights of one axis, in double precision."""
    out = np.zeros((size, length))
    if length == size:
        return np.eye(size)
    scale, name = length / size, resample.name
    for i in range(size):
        if name == "NEAREST":
            out[i, min(int((i + 0.5) * scale), length - 1)] = 1
        elif antialias:
            stretch, centre = max(scale, 1.0), (i + 0.5) * scale
            reach = SUPPORTS[name] * stretch
            taps = range(max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), length))
            values = [kernel(name, (j + 0.5 - centre) / stretch) for j in taps]
            out[i, taps] = np.array(values) / math.fsum(values)
        else:
            centre = (i + 0.5) * scale - 0.5
            centre = max(centre, 0.0) if name == "BILINEAR" else centre
            for j in range(math.floor(centre) - 1, math.floor(centre) + 3):
                out[i, min(max(j, 0), length - 1)] += kernel(name, j - centre, -0.75)
    return out


def resize(images: Array, height: int, width: int, resample: PILImageResampling, antialias: bool = True) -> Array:
    """In double precision, bytes rounded after each axis: fixed-point weights may be two levels off it."""
    values = images.astype(np.float64)
    for weights, back in (
        (matrix(images.shape[-1], width, resample, antialias), False),
        (matrix(images.shape[-2], height, resample, antialias), True),
    ):
        values = np.einsum("ij,cjk->cik" if back else "ij,ckj->cki", weights, values)
        if images.dtype == np.uint8:
            values = np.clip(np.floor(values + 0.5), 0, 255)
    return values.astype(images.dtype)


def thumbnail(images: Array, height: int, width: int, resample: PILImageResampling) -> Array:
    return resize(images, height, width, resample)


def resize_float(
    images: Array,
    height: int,
    width: int,
    resample: PILImageResampling,
    antialias: bool = True,
    align_corners: bool = False,
) -> Array:
    if not align_corners:
        return resize(images.astype(f32), height, width, resample, antialias)
    down, across = (aligned(*sides, resample) for sides in zip(images.shape[1:], (height, width), strict=True))
    return (down @ images.astype(np.float64) @ across.T).astype(f32)


def aligned(length: int, size: int, resample: PILImageResampling) -> Array:
    """The `(size, length)` weights of one axis whose outermost pixels' centres stay where they are."""
    out = np.zeros((size, length))
    for i in range(size):
        centre = i * (length - 1) / (size - 1) if size > 1 else 0.0
        for j in range(math.floor(centre) - 1, math.floor(centre) + 3):
            out[i, min(max(j, 0), length - 1)] += kernel(resample.name, j - centre, -0.75)
    return out


def sample(images: Array, rows: tuple[float, float], columns: tuple[float, float], height: int, width: int) -> Array:
    """Bilinear between the four pixels around each point; nothing outside."""

    def value(c: int, i: int, j: int) -> Any:
        y, x = rows[0] + rows[1] * i, columns[0] + columns[1] * j
        if not (0 <= y <= images.shape[1] - 1 and 0 <= x <= images.shape[2] - 1):
            return 0
        near = itertools.product(*({math.floor(point), math.ceil(point)} for point in (y, x)))
        total = math.fsum((1 - abs(y - v)) * (1 - abs(x - u)) * float(images[c, v, u]) for v, u in near)
        return math.floor(total + 0.5) if images.dtype.kind in "iu" else total

    return _made((len(images), height, width), images.dtype, value)


def grayscale(images: Array) -> Array:
    """Luma in three channels; what is grey already stays."""
    if len(images) == 1 or (images == images[:1]).all():
        return images
    luma = 0.2989 * images[0].astype(np.float64) + 0.587 * images[1] + 0.114 * images[2]
    return np.stack([luma] * 3).astype(images.dtype)


def nearest_color(images: Array, colors: Sequence[Sequence[float]]) -> Array:
    def distance(color: Sequence[float], y: int, x: int) -> float:
        return math.fsum((float(images[c, y, x]) - value) ** 2 for c, value in enumerate(color))

    def index(y: int, x: int) -> int:
        return min(range(len(colors)), key=lambda number: distance(colors[number], y, x))

    return _made(images.shape[1:], np.int64, index)


def resize_fixed(images: Array, height: int, width: int) -> Array:
    """Bilinear without antialiasing; weights of 11 bits are half a level off it at most."""
    bilinear = PILImageResampling.BILINEAR
    down, across = (matrix(*sides, bilinear, False) for sides in zip(images.shape[1:], (height, width), strict=True))
    return np.clip(np.floor(down @ images.astype(np.float64) @ across.T + 0.5), 0, 255).astype(images.dtype)


def resize_blurred(images: Array, height: int, width: int) -> Array:
    """A Gaussian of deviation `(scale - 1) / 2`, cut at three of them, mirrored edges; then two pixels each way.

    The deviation of the height is used along the width, and the other way round.
    """
    values = images.astype(np.float64)
    down, across = ((length / size - 1) / 2 for length, size in zip(images.shape[1:], (height, width), strict=True))
    for axis, sigma in ((1, across), (2, down)):
        length = images.shape[axis]
        reach = math.ceil(3 * sigma)
        weights = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(-reach, reach + 1)]
        blurred = np.zeros((length, length))
        for i in range(length):
            for k, weight in zip(range(-reach, reach + 1), weights, strict=True):
                j = abs(i + k)
                blurred[i, j if j < length else 2 * (length - 1) - j] += weight / math.fsum(weights)
        values = np.moveaxis(np.tensordot(blurred, values, (1, axis)), 0, axis)
    values = np.rint(values) if images.dtype == np.uint8 else values
    return resize(values.astype(images.dtype), height, width, PILImageResampling.BILINEAR, False)


def exp(images: Array) -> Array:
    return _made(images.shape, f32, lambda *index: math.exp(float(images[index])))


def sample_grid(images: Array, rows: Sequence[float], columns: Sequence[float], cubic: bool) -> Array:
    channels, height, width = images.shape

    def weights(place: float, length: int) -> dict[int, float]:
        centre = (place + 1) / 2 * (length - 1)
        first = math.floor(centre)
        if not cubic:
            return {first: first + 1 - centre, first + 1: centre - first}
        return {first + k: _cubic(centre - first - k) for k in (-1, 0, 1, 2)}

    def value(c: int, y: int, x: int) -> float:
        total = 0.0
        for row, down in weights(rows[y], height).items():
            for column, across in weights(columns[x], width).items():
                if 0 <= row < height and 0 <= column < width:
                    total += down * across * float(images[c, row, column])
        return total

    return _made((channels, len(rows), len(columns)), f32, value)


def _cubic(x: float, a: float = -0.75) -> float:
    x = abs(x)
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0
