"""Small holes and specks of masks: connected components, eight neighbours to a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def without_small_parts(logits: Array, threshold: float, max_hole_area: float, max_sprinkle_area: float) -> Array:
    """Mask logits (H, W) with holes filled and specks removed, up to an area in pixels of these logits.

    A hole is a part of the background, a speck a part of the mask; both get the threshold plus or minus ten, far enough
    to stay what they are when the mask is resized.
    """
    inside = logits > threshold
    out = logits
    if max_hole_area > 0:
        out = np.where(small_parts(~inside, max_hole_area), logits.dtype.type(threshold + 10), out)
    if max_sprinkle_area > 0:
        out = np.where(small_parts(inside, max_sprinkle_area), logits.dtype.type(threshold - 10), out)
    return out


def small_parts(mask: Array, most: float) -> Array:
    """Where a mask (H, W), bool, has connected parts of at most so many pixels."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]  # one past the last pixel
    parents = list(range(len(rows)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    first = np.searchsorted(rows, np.arange(height + 1))
    for row in range(1, height):
        above, run = int(first[row - 1]), int(first[row])
        while above < first[row] and run < first[row + 1]:
            # Runs touch where one starts no later than the pixel after the other's end, corners included.
            if starts[above] <= ends[run] and starts[run] <= ends[above]:
                one, other = root(above), root(run)
                parents[max(one, other)] = min(one, other)
            if ends[above] < ends[run]:
                above += 1
            else:
                run += 1
    roots = np.array([root(run) for run in range(len(rows))], np.int64)
    areas = np.bincount(roots, weights=ends - starts, minlength=len(rows))
    out = np.zeros((height, width), np.bool_)
    for run in np.flatnonzero(areas[roots] <= most).tolist() if len(rows) else ():
        out[rows[run], starts[run] : ends[run]] = True
    return out
