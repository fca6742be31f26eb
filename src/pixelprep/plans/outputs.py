"""One entry of what a call returns, before it is made: an array, a list of arrays, or plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Output:
    """One entry of what a call returns: a list or a plain value; arrays are `ArrayOutput`s.

    Attributes:
        shape: of an array, else None.
        dtype: of an array's elements, such as "float32"; else None.
        entries: what a list with arrays in it holds; else None.
    """

    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    entries: tuple[Output, ...] | None = None
    _values: Callable[[], Any] = field(default=lambda: None, repr=False, compare=False)

    @cached_property
    def values(self) -> Any:
        """What the entry holds, as nested lists, where sizes tell it (grids, counts, masks); None where pixels do."""
        return self._values()

    def as_array(self) -> ArrayOutput:
        """A list of arrays as the one array that they fill, plain values as their array.

        Raises:
            ValueError: arrays of different shapes fill none.
        """
        if self.entries is None:
            import numpy as np

            array = np.asarray(self.values)
            return ArrayOutput(array.shape, str(array.dtype), _values=array.tolist)
        parts = [entry.as_array() for entry in self.entries]
        if len({part.shape for part in parts}) > 1:
            shapes = ", ".join(str(part.shape) for part in parts)
            raise ValueError(f"entries of different shapes are no array: {shapes}")
        return ArrayOutput((len(parts), *parts[0].shape), parts[0].dtype, _values=lambda: self.values)


@dataclass(frozen=True)
class ArrayOutput(Output):
    """One array of what a call returns."""

    shape: tuple[int, ...] = ()
    dtype: str = ""

    def as_array(self) -> ArrayOutput:
        return self
