"""What a call gives: lists of arrays that are to be one, made at the very end, in the dtype of the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.nesting import holds_arrays
from .nesting import map_images

if TYPE_CHECKING:
    from ..ops.protocol import Array, Ops


@dataclass(frozen=True, slots=True)
class Stacked:
    """Arrays of one shape that become one array; in nested lists, missing entries of shorter ones become zeros.

    Whatever `return_tensors` says, and only when the outputs are made: a backend writes them once, in their dtype.
    """

    arrays: list[Any]

    def make(self, verbs: Ops, dtype: str | None) -> Array:
        return verbs.stack(self.arrays, dtype)


@dataclass(frozen=True, slots=True)
class Joined:
    """Arrays that become one array along an axis that they have; else as `Stacked`."""

    arrays: list[Any]
    axis: int = 0

    def make(self, verbs: Ops, dtype: str | None) -> Array:
        return verbs.concat(self.arrays, dtype, axis=self.axis)


def make_output(verbs: Ops, value: Any, dtype: str | None, one_array: bool) -> Any:
    """One output: its floats in `dtype`, if given, and a list of arrays as one array if `one_array` says so."""
    if isinstance(value, Stacked | Joined):
        return value.make(verbs, dtype)
    if isinstance(value, list) and value and isinstance(value[0], Stacked):
        if one_array and len({len(entry.arrays) for entry in value}) == 1:
            return verbs.stack([entry.arrays for entry in value], dtype)
        value = [entry.make(verbs, dtype) for entry in value]
        return verbs.stack(value) if one_array else value
    if isinstance(value, list) and holds_arrays(value):
        if one_array:
            return verbs.stack(value, dtype)
        return map_images(lambda image: verbs.unstack(verbs.stack([image], dtype))[0], value)
    if dtype is None or dtype == "uint8":
        return value
    given = str(getattr(value, "dtype", ""))
    return verbs.cast(value, dtype) if "float" in given and not given.endswith(dtype) else value
