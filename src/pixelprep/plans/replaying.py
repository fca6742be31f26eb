"""Calls that are made again: what one of the same sizes and options did is done, without the family's code.

The first call of its kind runs as ever and leaves a mark. At the second the family's code runs over symbols, and the
backend lowers the verbs behind the outputs to a program, if it can; that and all later ones run the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from ..core.callers import WarnedError, warnings_refused
from ..core.errors import NeedsPixelsError
from ..core.handing import InProgress, hand_over
from ..core.limits import get_call_limits
from ..core.nesting import leaves
from ..core.schema import Options
from ..image_processing_outputs import BatchFeature
from ..ops.contract import dtype_name
from .graph import frozen, graph_of
from .symbols import Symbol, SymbolOps

MOST = 256
"""Plans, programs and marks that a processor remembers, those used last."""
MOST_WEIGHT = 2**20
"""Verbs and numbers that they hold together: some 50 MB."""


class Program(Protocol):
    """The verbs of a graph as a backend runs them again and again.

    Attributes:
        weight: verbs and numbers that it holds.
    """

    weight: int

    def __call__(self, sources: list[Any]) -> dict[str, Any]:
        """The outputs of a call, made anew, from what `Ops.sources` says of its images."""


@dataclass(slots=True)
class Kind:
    """What is known of calls of one kind.

    Attributes:
        of: options and limits, which the key tells apart by their identity: kept, so that none takes their place.
        program: that makes them; None where they are made as ever.
        tried: whether one was looked for.
    """

    of: tuple[Any, ...]
    program: Program | None = None
    tried: bool = False

    @property
    def weight(self) -> int:
        return 0 if self.program is None else self.program.weight


class Prepared(list[Any]):
    """Images as arrays of the backend, nested as `_preprocess` takes them: what is done before the first verb."""


def may_replay(processor: Any, args: tuple[Any, ...]) -> bool:
    """Whether what calls do follows from sizes, options and these arguments, on a backend that has programs."""
    cls: Any = type(processor)
    return hasattr(processor.ops, "program") and _is_known(cls) and all(map(_is_plain, args))


def replayed(processor: Any, images: Prepared, args: tuple[Any, ...], options: Options) -> BatchFeature | None:
    """What a call gives; None where it has to be made by the family's code.

    Args:
        processor: of the call; `may_replay`.
        images, args: of the call. options: resolved.
    """
    sources = processor.ops.sources(list(leaves(images)))
    if sources is None:
        return None
    limits = get_call_limits()
    key = ("again", id(options), id(limits), frozen(args), *map(_shape, images))
    kinds: dict[Any, Any] = processor.__dict__.setdefault("_plans", {})
    kind: Kind | None = kinds.pop(key, None)
    if kind is None:
        make_room(kinds)
        kinds[key] = Kind((options, limits))
        return None
    if not kind.tried:
        kind.program, kind.tried = program_of(processor, images, args, options), True
        make_room(kinds, kind.weight)
    kinds[key] = kind  # behind those that were used longer ago
    return None if kind.program is None else BatchFeature(kind.program(sources))


def program_of(processor: Any, images: Prepared, args: tuple[Any, ...], options: Options) -> Program | None:
    """The program of a call; None if what it does depends on more than sizes, or its backend has none for it."""
    if any(options[name] != value for name, value in processor.without_looking(options).items()):
        return None
    twin = processor._twin(_ops=SymbolOps(processor.ops))
    symbols = Prepared(map(_symbol, images))
    try:
        with InProgress(twin, options), warnings_refused():
            outputs = hand_over(twin._preprocess_image_like_inputs, symbols, *args, options=options)
    except (NeedsPixelsError, WarnedError):
        return None
    if type(outputs) is not BatchFeature:
        return None
    program: Program | None = processor.ops.program(graph_of(outputs, list(leaves(symbols))))
    return program


def make_room(remembered: dict[Any, Any], weight: int = 0) -> None:
    """Let go of what was used longest ago, until one more, of this weight, keeps within the bounds."""
    while remembered and (
        len(remembered) >= MOST
        or (weight and weight + sum(entry.weight for entry in list(remembered.values())) > MOST_WEIGHT)
    ):
        remembered.pop(next(iter(list(remembered)), None), None)  # a copy, for other threads let go of some too


def _symbol(image: Any) -> Any:
    return list(map(_symbol, image)) if isinstance(image, list) else Symbol(tuple(image.shape), dtype_name(image))


def _shape(image: Any) -> tuple[Any, ...]:
    return tuple(map(_shape, image)) if isinstance(image, list) else tuple(image.shape)


def _is_plain(value: Any) -> bool:
    """Whether a key tells all of it: nothing, a number, or lists of these."""
    return value is None or type(value) is int or (isinstance(value, (list, tuple)) and all(map(_is_plain, value)))


@cache
def _is_known(cls: Any) -> bool:
    """Whether all code of a class is the library's: it draws no chance but where it says so, and keeps no state."""
    package = __name__.partition(".")[0]
    ours = all(owner.__module__.partition(".")[0] in (package, "builtins") for owner in cls.__mro__)
    common: bool = cls._prepare_image_like_inputs is cls.common._prepare_image_like_inputs
    return ours and cls.planned and common
