"""A call in two halves: bytes that are resized, cut and laid out, and the arithmetic on their values.

After the last byte of an image only two kinds of verbs may follow: those that give each value another one, and those
that move values. So whatever the arithmetic is, it is a table of 256 values for each channel, made by the backend's
own verbs and looked up on any device: together the two halves have the bits of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..image_processing_outputs import BatchFeature, converter
from ..ops.protocol import Ops
from .graph import Converted, Graph, Node, Ref, filled, make, taken
from .symbols import ENTRY

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

BY_CHANNEL = frozenset({"normalize", "rescale_and_normalize", "unnormalize"})
BY_VALUE = frozenset({"rescale", "cast", "clip", "round", "exp"}) | BY_CHANNEL
JOINING = frozenset({"stack", "concat"})
MOVING = frozenset({"crop", "pad", "extend", "flip_channels", "patchify", "rearrange", "unstack", ENTRY}) | JOINING
LEVELS = 256


class SplitError(ValueError):
    """A call that cannot be split at its bytes; the message says which verb stands in the way."""


@dataclass(frozen=True)
class Coded:
    """An array made of bytes: for each value the row of a table that its byte is looked up in.

    Attributes:
        classes: the row of each value, to be broadcast to `shape`.
        rows: the table, a backend's array `(1, rows, 256)`.
        shape: of the array.
    """

    classes: Array
    rows: Any
    shape: tuple[int, ...]

    @property
    def whole(self) -> Array:
        """The row of each value, in the array's own shape."""
        import numpy as np

        return np.broadcast_to(self.classes, self.shape)


