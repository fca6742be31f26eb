"""Nested lists of arrays, of whatever library: their first array and their shape."""

from __future__ import annotations

from typing import Any

from ..core.limits import check_output
from ..core.nesting import first_leaf as first_leaf


def nested_shape(nested: Any) -> tuple[int, ...]:
    """Shape of the array that nested lists of equal arrays fill, the longest list of each level deciding.

    Raises:
        ValueError: the arrays have different shapes, or all together are more than `CallLimits` allow.
    """
    depth: list[int] = []
    level = [nested]
    while level and isinstance(level[0], (list, tuple)):
        depth.append(max(map(len, level)))
        level = [inner for entry in level for inner in entry]
    shapes = {tuple(leaf.shape) for leaf in level}
    if len(shapes) > 1:
        raise ValueError(
            f"images of different shapes cannot be stacked: {', '.join(map(str, sorted(shapes)))}; "
            "pass return_tensors=None for a list, or make the sizes equal (resize, centre crop or pad)"
        )
    shape = (*depth, *shapes.pop())
    check_output(shape)
    return shape
