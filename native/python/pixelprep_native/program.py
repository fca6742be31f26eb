"""Programs: the jobs behind the outputs of a call, with numbers in place of its images and memory, run again and again.

A program is made by running the verbs of a plan's graph over sources that have no pixels. What comes out must be recipes
of these sources up to the last verb, which puts them into the memory of an output; else there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from pixelprep.core.errors import NeedsPixelsError
from pixelprep.plans.graph import Graph, Ref, filled, make, refs, taken

from . import _core
from .film import Film
from .outputs import Filling, joined, memory, stacked
from .recipe import Array, Recipe, Slot, between, from_whole, rest_below, rest_of, start, store, tables, threads, view

JOINS = ("stack", "concat")
WEIGHT = 100
"""Of a job, in numbers: its tuples and what it keeps alive."""


class Memory(NamedTuple):
    """An output: shape and dtype."""

    shape: tuple[int, ...]
    type_name: str


class Place(NamedTuple):
    """A part of an output, in elements of its memory."""

    output: int
    start: int
    stop: int


class Between(NamedTuple):
    """An image between two steps: its shape in memory, and how many of its bytes are channels."""

    shape: tuple[int, int, int]
    channels: int


class Step(NamedTuple):
    """A job.

    Attributes:
        image: a number from 0 on is a source of the call, one below means image `-1 - number` between two steps.
        cut: the window of it that is read.
        tables: what values become.
        place: of the output; None for an image between two steps, which come in order.
        rest: of the core's arguments.
    """

    image: int
    cut: tuple[int, int, int, int] | None
    tables: _core.Tables
    place: Place | None
    rest: tuple[Any, ...]


@dataclass(eq=False)
class Program:
    """What the core does in a call of one kind. Nothing in it belongs to a call, so any number of them share it."""

    graph: Graph
    memories: dict[Ref, Memory] = field(default_factory=dict)
    constants: dict[Ref, Any] = field(default_factory=dict)
    levels: list[list[Step]] = field(default_factory=list)
    between: list[Between] = field(default_factory=list)
    values: list[tuple[Place, Array | int]] = field(default_factory=list)

    @property
    def weight(self) -> int:
        numbers = sum(value.base.size if value.base is not None else value.size for value in self._arrays())
        return numbers + WEIGHT * sum(map(len, self.levels)) + self.graph.weight

    def _arrays(self) -> list[Array]:
        return [value for _, value in self.values if isinstance(value, np.ndarray)] + [*self.constants.values()]

    def __call__(self, sources: Sequence[_core.Image]) -> dict[str, Any]:
        """The outputs of a call with these images."""
        made = {ref: memory(*kind) for ref, kind in self.memories.items()}
        flat = [out.reshape(-1) for out in made.values()]
        images: list[_core.Image] = []
        places = iter(self.between)
        for level in self.levels:
            jobs = []
            for image, cut, table, place, rest in level:
                source = sources[image] if image >= 0 else images[-1 - image]
                if cut is not None:
                    source = source.crop(*cut)
                if place is None:
                    shape, channels = next(places)
                    out = _core.empty(shape, "uint8")
                    images.append(_core.Image.from_array(out[:, :, :channels]))
                else:
                    out = flat[place.output][place.start : place.stop]
                jobs.append(_core.Job(source, table, out, *rest))
            _core.render(jobs, threads())
        for (output, first, last), value in self.values:
            flat[output][first:last] = value
        whole: dict[Any, Any] = {
            ref: view(out, kind.type_name)
            for (ref, out), kind in zip(made.items(), self.memories.values(), strict=True)
        }
        whole.update({ref: np.array(value) for ref, value in self.constants.items()})
        return {name: filled(value, whole) for name, value in self.graph.results.items()}


def program_of(verbs: Any, graph: Graph) -> Program | None:
    """The program of a graph; None if NumPy has a part in its outputs."""
    program = Program(graph)
    made: list[Any] = [start(Slot(number), *shape) for number, (shape, _) in enumerate(graph.inputs)]
    wanted, taken_again = set(refs(graph.results)), {ref for node in graph.nodes for ref in taken(node)}
    try:
        for node in graph.nodes:
            ref = Ref(len(made))
            if node.verb in JOINS and ref in wanted - taken_again:
                made.append(_written(program, ref, make(_Joins, node, made)))
            else:
                made.append(make(verbs, node, made))
    except NeedsPixelsError:
        return None
    program.constants = {ref: made[ref] for ref in wanted - program.memories.keys()}
    constant = all(isinstance(value, np.ndarray) for value in program.constants.values())
    return program if constant and all(kind == "uint8" for _, kind in graph.inputs) else None


class _Joins:
    """The verbs whose arrays are outputs: what is written where."""

    stack, concat = staticmethod(stacked), staticmethod(joined)


def _written(program: Program, ref: Ref, filling: Filling | None) -> None:
    """Make an output part of a program: what is to be done to write it."""
    if filling is None or any(isinstance(entry, Film) for entry, _ in filling.targets):
        raise NeedsPixelsError("NumPy makes this output")
    output, steps = len(program.memories), []
    program.memories[ref] = Memory(filling.out.shape, filling.type_name)
    origin, size = filling.out.ctypes.data, filling.out.itemsize
    _prepare(program, [entry for entry, _ in filling.targets if isinstance(entry, Recipe)])
    for entry, out in filling.targets:
        first = (out.ctypes.data - origin) // size
        place = Place(output, first, first + out.size)
        if not isinstance(entry, Recipe):
            program.values.append((place, _value(np.asarray(entry), out, filling.type_name)))
        elif entry.type_name in (filling.type_name, "float32"):
            steps.append(_step(entry, filling.type_name, place))
            if entry.below[0]:
                rest = rest_below(entry, out)
                below = np.asarray(entry.below[1], entry.dtype)
                program.values.append(
                    (place._replace(start=place.stop - rest.size), _value(below, rest, filling.type_name))
                )
        else:
            raise NeedsPixelsError("NumPy makes this output")
    program.levels.append(steps)


def _prepare(program: Program, recipes: Iterable[Recipe]) -> None:
    """The images that several steps start from, as `recipe.prepare` makes them."""
    bases = {id(recipe.source): recipe.source for recipe in recipes if isinstance(recipe.source, Recipe)}
    if not bases:
        return
    _prepare(program, bases.values())
    steps = []
    for base in bases.values():
        if "image" not in base.made:
            base.made["image"] = len(program.between)
            shape = between(base)
            program.between.append(Between(shape, base.shape[0]))
            steps.append(_step(base, "uint8", None, pixel=shape[-1]))
    program.levels.append(steps)


def _step(recipe: Recipe, type_name: str, place: Place | None, pixel: int = 0) -> Step:
    recipe = from_whole(recipe)
    source = recipe.source
    image = source.number if isinstance(source, Slot) else -1 - source.made["image"]
    return Step(image, recipe.cut, tables(recipe.steps, len(recipe.channels), type_name), place, rest_of(recipe, pixel))


def _value(array: Array, out: Array, type_name: str) -> Any:
    """What is written whatever the images are, as the memory has it; one number where all are the same."""
    written = np.empty(out.shape, out.dtype)
    store(array, written, type_name)
    flat = written.reshape(-1)
    return flat[0] if flat.size and (flat == flat[0]).all() else flat