class Split:
    """The two halves of a plan.

    Args:
        graph: the plan.
        verbs: of its backend.

    Raises:
        SplitError: images are no bytes, or values are mixed after the last byte: floats are resized, statistics taken.
    """

    def __init__(self, graph: Graph, verbs: Ops) -> None:
        self.graph, self.verbs = graph, verbs
        for shape, dtype in graph.inputs:
            if dtype != "uint8":
                raise SplitError(f"an image of {shape} holds {dtype}, not bytes: there is nothing to split")
        pixels = self._made_of_pixels()
        self.late = self._after_the_bytes(pixels)
        for number in sorted(self.late):
            node = self._node(number)
            if node.verb not in BY_VALUE | MOVING:
                raise SplitError(
                    f"`{node.verb}` works on floats after the last bytes, which would be little more than the image: "
                    "execute the whole call"
                )
            if node.verb in JOINING and not pixels.issuperset(taken(node)):
                raise SplitError("numbers are joined to pixels after the last bytes: execute the whole call")

    def _node(self, number: int) -> Node:
        return self.graph.nodes[number - len(self.graph.inputs)]

    def _made_of_pixels(self) -> set[int]:
        """The arrays that images stand behind."""
        start = len(self.graph.inputs)
        found = set(range(start))
        for number, node in enumerate(self.graph.nodes, start):
            if not found.isdisjoint(taken(node, like=False)):
                found.add(number)
        return found

    def _after_the_bytes(self, pixels: set[int]) -> frozenset[int]:
        """The arrays that no bytes are made of any more, but that are made of bytes."""
        start = len(self.graph.inputs)
        needed: set[int] = set()
        late: set[int] = set()
        for number in range(start + len(self.graph.nodes) - 1, start - 1, -1):
            node = self._node(number)
            if number in pixels and node.dtype != "uint8" and number not in needed:
                late.add(number)
            elif number in pixels:
                needed.update(map(int, taken(node, like=False)))
        return frozenset(late)

    # ------------------------------------------------------------------------------------------------- the first half

    def bytes_of(self, arrays: Sequence[Any]) -> dict[str, Any]:
        """The entries of what the call returns, with bytes in place of the values that are made of them."""
        made = list(arrays)
        for number, node in enumerate(self.graph.nodes, len(arrays)):
            if number in self.late and node.verb in BY_VALUE:
                made.append(made[node.arguments["images"]])
                continue
            if number in self.late:
                changes = {"fill": 0} if node.verb == "pad" else {"dtype": None} if node.verb in JOINING else {}
                node = Node(node.verb, {**node.arguments, **changes}, node.shape, "uint8")
            made.append(make(self.verbs, node, made))
        return {name: filled(value, made) for name, value in self.graph.results.items()}

    # ------------------------------------------------------------------------------------------------ the second half

    def tables(self) -> dict[str, Any]:
        """For each entry of what the call returns, in its nesting, how bytes become values; None where it has none."""
        made: dict[int, Any] = {}
        for number in sorted(self.late):
            made[number] = self._coded(self._node(number), made)
        return {name: self._lookups(value, made) for name, value in self.graph.results.items()}

    def _lookups(self, value: Any, made: Mapping[int, Any]) -> Any:
        if isinstance(value, Ref):
            return Lookup.of(made[value]) if value in made else None
        if isinstance(value, Converted):
            inner = value.value
            if isinstance(inner, (list, tuple)) and any(ref in made for ref in _refs(inner)):
                stack = Node("stack", {"nested": tuple(inner), "dtype": None}, value.shape, value.dtype)
                return Lookup.of(self._coded(stack, made))
            return self._lookups(inner, made)
        if isinstance(value, BatchFeature):
            return {name: self._lookups(entry, made) for name, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._lookups(entry, made) for entry in value]
        return None

    def _coded(self, node: Node, made: Mapping[int, Any]) -> Any:
        if node.verb == ENTRY:
            return made[node.arguments["list"]][node.arguments["index"]]
        if node.verb in JOINING:
            return self._joined(node, made)
        coded = self._taken(node.arguments["images"], made)
        return self._valued(node, coded) if node.verb in BY_VALUE else self._moved(node, coded)

    def _taken(self, ref: int, made: Mapping[int, Any]) -> Coded:
        """An array that a late node takes: one made late, or bytes, which stand for themselves."""
        if ref in made:
            return made[ref]  # type: ignore[no-any-return]
        import numpy as np

        start = len(self.graph.inputs)
        shape = self.graph.inputs[ref][0] if ref < start else self._node(ref).shape
        rows = self.verbs.from_image(np.arange(LEVELS, dtype=np.uint8)[np.newaxis], None, None)
        return Coded(np.zeros((1,) * len(shape), np.int64), rows, shape)

    def _valued(self, node: Node, coded: Coded) -> Coded:
        """The table through a verb, for each channel by itself where that has statistics of each."""
        import numpy as np

        arguments = {name: value for name, value in node.arguments.items() if name != "images"}
        channels = coded.shape[-3] if node.verb in BY_CHANNEL else 1
        rows, classes, count = coded.rows, coded.classes, coded.rows.shape[-2]
        if channels > 1:
            rows = self.verbs.concat([rows] * channels)
            classes = classes + np.arange(channels).reshape(channels, 1, 1) * count
        rows = getattr(self.verbs, node.verb)(rows, **arguments)
        if channels > 1:
            rows = self.verbs.rearrange(rows, rows.shape, (0, 1, 2), (1, channels * count, LEVELS))
        return self._compact(Coded(classes, rows, coded.shape))

    def _moved(self, node: Node, coded: Coded) -> Any:
        arguments = {name: value for name, value in node.arguments.items() if name != "images"}
        rows = coded.rows
        if node.verb == "pad":
            if isinstance(arguments["fill"], tuple):
                raise SplitError("floats are padded with a value for each channel: execute the whole call")
            # One row more, of what is filled in.
            arguments["fill"], rows = rows.shape[-2], self.verbs.pad(rows, 0, 1, 0, 0, arguments["fill"])
        moved = _over_numpy(node.verb, images=coded.whole, **arguments)
        if isinstance(moved, list):
            return [self._compact(Coded(_reduced(part), rows, part.shape)) for part in moved]
        return self._compact(Coded(_reduced(moved), rows, moved.shape))

    def _joined(self, node: Node, made: Mapping[int, Any]) -> Coded:
        """Arrays side by side, the rows of all below a row of zeros, which is what missing entries hold."""
        name = "nested" if node.verb == "stack" else "arrays"
        parts = _each(node.arguments[name], lambda ref: self._taken(ref, made))
        tables: dict[int, Any] = {id(part.rows): part.rows for part in _leaves(parts)}
        first = next(iter(tables.values()))
        rows = [self.verbs.pad(first, 1, 0, 0, 0, 0), *list(tables.values())[1:]]
        starts, offset = {}, 1
        for known, table in tables.items():
            starts[known] = offset
            offset += table.shape[-2]
        joined = self.verbs.concat(rows, dtype=node.arguments["dtype"], axis=1)
        shifted = _each(parts, lambda part: part.whole + starts[id(part.rows)])
        classes = _over_numpy(node.verb, **{**node.arguments, name: shifted, "dtype": None})
        return self._compact(Coded(_reduced(classes), joined, classes.shape))

    def _compact(self, coded: Coded) -> Coded:
        """Rows that are used, each once."""
        import numpy as np

        used, places = np.unique(coded.classes, return_inverse=True)
        bits = np.ascontiguousarray(converter("np")(coded.rows)[0][used]).view(np.uint8)
        _, first, same = np.unique(bits, axis=0, return_index=True, return_inverse=True)
        kept = used[first].tolist()
        if kept == list(range(coded.rows.shape[-2])):
            return coded
        rows = self.verbs.concat([self.verbs.crop(coded.rows, row, 0, 1, LEVELS) for row in kept], axis=1)
        return Coded(same.reshape(-1)[places].reshape(coded.classes.shape), rows, coded.shape)


