"""Videos that are not made yet: frames that share their steps, made a few at a time, straight into the output."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pixelprep.core.limits import check_target
from pixelprep.core.threads import LateImage, ahead

from . import _core
from .recipe import Array, Layout, Recipe, axis_groups, make, render, store, threads

TOGETHER = 8
"""Frames that are decoded and made at a time: enough for the threads, few enough for the memory. Where one is resized
twice, only as many as there are threads, so that what is between stays in cache; so of a file, whose frames are decoded
one after the other anyway."""


@dataclass(eq=False)
class LateFrame:
    """A frame that no recipe can make: what a verb gives of one, made when its place in the output is known."""

    source: Any
    verb: Callable[[Any], Any]
    shape: tuple[int, ...]
    dtype: Any

    def make(self) -> Array:
        """The array, anew each time."""
        late = isinstance(self.source, LateFrame)
        return np.asarray(self.verb(self.source.make() if late else _afresh(self.source)))


@dataclass(eq=False)
class Film:
    """A video `(T, C, H, W)` of frames to be made, or another shape if `weave` lays all frames out together.

    Args:
        frames: a `Recipe`, a `LateFrame` or an array each, all of one shape and dtype.
        shape: of the whole.
        weave: `(T, C, H, W)` is split to its `split`, whose first axes hold the frames, and permuted by its `order`.
    """

    frames: tuple[Any, ...]
    shape: tuple[int, ...]
    weave: Layout | None = None
    made: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> Any:
        return self.frames[0].dtype

    @property
    def type_name(self) -> str:
        return np.dtype(self.dtype).name

    @property
    def streamed(self) -> bool:
        """Whether frames come out of a file, one behind the other."""
        source: Any = self.frames[0]
        while isinstance(source, Recipe | LateFrame):
            source = source.source
        return isinstance(source, LateImage) and source.in_order

    def each(self, verb: Callable[[Any], Any]) -> Any:
        """What a verb of frames gives of all: a film again, unless the frames are laid out already."""
        if self.weave is not None:
            return verb(np.asarray(self))
        first, *others = self.frames
        made = verb(first.make() if isinstance(first, LateFrame) else _afresh(first))
        if isinstance(made, Recipe):
            return film([verb(frame) for frame in self.frames])
        late = [LateFrame(frame, verb, made.shape, made.dtype) for frame in others]
        return film([made, *late])

    def woven(self, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Film | None:
        """All frames laid out as one array; None where they must be made for it."""
        count, frame = _leading(split, len(self.frames)), self.frames[0]
        if self.weave is not None or -1 in (*split, *shape) or count is None:
            return None
        if isinstance(frame, Recipe) and (frame.layout or axis_groups(split[count:], frame.shape) is None):
            return None
        return Film(self.frames, tuple(shape), Layout(tuple(split), tuple(order), frames=count))

    def unstacked(self) -> list[Any]:
        """The entries along the first axis: frames, which stay unmade, or arrays."""
        if self.weave is not None:
            return list(np.asarray(self))
        return [frame.make() if isinstance(frame, LateFrame) else frame for frame in self.frames]

    def write(self, out: Array, type_name: str, alone: bool = True) -> None:
        """Make all frames into contiguous memory of this shape, a few at a time, in order.

        Args:
            out: the memory. type_name: of its elements.
            alone: whether no other film is written meanwhile; then frames of a file are decoded beside the making of
                those before them, where there are threads for it.
        """
        together, several = TOGETHER, threads() or _core.num_threads()
        if self.streamed or any(
            isinstance(frame, Recipe) and isinstance(frame.source, Recipe) for frame in self.frames
        ):
            together = min(TOGETHER, several)
        if self.streamed and alone and several > 1:
            batches = ahead(self._batches(out, type_name, 1))
        else:
            batches = self._batches(out, type_name, together)
        for targets, others in batches:
            for frame, view in others:
                store(_value(frame).reshape(view.shape), view, type_name)
            if targets:
                render(targets, type_name)

    def _batches(self, out: Array, type_name: str, together: int) -> Iterator[tuple[list[Any], list[Any]]]:
        """Frames with their places, so many at a time: those that a recipe makes, decoded, and others."""
        places = self._places(out)
        for start in range(0, len(self.frames), together):
            targets, others = [], []
            for frame in self.frames[start : start + together]:
                place, changes, view = next(places)
                if isinstance(frame, Recipe) and frame.type_name in (type_name, "float32"):
                    targets.append((_decoded(_afresh(frame)).then(**changes), place))
                else:
                    others.append((frame, view))
            yield targets, others

    def _places(self, out: Array) -> Iterator[tuple[Array, dict[str, Any], Array]]:
        """For each frame the memory that its recipe writes to and with which layout, and its part of the output."""
        if self.weave is None:
            yield from ((out[index], {}, out[index]) for index in range(len(self.frames)))
            return
        split, order = self.weave.split, self.weave.order
        lengths = [split[axis] for axis in order]
        whole = out.reshape(lengths).transpose([order.index(axis) for axis in range(len(order))])
        count, flat = self.weave.frames, out.reshape(-1)
        strides = [math.prod(lengths[order.index(axis) + 1 :]) for axis in range(count)]
        for index in np.ndindex(*split[:count]):
            base = sum(i * stride for i, stride in zip(index, strides, strict=True))
            yield flat[base:], {"layout": self.weave}, whole[index]

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if "array" not in self.made:
            first = self.frames[0]
            check_target(*first.shape[-2:], first.shape)
            out = np.empty(self.shape, self.dtype)
            self.write(out, self.type_name)
            self.made["array"] = out
        array = self.made["array"]
        return array.astype(dtype) if dtype is not None and array.dtype != dtype else array

    def __getitem__(self, index: Any) -> Any:
        return np.asarray(self)[index]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)


def film(frames: Sequence[Any]) -> Film:
    """The film of frames of one shape."""
    return Film(tuple(frames), (len(frames), *frames[0].shape))


def _leading(split: Sequence[int], frames: int) -> int | None:
    """How many of the first axes hold the frames and nothing else; None if no number does."""
    products = list(itertools.accumulate(split, operator.mul))
    return products.index(frames) + 1 if frames in products else None


def _afresh(frame: Any) -> Any:
    """A frame whose pixels, once made, nobody keeps."""
    if not isinstance(frame, Recipe):
        return frame
    return frame.then(source=_afresh(frame.source))


def _decoded(frame: Recipe) -> Recipe:
    """A frame whose file, or whose place in a stream of frames, is decoded: here, for frames follow one another."""
    source = frame.source
    if isinstance(source, Recipe):
        return frame.then(source=_decoded(source))
    if isinstance(source, LateImage) and source.in_order and source.pixels is None:
        return frame.then(source=_core.Image.from_array(source.decode()))
    return frame


def _value(frame: Any) -> Array:
    if isinstance(frame, LateFrame):
        return frame.make()
    return make(_afresh(frame)) if isinstance(frame, Recipe) else np.asarray(frame)
