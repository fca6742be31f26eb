"""The few functions that the array API has no word for, over any library's arrays.

torch's own kernels are used for torch tensors, because the last bit of an exponential or of an interpolation depends on
the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..image_utils import get_image_size, is_pil_image

Array = Any


def namespace(array: Array) -> Any:
    """The array-API namespace of an array."""
    from array_api_compat import array_namespace

    return array_namespace(array)


def is_torch(array: Array) -> bool:
    """Whether this is a torch tensor; does not import torch."""
    from array_api_compat import is_torch_array

    return is_torch_array(array)


def like(values: Any, array: Array, dtype: Any) -> Array:
    """Values as an array of the library and on the device of another."""
    from array_api_compat import device

    return namespace(array).asarray(values, dtype=dtype, device=device(array))


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """The array as a NumPy array, from wherever it is."""
    from array_api_compat import to_device

    return np.asarray(to_device(array.detach(), "cpu") if is_torch(array) else array)


def output(outputs: Any, name: str) -> Array:
    """One of a model's outputs, given as attributes or as items; half precision becomes float32.

    Nested lists and arrays of libraries that the array API does not know become NumPy arrays.

    Raises:
        ValueError: there is none of this name.
    """
    value = outputs.get(name) if isinstance(outputs, Mapping) else getattr(outputs, name, None)
    if value is None:
        raise ValueError(f"the model's outputs have no {name!r}; got {type(outputs).__name__}")
    if not hasattr(value, "shape"):
        return np.asarray(value, np.float32)
    try:
        xp = namespace(value)
    except TypeError:
        value = np.asarray(value)
        xp = namespace(value)
    # In half precision boxes of large images move in steps of pixels, and sums over queries lose their last terms.
    return xp.astype(value, xp.float32) if value.dtype.itemsize == 2 else value


def first_output(outputs: Any, *names: str) -> Array:
    """The first of a model's outputs that is there.

    Raises:
        ValueError: none of them is.
    """
    for name in names[:-1]:
        if (outputs.get(name) if isinstance(outputs, Mapping) else getattr(outputs, name, None)) is not None:
            return output(outputs, name)
    return output(outputs, names[-1])


def outputs_of_images(outputs: Any, name: str) -> list[Array]:
    """One of a model's outputs for each image; half precision becomes float32.

    It may be a list, where images have several sizes.

    Raises:
        ValueError: there is none of this name.
    """
    value = outputs.get(name) if isinstance(outputs, Mapping) else getattr(outputs, name, None)
    if isinstance(value, (list, tuple)) and value and all(hasattr(entry, "shape") for entry in value):
        return [output({name: entry}, name) for entry in value]
    return list(output(outputs, name))


def softmax(logits: Array) -> Array:
    """Probabilities along the last axis."""
    if is_torch(logits):
        return logits.softmax(-1)
    xp = namespace(logits)
    exponentials = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return exponentials / xp.sum(exponentials, axis=-1, keepdims=True)


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow."""
    if is_torch(logits):
        return logits.sigmoid()
    xp = namespace(logits)
    exponentials = xp.exp(-xp.abs(logits))
    above = xp.where(logits >= 0, 1, exponentials)
    exponentials += 1  # where it is: scores of all classes are many
    above /= exponentials
    return above


def resize_maps(maps: Array, size: tuple[int, int], mode: str, align_corners: bool = False) -> Array:
    """Maps (C, H, W) of floats resized to (C, *size) without antialiasing, with torch's values to the bit in float32.

    Args:
        maps: computed in float32 where they are no torch tensors.
        size: (height, width).
        mode: "bilinear", "bicubic" (a = -0.75) or "nearest", the pixel under the centre.
        align_corners: the centres of corner pixels lie on each other, not the corners of the maps.
    """
    if is_torch(maps):
        from torch.nn.functional import interpolate as interpolate_torch

        options = {"mode": "nearest-exact"} if mode == "nearest" else {"mode": mode, "align_corners": align_corners}
        return interpolate_torch(maps[None], size=size, **options)[0]
    from ..ops.filters import nearest_exact
    from ..ops.interpolation import interpolate

    pixels = to_numpy(maps)
    if mode == "nearest":
        rows, columns = (nearest_exact(*pair) for pair in zip(pixels.shape[-2:], size, strict=True))
        resized = pixels[:, rows][..., columns]
    else:
        resized = interpolate(pixels.astype(np.float32), *size, mode == "bicubic", align_corners)
    return like(resized, maps, maps.dtype)


def resize_bilinear(maps: Array, size: tuple[int, int]) -> Array:
    """Maps (C, H, W) of floats resized to (C, *size): bilinear, half-pixel centres, no antialiasing."""
    if is_torch(maps):
        from torch.nn.functional import interpolate

        return interpolate(maps[None], size=size, mode="bilinear", align_corners=False)[0]
    xp = namespace(maps)
    resized = maps
    # Along the width first: it is cheaper where maps grow, and the last step then runs over contiguous rows.
    for axis, length in ((2, size[1]), (1, size[0])):
        lower, upper, weights = _neighbours(maps.shape[axis], length)
        dtype = maps.dtype if maps.dtype == xp.float64 else xp.float32
        weights = xp.reshape(like(weights, maps, dtype), (-1, 1) if axis == 1 else (-1,))
        low, high = (xp.take(resized, like(index, maps, xp.int64), axis=axis) for index in (lower, upper))
        resized = low * (1 - weights) + high * weights
    return xp.astype(resized, maps.dtype, copy=False)


