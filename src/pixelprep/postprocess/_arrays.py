"""The few functions that the array API has no word for, over any library's arrays.

torch's own kernels are used for torch tensors, because the last bit of an exponential or of an interpolation depends on
the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
    """One of a model's outputs, given as attributes or as items.

    Raises:
        ValueError: there is none of this name.
    """
    value = outputs.get(name) if isinstance(outputs, Mapping) else getattr(outputs, name, None)
    if value is None:
        raise ValueError(f"the model's outputs have no {name!r}; got {type(outputs).__name__}")
    return value


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
    return xp.where(logits >= 0, 1, exponentials) / (1 + exponentials)


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


def sizes_or_none(target_sizes: Any, batch_size: int) -> Sequence[tuple[int, int] | None]:
    """One (height, width) per image, or None for each.

    Raises:
        ValueError: not one size per image.
    """
    if target_sizes is None:
        return [None] * batch_size
    check_sizes(target_sizes, batch_size)
    return [(int(height), int(width)) for height, width in target_sizes]


def check_sizes(target_sizes: Any, batch_size: int) -> None:
    """Raise ValueError unless there is one (height, width) per image."""
    try:
        fits = len(target_sizes) == batch_size and all(len(size) == 2 for size in target_sizes)
    except TypeError:
        fits = False
    if not fits:
        raise ValueError(
            f"target_sizes must hold one (height, width) per image, {batch_size} in all; got {target_sizes!r:.200}"
        )
