"""The contract of each verb as data: what its arguments must be, and the shape and dtype of what it gives.

One table, `VERBS`. `CheckedOps` asserts it at every call, and the conformance suite runs all of a backend through that.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from ..core.enums import ChannelDimension, PILImageResampling
from ..geometry import patch_axes, patch_shape
from .nesting import first_leaf, nested_shape

Arguments = Mapping[str, Any]
Shape = tuple[int, ...]
FLOATS = ("float16", "bfloat16", "float32", "float64")
_RANGES: Mapping[str, range] = {
    **{f"int{bits}": range(-(2 ** (bits - 1)), 2 ** (bits - 1)) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": range(2**bits) for bits in (8, 16, 32, 64)},
}
OTHERS = ("bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


@dataclass(frozen=True)
class Rule:
    """What a value must be: a test, given the value and all arguments, and the words for an error."""

    holds: Callable[[Any, Arguments], bool]
    words: str


@dataclass(frozen=True)
class Verb:
    """What a verb takes and gives.

    Attributes:
        arguments: rules of its own, beside those that `ARGUMENTS` has for every parameter of a name.
        shape: of the result, from the arguments; None where it is no array.
        dtypes: which the result may have; first what it has on NumPy arrays.
        result: of results that are no single array.
    """

    arguments: Mapping[str, Rule] = field(default_factory=dict)
    shape: Callable[[Arguments], Shape] | None = None
    dtypes: Callable[[Arguments], Sequence[str]] | None = None
    result: Rule | None = None


def dtype_name(array: Any) -> str:
    """The name of an array's dtype without its library: "float32", "uint8", "bool"."""
    name = str(array.dtype).rpartition(".")[2]
    return {"bool_": "bool"}.get(name, name)


