"""Symbols: arrays without elements that know the verb that would make them.

A family's code runs over symbols as it runs over pixels; the verbs behind its outputs are the plan. What a verb gives
follows from its row of `ops.contract.VERBS`, so that a new verb needs nothing here.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn

from ..core.enums import ChannelDimension
from ..core.errors import NeedsPixelsError
from ..core.limits import check_output, check_target
from ..ops.contract import VERBS, dtype_name
from ..ops.nesting import first_leaf
from ..ops.protocol import VERB_NAMES, Conventions, Ops

INPUT, ENTRY, CONVERTED = "input", "entry", "converted"
"""What makes a symbol and is no verb: an image that came, one of the arrays that `unstack` gives, and an output that
becomes one array of the library asked for."""


class _NoElementsError(NeedsPixelsError, AttributeError):
    """So that `hasattr` works."""


class Symbol:
    """An array without elements: its shape, its dtype, and the verb and arguments that would make it.

    Whatever is neither a verb nor a question of shape and dtype is an error, for its answer would be made up.

    Args:
        shape: an image's is `(channels, height, width)`; `(..., C, H, W)` in general.
        dtype: "uint8", "float32", ...
        verb: a verb of `Ops`, or `INPUT`, `ENTRY`, `CONVERTED`.
        arguments: of the verb, by name, in the order of its signature; of an image its file's `orientation`.
    """

    __slots__ = ("arguments", "dtype", "shape", "verb")

    channel_dim = ChannelDimension.FIRST
    """Where an image keeps its channels, whatever its sides look like."""

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: str = "uint8",
        verb: str = INPUT,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self.shape, self.dtype, self.verb, self.arguments = shape, dtype, verb, arguments or {}

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Symbol({self.verb} {self.shape} {self.dtype})"

    @staticmethod
    def converted(value: Any, tensor_type: str) -> Symbol:
        """An output, a symbol or lists of them, as the one array of a library that it will become.

        Raises:
            ValueError: lists that fill no array.
        """
        shape = value.shape if isinstance(value, Symbol) else _stacked(value)
        return Symbol(shape, first_leaf(value).dtype, CONVERTED, {"value": value, "tensor_type": tensor_type})

    def __getattr__(self, name: str) -> NoReturn:
        raise _NoElementsError(
            f"what is on an image cannot be told from its size: `{name}` needs its pixels. Before a call is made, "
            "arrays have a shape and a dtype, and go through the verbs of `self.ops`"
        )

    def _refuse(self, *_: Any) -> Any:
        raise NeedsPixelsError(
            "what is on an image cannot be told from its size: this needs its pixels. Before a call is made, arrays "
            "have a shape and a dtype, and go through the verbs of `self.ops`"
        )

    __array__ = __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __getitem__ = __setitem__ = __iter__ = __contains__ = __float__ = __int__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refuse
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refuse
    __neg__ = __pos__ = __abs__ = __invert__ = __round__ = _refuse
    __hash__ = object.__hash__


def _stacked(nested: Any) -> tuple[int, ...]:
    shapes = {entry.shape if isinstance(entry, Symbol) else _stacked(entry) for entry in nested}
    if len(shapes) != 1:
        raise ValueError("all input arrays must have the same shape")
    return (len(nested), *shapes.pop())


class SymbolOps:
    """The verbs of `Ops` over symbols; each is made from the contract's row of its name.

    Attributes:
        inputs: the images that came, in order, as symbols.
        arrays: the same as arrays of `verbs`; None where an image came as a symbol.

    Args:
        verbs: of the backend that is planned for; its conventions hold, and images that have pixels become its arrays.
    """

    name: ClassVar[str] = "shape"
    tensor_type: str = "np"
    conventions: Conventions = Conventions()
    makes_windows: bool = False

    def __init__(self, verbs: Ops | None = None) -> None:
        self._verbs = verbs
        self.inputs: list[Symbol] = []
        self.arrays: list[Any] = []
        if verbs is not None:
            self.tensor_type, self.conventions = verbs.tensor_type, verbs.conventions
            self.makes_windows = getattr(verbs, "makes_windows", False)
            if hasattr(verbs, "loading"):
                self.loading = verbs.loading

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Symbol:
        array = None
        if not isinstance(image, Symbol):
            if self._verbs is None:
                raise TypeError(f"a dry run takes symbols, not {type(image).__name__}")
            array = self._verbs.from_image(image, data_format, device)
            image = array
        shape = tuple(image.shape)
        facts = image.arguments if isinstance(image, Symbol) else None
        symbol = Symbol(shape if len(shape) > 2 else (1, *shape), dtype_name(image), INPUT, facts)
        if self._verbs is not None:  # else all callers share this object
            self.inputs.append(symbol)
            self.arrays.append(array)
        return symbol

    def film(self, frames: list[Symbol]) -> Symbol:
        """Frames as one video: one input where they came as they are."""
        count = len(frames)
        if [id(frame) for frame in self.inputs[-count:]] != [id(frame) for frame in frames]:
            stacked: Symbol = self.stack(frames)  # type: ignore[attr-defined]
            return stacked
        made = self.arrays[-count:]
        film = getattr(self._verbs, "film", None) or self._verbs.stack  # type: ignore[union-attr]
        del self.inputs[-count:], self.arrays[-count:]
        self.inputs.append(Symbol((count, *frames[0].shape), frames[0].dtype, INPUT))
        self.arrays.append(None if any(array is None for array in made) else film(made))
        return self.inputs[-1]

    def unstack(self, images: Symbol) -> list[Symbol]:
        parts = Symbol(images.shape, images.dtype, "unstack", {"images": images})
        return [
            Symbol(images.shape[1:], images.dtype, ENTRY, {"list": parts, "index": i}) for i in range(images.shape[0])
        ]

    def stacking_pays(self, images: Symbol) -> bool:
        return False


_RESIZING = frozenset({"resize", "resize_float", "thumbnail", "pad", "extend"})
_JOINING = frozenset({"stack", "concat"})


def _verb(name: str) -> Callable[..., Symbol]:
    """The verb of that name over symbols: its shape and dtype are those of the contract."""
    signature = inspect.signature(getattr(Ops, name))
    names = tuple(signature.parameters)[1:]
    ends = tuple(signature.parameters[key].default for key in names)
    required = ends.count(inspect.Parameter.empty)
    shape_of, dtypes_of = VERBS[name].shape, VERBS[name].dtypes
    if shape_of is None or dtypes_of is None:
        raise TypeError(f"the contract of `{name}` does not say the shape and the dtype of what it gives")

    def filled(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Every argument in its order: what `Signature.bind` does, in a tenth of its time."""
        left = dict(zip(names[len(args) :], ends[len(args) :], strict=True))
        found = args + tuple(kwargs.get(key, end) for key, end in left.items())
        strange = len(args) > len(names) or not kwargs.keys() <= left.keys()
        if strange or any(end is inspect.Parameter.empty for end in found):
            signature.bind(None, *args, **kwargs)  # raises, for they do not fit
        return found

    @functools.wraps(getattr(Ops, name))
    def verb(self: SymbolOps, *args: Any, **kwargs: Any) -> Any:
        if kwargs or not required <= len(args) <= len(names):
            args = filled(args, kwargs)
        arguments = dict(zip(names, args + ends[len(args) :], strict=True))
        shape = shape_of(arguments)
        if name in _JOINING:
            check_output(shape)
        elif name in _RESIZING and not self.makes_windows:
            check_target(shape[-2], shape[-1], args[0].shape)
        return Symbol(shape, dtypes_of(arguments)[0], name, arguments)

    return verb


for _name in VERB_NAMES:
    if _name not in vars(SymbolOps):
        setattr(SymbolOps, _name, _verb(_name))
