"""How much of a video changes from one frame to the next."""

from __future__ import annotations

from typing import Any

LANES, SUMS, LEVELS = 8, 4, 4
"""torch adds float32 values in 4 sums of 8 lanes each (AVX2), and those of many steps on levels of their own."""


def mean_changes(frames: Any) -> Any:
    """The mean absolute difference of each token to the same one of the frame before.

    Args:
        frames: float32 `(frames, tokens, values)`, of NumPy, torch or MLX.

    Returns:
        float32 `(frames - 1, tokens)` of the same library, NumPy's equal to torch's to the bit from 8 values on.
    """
    changes = abs(frames[1:] - frames[:-1])
    if not hasattr(changes, "__array_interface__"):
        return changes.mean(-1)
    return _sums(changes) / changes.dtype.type(changes.shape[-1])


def _sums(values: Any) -> Any:
    """The sums over the last axis of a NumPy array, added in torch's order: 0.1 or not is a matter of the last bit."""
    import numpy as np

    *shape, count = values.shape
    vectors = count // LANES
    wide = values[..., : vectors * LANES].reshape(*shape, vectors, LANES)
    steps = vectors // SUMS
    levels = np.zeros((LEVELS, *shape, SUMS, LANES), dtype=values.dtype)
    power = max(4, max(steps - 1, 0).bit_length() // LEVELS)
    for step in range(steps):
        levels[0] += wide[..., step * SUMS : (step + 1) * SUMS, :]
        for level in range(1, LEVELS):
            if (step + 1) % (1 << level * power):
                break
            levels[level] += levels[level - 1]
            levels[level - 1] = 0
    sums = levels[0]
    for level in range(1, LEVELS):
        sums = sums + levels[level]
    rest = [wide[..., vector, :] for vector in range(steps * SUMS, vectors)]
    lanes = sums[..., 0, :]
    for some in (*rest, *(sums[..., number, :] for number in range(1, SUMS))):
        lanes = lanes + some
    total = np.zeros(shape, dtype=values.dtype)
    for some in (values[..., vectors * LANES :], lanes):
        for number in range(some.shape[-1]):
            total = total + some[..., number]
    return total