def is_array(value: Any) -> TypeGuard[Any]:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _integer(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _at_least(least: int) -> Rule:
    return Rule(lambda value, a: _integer(value) and value >= least, f"an integer of at least {least}")


def _channel_values(value: Any, arguments: Arguments) -> bool:
    shape = arguments["images"].shape
    listed = isinstance(value, (list, tuple)) and all(map(_number, value))
    return listed and len(value) == (shape[-3] if len(shape) > 2 else len(value))


def _fill(value: Any, arguments: Arguments) -> bool:
    return _channel_values(value, arguments) if isinstance(value, (list, tuple)) else _number(value)


def _axes(value: Any, arguments: Arguments) -> bool:
    return sorted(value) == list(range(len(arguments["split"])))


def _rectangular(value: Any, dtype: str) -> Shape | None:
    """The shape of nested lists of integers or booleans; None where they have none, or hold what the dtype does not."""
    if not isinstance(value, (list, tuple)):
        held = isinstance(value, bool) or (_integer(value) and (dtype not in _RANGES or value in _RANGES[dtype]))
        return () if held else None
    shapes = {_rectangular(entry, dtype) for entry in value}
    if len(shapes) > 1 or None in shapes:
        return None
    return (len(value), *(shapes.pop() if shapes else ()))  # type: ignore[misc]


def _same_elements(value: Any, arguments: Arguments) -> bool:
    return -1 in value or math.prod(value) == math.prod(arguments["images"].shape)


def _divides(value: Any, arguments: Arguments) -> bool:
    channels, height, width = arguments["images"].shape[-3:]
    try:
        patch_axes(channels, height, width, value, arguments["merge"], arguments["vector"])
    except (TypeError, ValueError):
        return False
    return True


def _joinable(value: Any, arguments: Arguments) -> bool:
    shapes = [list(array.shape) for array in value]
    for shape in shapes:
        del shape[arguments["axis"]]
    return bool(shapes) and all(shape == shapes[0] for shape in shapes)


def _images(rank: int) -> Rule:
    return Rule(lambda value, a: is_array(value) and len(value.shape) >= rank, f"an array of at least {rank} axes")


ARRAY = Rule(lambda value, a: is_array(value), "an array of the backend's")
DTYPE = Rule(lambda value, a: value in (*FLOATS, *OTHERS), f"a dtype's name ({', '.join((*FLOATS, *OTHERS))})")
STATISTICS = Rule(_channel_values, "a list of finite numbers, one for each channel")
COMMON_FILLS = ("edge", "reflect", "symmetric")

ARGUMENTS: Mapping[str, Rule] = {
    "images": _images(3),
    "height": _at_least(1),
    "width": _at_least(1),
    **{name: _at_least(0) for name in ("top", "bottom", "left", "right")},
    "resample": Rule(lambda value, a: isinstance(value, PILImageResampling), "a PILImageResampling"),
    "align_corners": Rule(lambda value, a: isinstance(value, bool), "True or False"),
    "antialias": Rule(lambda value, a: isinstance(value, bool), "True or False"),
    "fill": Rule(_fill, "a finite number, or a list of one for each channel"),
    "mode": Rule(lambda value, a: value in COMMON_FILLS, " or ".join(map(repr, COMMON_FILLS))),
    "scale": Rule(lambda value, a: _number(value) and value != 0, "a finite number other than 0"),
    "mean": STATISTICS,
    "std": STATISTICS,
    "lowest": Rule(lambda value, a: _number(value), "a finite number"),
    "highest": Rule(lambda value, a: _number(value) and value >= a["lowest"], "a finite number, not below `lowest`"),
    "order": Rule(_axes, "every axis of `split` once"),
    "split": Rule(_same_elements, "a shape of as many elements as the images have"),
    "shape": Rule(_same_elements, "a shape of as many elements as the images have"),
    "patch": Rule(_divides, "a side, or (height, width), whose `merge`-fold divides the images' sides"),
    "merge": _at_least(1),
    "copies": _at_least(1),
    "vector": Rule(
        lambda value, a: sorted(value.replace(" ", "")) in (["c", "h", "w"], ["c", "h", "t", "w"]),
        "the letters c, h, w and at will t, once each, with or without spaces",
    ),
    "nested": Rule(lambda value, a: isinstance(value, (list, tuple)), "a list of arrays, or of lists of them"),
    "arrays": Rule(_joinable, "at least one array, all alike but along `axis`"),
    "axis": Rule(
        lambda value, a: _integer(value) and -len(a["arrays"][0].shape) <= value < len(a["arrays"][0].shape),
        "an axis of the arrays",
    ),
    "data_format": Rule(lambda value, a: value is None or isinstance(value, ChannelDimension), "a ChannelDimension"),
    "padded_height": Rule(lambda value, a: _integer(value) and value >= a["height"], "at least `height`"),
    "padded_width": Rule(lambda value, a: _integer(value) and value >= a["width"], "at least `width`"),
    "like": Rule(lambda value, a: value is None or is_array(value), "an array, or None"),
}


def _resized(a: Arguments) -> Shape:
    return (*a["images"].shape[:-2], a["height"], a["width"])


def _padded(a: Arguments) -> Shape:
    *lead, height, width = a["images"].shape
    return (*lead, a["top"] + height + a["bottom"], a["left"] + width + a["right"])


def kept(a: Arguments) -> Shape:
    return tuple(a["images"].shape)


def _reshaped(a: Arguments) -> Shape:
    shape, count = list(a["shape"]), math.prod(a["images"].shape)
    if -1 in shape:
        shape[shape.index(-1)] = count // -math.prod(shape)
    return tuple(shape)


def _patches(a: Arguments) -> Shape:
    *batch, channels, height, width = a["images"].shape
    patch_axes(channels, height, width, a["patch"], a["merge"], a["vector"])  # refuses sides that do not divide
    return (*batch, *patch_shape(channels, height, width, a["patch"], a["copies"], a["vector"]))


def _joined(a: Arguments) -> Shape:
    shape = list(a["arrays"][0].shape)
    shape[a["axis"]] = sum(array.shape[a["axis"]] for array in a["arrays"])
    return tuple(shape)


def listed(a: Arguments) -> Shape:
    """Of an array, or of nested lists, which their first entries tell."""
    level, shape = a["values"], []
    while isinstance(level, (list, tuple)):
        shape.append(len(level))
        level = level[0] if level else None
    return (*shape, *getattr(level, "shape", ()))


def _same(a: Arguments) -> Sequence[str]:
    return (dtype_name(a["images"]),)


def _resampled(a: Arguments) -> Sequence[str]:
    """Bytes and floats stay; integers of other widths may become float32 where a library has no such resize."""
    given = dtype_name(a["images"])
    return (given,) if given == "uint8" or given in FLOATS else (given, "uint8", "float32")


def _float32(a: Arguments) -> Sequence[str]:
    return ("float32",)


def _real(a: Arguments) -> Sequence[str]:
    """float32; bfloat16 stays, and floats of other widths may."""
    given = dtype_name(a["images"])
    return ("bfloat16",) if given == "bfloat16" else ("float32", given) if given in FLOATS else ("float32",)


def _real_kept(a: Arguments) -> Sequence[str]:
    """Floats stay; all else becomes float32."""
    return (*(name for name in _same(a) if name in FLOATS), "float32")


def _outputs(first: Callable[[Arguments], Any]) -> Callable[[Arguments], Sequence[str]]:
    """Floats in the dtype asked for; integers keep theirs."""

    def dtypes(a: Arguments) -> Sequence[str]:
        given = dtype_name(first(a))
        return (a["dtype"],) if a["dtype"] is not None and given in FLOATS else (given,)

    return dtypes


OUTPUT_DTYPE = {"dtype": Rule(lambda value, a: value is None or DTYPE.holds(value, a), f"None, or {DTYPE.words}")}
INSIDE = {
    "height": Rule(
        lambda value, a: _integer(value) and 1 <= value <= a["images"].shape[-2] - a["top"],
        "at least 1, and with `top` no more than the images' height",
    ),
    "width": Rule(
        lambda value, a: _integer(value) and 1 <= value <= a["images"].shape[-1] - a["left"],
        "at least 1, and with `left` no more than the images' width",
    ),
}

POINTS = Rule(
    lambda value, a: isinstance(value, (list, tuple)) and len(value) > 0 and all(map(_number, value)),
    "a list of finite numbers",
)
LINE = Rule(
    lambda value, a: isinstance(value, tuple) and len(value) == 2 and all(map(_number, value)),
    "(start, step), finite numbers",
)
COLORS = Rule(
    lambda value, a: bool(value) and all(_channel_values(color, a) for color in value),
    "a list of colours, each a list of one number for each channel",
)

WHOLE = Rule(
    lambda value, a: is_array(value) or _rectangular(value, a["dtype"]) is not None,
    "an array, or nested lists of one shape of integers that the dtype holds",
)

VERBS: Mapping[str, Verb] = {
    "from_image": Verb(
        result=Rule(lambda value, a: is_array(value) and len(value.shape) == 3, "an array (channels, height, width)")
    ),
    "resize": Verb(shape=_resized, dtypes=_resampled),
    "resize_float": Verb(shape=_resized, dtypes=_float32),
    "sample": Verb({"rows": LINE, "columns": LINE}, _resized, _same),
    "resize_blurred": Verb(shape=_resized, dtypes=_resampled),
    "resize_fixed": Verb(shape=_resized, dtypes=_same),
    "thumbnail": Verb(shape=_resized, dtypes=_resampled),
    "crop": Verb({"images": _images(2), **INSIDE}, _resized, _same),
    "pad": Verb({"images": _images(2)}, _padded, _same),
    "extend": Verb(shape=_padded, dtypes=_same),
    "rescale": Verb(shape=kept, dtypes=_real),
    "normalize": Verb(shape=kept, dtypes=_real),
    "rescale_and_normalize": Verb(shape=kept, dtypes=_float32),
    "unnormalize": Verb(shape=kept, dtypes=_float32),
    "standardize": Verb(shape=kept, dtypes=_float32),
    "grayscale": Verb(shape=kept, dtypes=_same),
    "nearest_color": Verb(
        {"colors": COLORS}, lambda a: (*a["images"].shape[:-3], *a["images"].shape[-2:]), lambda a: ("int64",)
    ),
    "flip_channels": Verb(shape=kept, dtypes=_same),
    "cast": Verb({"images": ARRAY, "dtype": DTYPE}, kept, lambda a: (a["dtype"],)),
    "clip": Verb({"images": ARRAY}, kept, _real_kept),
    "round": Verb({"images": ARRAY}, kept, _real_kept),
    "sample_grid": Verb(
        {"rows": POINTS, "columns": POINTS, "cubic": ARGUMENTS["antialias"]},
        lambda a: (*a["images"].shape[:-2], len(a["rows"]), len(a["columns"])),
        _float32,
    ),
    "exp": Verb({"images": ARRAY}, kept, _float32),
    "rearrange": Verb({"images": ARRAY}, _reshaped, _same),
    "patchify": Verb(shape=_patches, dtypes=_same),
    "stack": Verb(OUTPUT_DTYPE, lambda a: nested_shape(a["nested"]), _outputs(lambda a: first_leaf(a["nested"]))),
    "concat": Verb(OUTPUT_DTYPE, _joined, _outputs(lambda a: a["arrays"][0])),
    "unstack": Verb(
        {"images": _images(1)},
        result=Rule(
            lambda value, a: (
                isinstance(value, list)
                and [tuple(entry.shape) for entry in value] == [tuple(a["images"].shape[1:])] * a["images"].shape[0]
            ),
            "a list of the entries along the first axis",
        ),
    ),
    "stacking_pays": Verb({"images": ARRAY}, result=Rule(lambda value, a: isinstance(value, bool), "True or False")),
    "pixel_mask": Verb({"dtype": DTYPE}, lambda a: (a["padded_height"], a["padded_width"]), lambda a: (a["dtype"],)),
    "integers": Verb(
        {"dtype": DTYPE, "values": WHOLE},
        shape=listed,
        dtypes=lambda a: (a["dtype"],),
    ),
}
