"""What a processor makes of one image, as named arrays: the columns of a data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import NeedsPixelsError
from ..image_processing_outputs import converter

if TYPE_CHECKING:
    import numpy as np

    from ..plans import Plan
    from ..plans.outputs import Output

    Array = np.ndarray[Any, Any]

# An output that has one shape for images of all these sizes and aspect ratios has it for every image.
_SIZES = ((480, 640), (640, 480), (60, 60), (2000, 3000), (1200, 600), (600, 1200), (100, 400), (400, 100))
_FRAMES = (4, 9, 16, 30, 8, 8, 5, 12)


@dataclass(frozen=True)
class Column:
    """An output in a data set.

    Attributes:
        dtype: of its arrays; "bfloat16" is stored as the bits of uint16, "json" is text.
        shape: that all rows have, or None where they differ.
    """

    dtype: str
    shape: tuple[int, ...] | None

    @property
    def stored(self) -> str:
        """The dtype that is written: what NumPy, Arrow and others know."""
        return {"bfloat16": "uint16", "bool": "uint8"}.get(self.dtype, self.dtype)


def flat(outputs: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Outputs as arrays: mappings by `name.key`, lists of arrays of several shapes by `name.0`, `name.1`; what holds no
    numbers as it is."""
    convert = converter("np")
    for name, value in outputs.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
            continue
        try:
            array = convert(value)
        except ValueError:  # several shapes
            array = None
        if array is not None and array.dtype.kind in "biufV":
            yield prefix + name, array
        elif isinstance(value, (list, tuple)) and any(hasattr(entry, "shape") for entry in value):
            yield from flat({str(number): entry for number, entry in enumerate(value)}, f"{prefix}{name}.")
        else:
            yield prefix + name, value


class Columns:
    """What one image becomes, by itself: what a call with it alone gives.

    The axis that counts the images of a call is left out: CLIP's `pixel_values` is `(3, H, W)` for a row.

    Args:
        processor: any image or video processor.
        in_bytes: the first half of a plan alone, whose bytes `plan.finish` makes values of.

    Raises:
        SplitError: with `in_bytes`, for families whose bytes are not the last word; see `Plan.execute`.
    """

    def __init__(self, processor: Any, in_bytes: bool = False) -> None:
        self.processor, self.in_bytes = processor, in_bytes
        self.counted = frozenset(self._counted())
        self.known: dict[str, Column] = self._known()

    def __call__(self, image: Any) -> dict[str, Any]:
        """The arrays of one image by name.

        Raises:
            as the processor.
        """
        if not self.in_bytes:
            outputs = self.processor([image], return_tensors=None)
        else:
            plan = self.processor.plan([image])
            outputs = plan.execute([image], until="uint8")
        made: dict[str, Any] = {}
        for name, value in outputs.items():
            made |= flat({name: value[0] if name in self.counted else value})
        if self.in_bytes:
            (_, made["height"], made["width"]) = plan.inputs[0][0]
        return {name: value if hasattr(value, "dtype") else _scalar(value) for name, value in made.items()}

    def check(self, outputs: Mapping[str, Any]) -> None:
        """See that the arrays of an image fit into the columns.

        Raises:
            ValueError: one has another shape than all others have.
        """
        for name, value in outputs.items():
            column = self.known.get(name)
            if column is not None and column.shape is not None and column.shape != tuple(value.shape):
                raise ValueError(
                    f"`{name}` has the shape {tuple(value.shape)}, and {column.shape} in all other rows; set a fixed "
                    "`size`, or write a sink of several shapes"
                )

    def column(self, name: str, values: Iterable[Any]) -> Column:
        """The column of an output: as it is known, or as its values are."""
        found = next((value for value in values if value is not None), None)
        return self.known.get(name) or (Column("json", None) if found is None else kind_of(found))

    def _plan(self, size: tuple[int, int], frames: int, images: int) -> Plan | None:
        described: Any = [size] * images
        if getattr(self.processor, "kind", "Image") == "Video":
            described = [(frames, *size)] * images
        try:
            plan: Plan = self.processor.plan(described, return_tensors=None)
        except (ValueError, TypeError, NotImplementedError):  # pairs of images, chance, statistics of pixels
            return None
        return plan

    def _counted(self) -> Iterator[str]:
        one, two = (self._plan(_SIZES[0], _FRAMES[0], images) for images in (1, 2))
        if one is None or two is None:
            return
        for name in one.outputs:
            if (_length(one.outputs[name]), _length(two.outputs[name])) == (1, 2):
                yield name

    def _known(self) -> dict[str, Column]:
        plans = [self._plan(size, frames, 1) for size, frames in zip(_SIZES, _FRAMES, strict=True)]
        if any(plan is None for plan in plans):
            if self.in_bytes:
                raise NeedsPixelsError(
                    f"{type(self.processor).__name__} cannot be split into bytes and a finish: sizes do not tell what "
                    "it does"
                )
            return {}
        told = [dict(self._described(plan)) for plan in plans if plan is not None]
        if self.in_bytes:
            told = [dict(_first_half(plan, of)) for plan, of in zip(plans, told, strict=True) if plan is not None]
        names = [name for name in told[0] if all(name in of for of in told)]
        return {
            name: Column(told[0][name][0], told[0][name][1] if len({of[name][1] for of in told}) == 1 else None)
            for name in names
        }

    def _described(self, plan: Plan) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
        for name, output in plan.outputs.items():
            try:
                array = output.as_array()
            except ValueError:  # an output in parts of several shapes, whose columns are known when they come
                continue
            yield name, (array.dtype, array.shape[1:] if name in self.counted else array.shape)


def _first_half(plan: Plan, told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is told of a plan's columns where it stops at the last bytes; the size of the image is wanted to go on."""
    for name, (dtype, shape) in told.items():
        yield name, ("uint8" if name in plan.byte_outputs else dtype, shape)
    yield "height", ("int64", ())
    yield "width", ("int64", ())


def _length(output: Output) -> int | None:
    if output.entries is not None:
        return len(output.entries)
    if output.shape is not None:
        return output.shape[0] if output.shape else None
    return len(output.values) if isinstance(output.values, (list, tuple)) else None


def _scalar(value: Any) -> Any:
    import numpy as np

    if isinstance(value, (bool, int, float)):
        return np.asarray(value)
    return json.dumps(value)


def kind_of(value: Any) -> Column:
    """The column that one value of it is of, where nothing more is known."""
    return Column(str(value.dtype), None) if hasattr(value, "dtype") else Column("json", None)


def as_stored(value: Any) -> Any:
    """An array in a dtype that every format knows: bfloat16 as its bits, bool as 0 and 1."""
    import numpy as np

    if value.dtype.kind == "V" or str(value.dtype) == "bfloat16":
        return value.view(np.uint16)
    return value.view(np.uint8) if value.dtype == bool else value


def as_made(value: Any, dtype: str) -> Any:
    """What `as_stored` was given."""
    import numpy as np

    if dtype == "bfloat16":
        import ml_dtypes

        return value.view(ml_dtypes.bfloat16)
    return value.view(np.bool_) if dtype == "bool" else value


def stacked(values: Iterable[Any]) -> Any:
    """Arrays of one shape as one array, others as a list."""
    import numpy as np

    values = list(values)
    shapes = {getattr(value, "shape", None) for value in values}
    return np.stack(values) if len(shapes) == 1 and None not in shapes else values