def _neighbours(length: int, size: int) -> tuple[np.ndarray[Any, Any], ...]:
    """For each of `size` outputs from `length` inputs: the two inputs around it, and the weight of the second."""
    # Rounded to single precision where torch does, so that both sit between the same inputs.
    scale = np.float64(np.float32(length) / np.float32(size))
    positions = ((np.arange(size) + 0.5) * scale - 0.5).astype(np.float32)
    lower = np.minimum(positions.astype(np.int64), length - 1)  # positions above -0.5 are cut to 0
    return lower, np.minimum(lower + 1, length - 1), np.clip(positions - lower.astype(np.float32), 0, 1)


def top(values: Array, count: int) -> tuple[Array, Array]:
    """The largest entries of each row of (B, n), largest first, and where they stand: both (B, min(count, n))."""
    count = min(count, values.shape[1])
    if is_torch(values):
        best, indices = values.topk(count, dim=1)
        return best, indices
    xp = namespace(values)
    if not isinstance(values, np.ndarray):
        indices = xp.argsort(values, axis=1, descending=True, stable=True)[:, :count]
        return xp.stack([row[index] for row, index in zip(values, indices, strict=True)]), indices
    indices = np.empty((len(values), count), np.int64)
    nans = np.isnan(values)
    ranked = np.where(nans, np.inf, np.minimum(values, np.finfo(values.dtype).max)) if nans.any() else values
    for row, places in zip(ranked, indices, strict=True):
        # Only what may be among the largest is sorted; equal ones in the order they come.
        least = np.partition(row, row.size - count)[row.size - count] if count else np.inf
        candidates = np.flatnonzero(row >= least)
        places[...] = candidates[np.argsort(-row[candidates], kind="stable")[:count]]
    return np.take_along_axis(values, indices, 1), indices


def largest(values: Array) -> tuple[Array, Array]:
    """The largest of the last axis and its position, the first of equals."""
    if is_torch(values):
        best, indices = values.max(dim=-1)
        return best, indices
    xp = namespace(values)
    return xp.max(values, axis=-1), xp.argmax(values, axis=-1)


def sizes_or_none(target_sizes: Any, batch_size: int) -> Sequence[tuple[int, int] | None]:
    """One (height, width) of whole pixels per image, as `image_sizes` reads them, or None for each.

    Raises:
        ValueError: not one size per image.
    """
    if target_sizes is None:
        return [None] * batch_size
    return [(int(height), int(width)) for height, width in image_sizes(target_sizes, batch_size)]


def image_sizes(target_sizes: Any, batch_size: int) -> list[tuple[float, float]]:
    """One (height, width) per image, from whatever says so.

    Args:
        target_sizes: (height, width) pairs, `{"height": ..., "width": ...}` mappings or the images themselves (Pillow
            images, arrays), in a list, a tuple, an array or a tensor (B, 2); or a single one for all images.
        batch_size: how many images there are.

    Raises:
        ValueError: not one size per image, or something that is none.
    """
    sizes = _read_sizes(target_sizes)
    if isinstance(sizes, tuple):
        return [sizes] * batch_size
    if sizes is None:
        raise ValueError(
            f"target_sizes must hold one (height, width) per image, {batch_size} in all; got {target_sizes!r:.200}"
        )
    if len(sizes) != batch_size:
        raise ValueError(
            f"target_sizes must hold one (height, width) per image, {batch_size} in all; it holds {len(sizes)}"
        )
    return sizes


def _read_sizes(value: Any) -> tuple[float, float] | list[tuple[float, float]] | None:
    """A pair if the value means one size, a list if it means several, None if it means none."""
    if isinstance(value, Mapping) and {"height", "width"} <= set(value):
        return float(value["height"]), float(value["width"])
    if is_pil_image(value):
        return value.height, value.width
    if hasattr(value, "shape"):
        shape = tuple(value.shape)
        if len(shape) > 3:
            return [get_image_size(image) for image in value]
        if len(shape) == 3 and shape[-1] != 2:
            return get_image_size(value)
        if len(shape) == 2 and shape[-1] != 2:  # a map
            return shape[0], shape[1]
        value = value.tolist()
    if not isinstance(value, list | tuple) or not value:
        return None
    if len(value) == 2 and all(_is_number(entry) for entry in value):
        height, width = (float(entry) for entry in value)
        return (height, width) if min(height, width) > 0 else None
    sizes: list[tuple[float, float]] = []
    for entry in value:
        read = None if _is_number(entry) else _read_sizes(entry)
        if read is None:
            return None
        sizes.extend([read] if isinstance(read, tuple) else read)
    return sizes


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) or getattr(value, "shape", None) == ()
