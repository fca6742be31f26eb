"""Nested lists of arrays, of whatever library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_NONE = object()


def first_leaf(nested: Any, default: Any = _NONE) -> Any:
    """What stands first in nested lists, behind empty ones.

    Raises:
        ValueError: there is nothing, and no default.
    """
    while isinstance(nested, (list, tuple)):
        nested = next((entry for entry in nested if not isinstance(entry, (list, tuple)) or entry), default)
        if nested is _NONE:
            raise ValueError("there is no image to stack")
    return nested


def holds_arrays(value: Any) -> bool:
    """Whether what stands first in nested lists is an array."""
    return hasattr(first_leaf(value, None), "shape")


def leaves(nested: Any) -> Iterator[Any]:
    """What nested lists hold, in order, without the lists around it."""
    for entry in nested:
        if isinstance(entry, (list, tuple)):
            yield from leaves(entry)
        else:
            yield entry


def fill(out: Any, nested: Any) -> None:
    """Write nested lists of arrays into one array, each into its place; places that lists are too short for stay."""
    for index, entry in enumerate(nested):
        if isinstance(entry, (list, tuple)):
            fill(out[index], entry)
        else:
            out[index] = entry
