"""The verbs behind the outputs of a call, as data, and how they are run: no family is known here, no pixel kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

from ..image_processing_outputs import BatchFeature, converter
from ..ops.contract import dtype_name, is_array
from ..ops.protocol import Ops
from .outputs import ArrayOutput, Output
from .symbols import CONVERTED, ENTRY, Symbol

NESTED = frozenset({"nested", "arrays"})
"""Arguments that are lists of arrays; all others are one array, or none."""
PLAIN = frozenset({int, float, bool, str, type(None)})
LIBRARIES = {"torch": "pt", "mlx": "mlx", "jax": "jax", "jaxlib": "jax"}


class Ref(int):
    """The number of an array in a plan: its inputs come first, then what each node makes."""

    def __repr__(self) -> str:
        return f"#{int(self)}"


class Node(NamedTuple):
    """One verb of a plan.

    Attributes:
        verb: a verb of `Ops`, or `ENTRY`, which takes one of the arrays that `unstack` gave.
        arguments: of the verb, by name; arrays are `Ref`s, lists are tuples.
        shape, dtype: of the array that it makes.
    """

    verb: str
    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Constant:
    """An array that is known already: nested tuples of numbers, and their dtype."""

    values: Any
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Converted:
    """An output that becomes one array of a library: "np", "pt", ..."""

    value: Any
    tensor_type: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Graph:
    """Verbs, each after those whose arrays it takes.

    Attributes:
        inputs: shape `(C, H, W)` and dtype of each image, as it reaches the first verb.
        nodes: the verbs behind the outputs.
        results: the entries of what the call returns; arrays are `Ref`s, `Constant`s and `Converted`s of them.
    """

    inputs: tuple[tuple[tuple[int, ...], str], ...]
    nodes: tuple[Node, ...]
    results: Mapping[str, Any]

    def __getstate__(self) -> dict[str, Any]:
        """What makes this plan; not what was asked of it."""
        return {part.name: self.__dict__[part.name] for part in fields(self)}

    @cached_property
    def outputs(self) -> dict[str, Output]:
        """For each entry of what the call returns its shape and dtype, and the values that follow from sizes."""
        return {name: self._output(value) for name, value in self.results.items()}

    def run(self, verbs: Ops, arrays: Sequence[Any]) -> dict[str, Any]:
        """The entries of what the call returns, made by any backend's verbs from the images.

        Args:
            verbs: of a backend, or whatever else has them.
            arrays: `(C, H, W)`, of the shapes and dtypes of `inputs`.

        Raises:
            ValueError: other images than those that were planned for.
        """
        self.refuse_others(tuple((tuple(array.shape), dtype_name(array)) for array in arrays))
        made: list[Any] = [*arrays, *[None] * len(self.nodes)]
        start = len(arrays)
        for number, (node, done) in enumerate(zip(self.nodes, self._done_with, strict=True), start):
            made[number] = make(verbs, node, made)
            for index in done:
                made[index] = None
        return {name: filled(value, made) for name, value in self.results.items()}

    def made(self, verbs: Any, arrays: Sequence[Any]) -> list[Any]:
        """Every array, those that no output keeps too: the inputs as they are given, then what each node makes."""
        made = list(arrays)
        for node in self.nodes:
            made.append(make(verbs, node, made))
        return made

    @cached_property
    def weight(self) -> int:
        """How much a plan holds: its verbs, and the numbers written in them."""
        return len(self.nodes) + sum(math.prod(node.shape) for node in self.nodes if node.verb == "integers")

    def refuse_others(self, inputs: tuple[tuple[tuple[int, ...], str], ...]) -> None:
        """Raise for images other than those that were planned for.

        Raises:
            ValueError: another number of images, or one of another shape or dtype.
        """
        if inputs != self.inputs:
            raise ValueError(
                f"this plan is for {_words(self.inputs)} (channels, height, width); got {_words(inputs)}: make a plan "
                "for these sizes"
            )

    def constant(self, ref: int) -> Any:
        """The NumPy array of a number that follows from sizes alone; None where it takes pixels."""
        if ref not in self._constants:
            return None
        from ..ops.arrays import ArrayOps

        start, verbs = len(self.inputs), ArrayOps()
        made: dict[int, Any] = {}
        for number in sorted(self._behind(ref)):
            node = self.nodes[number - start]
            arguments = {name: value for name, value in node.arguments.items() if name != "like"}
            made[number] = make(verbs, Node(node.verb, arguments, node.shape, node.dtype), made)
        return made[ref]

    # ------------------------------------------------------------------------------------------------- the graph

    @cached_property
    def _constants(self) -> frozenset[int]:
        """Numbers of the nodes that no image stands behind; where an array goes (`like`) does not count."""
        start = len(self.inputs)
        found: set[int] = set()
        for number, node in enumerate(self.nodes, start):
            if all(ref in found for ref in taken(node, like=False)):
                found.add(number)
        return frozenset(found)

    def _behind(self, ref: int) -> set[int]:
        """A constant node and all nodes that it stands on."""
        start, waiting = len(self.inputs), [int(ref)]
        found: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += map(int, taken(self.nodes[number - start], like=False))
        return found

    @cached_property
    def _done_with(self) -> list[list[Ref]]:
        """For each node the arrays that nobody needs after it, so that they are let go."""
        kept = set(refs(self.results))
        done: list[list[Ref]] = []
        for node in reversed(self.nodes):
            last = [ref for ref in dict.fromkeys(taken(node)) if ref not in kept]
            kept.update(last)
            done.append(last)
        return done[::-1]

    def _of(self, ref: int) -> tuple[tuple[int, ...], str]:
        start = len(self.inputs)
        if ref < start:
            return self.inputs[ref]
        node = self.nodes[ref - start]
        return node.shape, node.dtype

    def _output(self, value: Any) -> Output:
        if isinstance(value, Ref):
            return ArrayOutput(*self._of(value), _values=lambda: self._known(value))
        if isinstance(value, Constant | Converted):
            return ArrayOutput(value.shape, value.dtype, _values=lambda: self._known(value))
        if isinstance(value, (list, tuple)) and any(True for _ in _arrays(value)):
            return Output(entries=tuple(map(self._output, value)), _values=lambda: self._known(value))
        return Output(_values=lambda: _plain(value))

    def _known(self, value: Any) -> Any:
        """Nested lists of what sizes tell, None where they do not."""
        if isinstance(value, Ref):
            array = self.constant(value)
            return None if array is None else array.tolist()
        if isinstance(value, Converted):
            return self._known(value.value)
        if isinstance(value, Constant):
            return _plain(value.values)
        if isinstance(value, (list, tuple)):
            entries = [self._known(entry) for entry in value]
            return None if any(entry is None for entry in entries) else entries
        return value


def graph_of(results: Mapping[str, Any], inputs: Sequence[Symbol]) -> Graph:
    """The plan behind the outputs of a call over symbols."""
    numbers = {id(symbol): Ref(index) for index, symbol in enumerate(inputs)}
    nodes: list[Node] = []

    def ref(symbol: Symbol) -> Ref:
        known = numbers.get(id(symbol))
        if known is None:
            arguments: dict[str, Any] = {}
            for name, value in symbol.arguments.items():
                kind = type(value)
                if kind is Symbol:
                    arguments[name] = ref(value)
                elif kind in PLAIN:
                    arguments[name] = value
                else:
                    arguments[name] = nested(value) if name in NESTED else frozen(value)
            known = numbers[id(symbol)] = Ref(len(inputs) + len(nodes))
            nodes.append(Node(symbol.verb, arguments, symbol.shape, symbol.dtype))
        return known

    def nested(value: Any) -> Any:
        return ref(value) if isinstance(value, Symbol) else tuple(map(nested, value))

    def result(value: Any) -> Any:
        if isinstance(value, Symbol):
            if value.verb != CONVERTED:
                return ref(value)
            return Converted(result(value.arguments["value"]), value.arguments["tensor_type"], value.shape, value.dtype)
        if isinstance(value, Constant | Converted):  # of a plan that was read
            return value
        if isinstance(value, BatchFeature):
            return BatchFeature({name: result(entry) for name, entry in value.items()})
        if isinstance(value, (list, tuple)):
            return type(value)(map(result, value))
        if is_array(value):
            dtype, shape = dtype_name(value), tuple(value.shape)
            constant = Constant(frozen(value.tolist()), dtype, shape)
            library = LIBRARIES.get(type(value).__module__.partition(".")[0])
            return constant if library is None else Converted(constant, library, shape, dtype)
        return value

    made = {name: result(value) for name, value in results.items()}
    return Graph(tuple((symbol.shape, symbol.dtype) for symbol in inputs), tuple(nodes), made)


def make(verbs: Any, node: Node, made: Any) -> Any:
    if node.verb == ENTRY:
        return made[node.arguments["list"]][node.arguments["index"]]
    arguments = {
        name: made[value] if isinstance(value, Ref) else _in_place(value, made) if name in NESTED else value
        for name, value in node.arguments.items()
    }
    return getattr(verbs, node.verb)(**arguments)


def _in_place(nested: Any, made: Any) -> Any:
    """Nested lists of arrays in place of their numbers."""
    return made[nested] if isinstance(nested, Ref) else [_in_place(entry, made) for entry in nested]


def filled(value: Any, made: Sequence[Any]) -> Any:
    """An entry of what a call returns with arrays in place of their numbers."""
    if isinstance(value, Ref):
        return made[value]
    if isinstance(value, Converted):
        return converter(value.tensor_type)(filled(value.value, made))
    if isinstance(value, Constant):
        import numpy as np

        return np.array(value.values, dtype=value.dtype).reshape(value.shape)
    if isinstance(value, BatchFeature):
        return BatchFeature({name: filled(entry, made) for name, entry in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(filled(entry, made) for entry in value)
    return value


def taken(node: Node, like: bool = True) -> Iterator[Ref]:
    """The arrays that a node takes; `like` tells no values, only where they go."""
    for name, value in node.arguments.items():
        if isinstance(value, Ref) and (like or name != "like"):
            yield value
        elif name in NESTED:
            yield from refs(value)


def frozen(value: Any) -> Any:
    """Nested lists, and what gives such, as tuples."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, (list, tuple)):
        return tuple(map(frozen, value))
    return frozen(value.tolist()) if hasattr(value, "tolist") else value


def refs(value: Any) -> Iterator[Ref]:
    """The arrays that nested lists or results name."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Converted):
        yield from refs(value.value)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from refs(entry)
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from refs(entry)


def _arrays(value: Any) -> Iterator[Any]:
    """The arrays in nested results."""
    if isinstance(value, Ref | Constant | Converted):
        yield value
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _arrays(entry)


def _plain(value: Any) -> Any:
    """Nested tuples as nested lists, as arrays give their values."""
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def _words(inputs: Sequence[tuple[tuple[int, ...], str]]) -> str:
    return ", ".join(f"{shape} {dtype}" for shape, dtype in inputs) or "no image"
