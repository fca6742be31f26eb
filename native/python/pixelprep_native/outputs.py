"""Outputs: arrays joined into the memory of one, recipes made straight into their part of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from pixelprep.ops.nesting import first_leaf, nested_shape

from . import _core
from .film import Film
from .recipe import Array, Recipe, render, store, threads, view, workers


def type_name_of(first: Any, dtype: str | None) -> str:
    """The dtype asked for where pixels are floating point; integer outputs keep theirs."""
    if isinstance(first, Recipe):
        return dtype or "float32" if first.type_name == "float32" else "uint8"
    given = np.dtype(first.dtype)
    return dtype if dtype is not None and (given.kind == "f" or given.name == "bfloat16") else given.name


def memory(shape: Sequence[int], type_name: str) -> Array:
    """Uninitialised memory of the core's, bfloat16 as uint16."""
    if type_name in ("uint8", "float16", "bfloat16", "float32"):
        return _core.empty(shape, type_name)
    dtype = np.dtype(type_name)
    return _core.empty((math.prod(shape) * dtype.itemsize,), "uint8").view(dtype).reshape(shape)


class Filling(NamedTuple):
    """The memory of an array, what is written where, and the dtype of its elements."""

    out: Array
    targets: list[tuple[Any, Array]]
    type_name: str


def stacked(nested: Sequence[Any], dtype: str | None = None) -> Filling:
    """Arrays of nested lists as one array; places that lists are too short for become zero."""
    filling = _empty(nested_shape(nested), type_name_of(first_leaf(nested), dtype))
    _assign(filling.out, nested, filling.targets)
    return filling


def _empty(shape: Sequence[int], type_name: str) -> Filling:
    return Filling(memory(shape, type_name), [], type_name)


def _assign(out: Array, nested: Any, targets: list[tuple[Any, Array]]) -> None:
    """Pair every array of nested lists with its place."""
    for index, entry in enumerate(nested):
        if isinstance(entry, (list, tuple)):
            _assign(out[index], entry, targets)
        else:
            targets.append((entry, out[index]))
    if len(nested) < len(out):
        targets.append((0, out[len(nested) :]))


def joined(arrays: Sequence[Any], dtype: str | None = None, axis: int = 0) -> Filling | None:
    """Arrays one behind the other along the first axis, recipes also along the last; None for others."""
    if axis == -1 and all(isinstance(array, Recipe) and not array.below[0] for array in arrays):
        return _beside(arrays, dtype)
    mixed = len({tuple(array.shape[1:]) for array in arrays}) > 1
    if axis != 0 or mixed or not any(isinstance(array, Recipe | Film) for array in arrays):
        return None
    first = arrays[0]
    filling = _empty((sum(array.shape[0] for array in arrays), *first.shape[1:]), type_name_of(first, dtype))
    start = 0
    for array in arrays:
        filling.targets.append((array, filling.out[start : start + array.shape[0]]))
        start += array.shape[0]
    return filling


def _beside(recipes: Sequence[Recipe], dtype: str | None) -> Filling | None:
    """Recipes of one kind of values joined along the last axis, each made into its part of every line."""
    if len({(recipe.type_name, *recipe.shape[:-1]) for recipe in recipes}) > 1:
        return None
    first, line = recipes[0], sum(recipe.shape[-1] for recipe in recipes)
    filling = _empty((*first.shape[:-1], line), type_name_of(first, dtype))
    start, flat = 0, filling.out.reshape(-1)
    for recipe in recipes:
        filling.targets.append((recipe.beside(line), flat[start:]))
        start += recipe.shape[-1]
    return filling


def filled(out: Array, targets: Sequence[tuple[Any, Array]], type_name: str) -> Any:
    """Make every recipe in its place, and convert what is an array already."""
    recipes, films = [], []
    for array, place in targets:
        if isinstance(array, Film):
            films.append((array, place))
        elif isinstance(array, Recipe) and (type_name == array.type_name or array.type_name == "float32"):
            recipes.append((array, place))
        else:
            store(np.asarray(array), place, type_name)
    if recipes:
        render(recipes, type_name)
    # One that comes out of a file is decoded on one thread: several of them at a time.
    several = len(films) > 1 and all(film.streamed for film, _ in films)
    arguments = [(film, place, type_name, not several) for film, place in films]
    workers.run(Film.write, arguments, (threads() or _core.num_threads()) if several else 1)
    return view(out, type_name)