@dataclass(frozen=True)
class Lookup:
    """How the bytes of one output become its values.

    Attributes:
        table: NumPy array `(rows, 256)` of the output's dtype.
        offsets: int64, where each value's row begins in the flat table; to be broadcast to the output.
        shape: of the output.
    """

    table: Array
    offsets: Array
    shape: tuple[int, ...]

    @staticmethod
    def of(coded: Coded) -> Lookup:
        """The lookup that a coded array is."""
        return Lookup(converter("np")(coded.rows)[0], coded.classes * LEVELS, coded.shape)

    def __call__(self, values: Any) -> Any:
        """Values of bytes: of a NumPy array, a torch tensor on its device, or an MLX array.

        Raises:
            ValueError: bytes of another shape or dtype than were planned.
        """
        if tuple(values.shape) != self.shape or not str(values.dtype).endswith("uint8"):
            raise ValueError(f"expected bytes of shape {self.shape}, got {tuple(values.shape)} {values.dtype}")
        library = type(values).__module__.partition(".")[0]
        if library == "torch":
            table, offsets = (tensor.to(values.device) for tensor in self.tensors)
            return table[values.long() + offsets]
        if library == "mlx":
            import mlx.core

            table, offsets = converter("mlx")(self.table.reshape(-1)), mlx.core.array(self.offsets)
            return table[values.astype(mlx.core.int64) + offsets]
        return self.table.reshape(-1)[values + self.offsets]

    @cached_property
    def tensors(self) -> tuple[Any, Any]:
        """The flat table and the offsets as tensors."""
        convert = converter("pt")
        return convert(self.table.reshape(-1)), convert(self.offsets)


def finished(features: Any, tables: Any) -> Any:
    """Outputs whose bytes have become values, in their nesting."""
    if tables is None:
        return features
    if isinstance(tables, Lookup):
        return tables(features)
    if isinstance(features, Mapping):
        return BatchFeature({name: finished(entry, tables.get(name)) for name, entry in features.items()})
    return type(features)(finished(*pair) for pair in zip(features, tables, strict=True))


def lookups(tables: Any, name: str = "") -> Iterator[tuple[str, Lookup]]:
    """All lookups of nested tables, by a name made of their place."""
    if isinstance(tables, Lookup):
        yield name, tables
    elif isinstance(tables, Mapping):
        for key, entry in tables.items():
            yield from lookups(entry, f"{name}_{key}" if name else str(key))
    elif isinstance(tables, list):
        for index, entry in enumerate(tables):
            yield from lookups(entry, f"{name}_{index}")


def _over_numpy(verb: str, **arguments: Any) -> Any:
    from ..ops.arrays import ArrayOps

    return getattr(ArrayOps(), verb)(**arguments)


def _reduced(classes: Array) -> Array:
    """One entry of each axis along which nothing changes."""
    for axis in range(classes.ndim):
        first = classes[(slice(None),) * axis + (slice(0, 1),)]
        if classes.shape[axis] > 1 and (classes == first).all():
            classes = first
    return classes


def _each(nested: Any, function: Callable[[Any], Any]) -> Any:
    return [_each(entry, function) for entry in nested] if isinstance(nested, (list, tuple)) else function(nested)


def _leaves(nested: Any) -> Iterator[Any]:
    for entry in nested:
        if isinstance(entry, (list, tuple)):
            yield from _leaves(entry)
        else:
            yield entry


def _refs(nested: Any) -> Iterator[Any]:
    return (leaf for leaf in _leaves(nested) if isinstance(leaf, Ref))
