"""What is to be done with a batch, as numbers: the jobs of native's recipes, in tables that the kernels read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixelprep_native import _core
from pixelprep_native.recipe import Recipe, offsets, rows_of_pixels, values_of

from ..arrays import numpy_dtype, to_bfloat16

Array = NDArray[Any]

FIELDS = 41
INTERPRETED = os.environ.get("TRITON_INTERPRET", "") not in ("", "0")
ROWS, COLUMNS = (32, 128) if INTERPRETED else (16, 64)
"""Of a tile. The interpreter takes its time for each operation, however many numbers it has."""
BITS = {"uint8": "uint8", "float16": "int16", "bfloat16": "int16", "float32": "int32"}
"""Of each type of output the integers that hold its bit patterns."""


class Axis(NamedTuple):
    """Some outputs of a resized axis: their first inputs, counted from `needed[0]`, numbers of inputs and weights."""

    firsts: Array
    counts: Array
    weights: Array
    precision: int
    needed: tuple[int, int]
    """The inputs `[low, high)` that they are made of."""


@lru_cache(maxsize=1024)
def axis(size: int, to: int, resample: int, antialias: bool, low: int, high: int) -> Axis:
    """The part of an axis that is looked at."""
    taps: Any = _core.taps(size, to, resample, antialias)
    firsts, counts, weights = (np.ascontiguousarray(part[low:high]) for part in taps[:3])
    first, past = int(firsts.min()), int((firsts + counts).max())
    return Axis(firsts - np.int32(first), counts, weights, taps[3], (first, past))


@lru_cache(maxsize=256)
def patterns(steps: Any, channels: int, type_name: str, pad: float) -> Array:
    """`(channels, 257)`: what the values of bytes and the padding become, as bit patterns of a type."""
    values = np.concatenate([values_of(steps, channels), np.full((channels, 1), pad, np.float32)], axis=1)
    if type_name == "bfloat16":
        wide = np.ascontiguousarray(to_bfloat16(values), dtype=np.float32)  # which bfloat16 holds
        return (wide.view(np.int32) >> 16).astype(np.int16)
    typed = np.clip(values, 0, 255) if type_name == "uint8" else values
    return np.ascontiguousarray(typed.astype(numpy_dtype(type_name))).view(BITS[type_name])


class Place(NamedTuple):
    """Pixels in a device's memory: the address, and strides in bytes of rows, pixels and channels."""

    address: int
    row: int
    pixel: int
    channel: int


@dataclass(frozen=True)
class Work:
    """A recipe whose sizes are decided, before it is known where its pixels lie.

    Attributes:
        needed: top, left, height and width of the part of the source that is read.
        columns, rows: of the resized axes, what is shown; None where nothing of the image is.
    """

    recipe: Recipe
    rows: Axis | None
    columns: Axis | None
    shown: tuple[int, int, int, int]
    needed: tuple[int, int, int, int]


def work(recipe: Recipe) -> Work:
    """What a recipe reads and shows."""
    height, width = recipe.resized
    top, left, tall, wide = recipe.window
    low, high = max(top, 0), min(top + tall, height)
    before, after = max(left, 0), min(left + wide, width)
    cut_top, cut_left = recipe.cut[:2] if recipe.cut else (0, 0)
    if low >= high or before >= after:
        return Work(recipe, None, None, (0, 0, 0, 0), (0, 0, 0, 0))
    resize = recipe.resize
    how = (resize.resample, resize.antialias) if resize else (0, True)
    rows = axis(recipe.size[0], height, *how, low, high)
    columns = axis(recipe.size[1], width, *how, before, after)
    needed = (
        cut_top + rows.needed[0],
        cut_left + columns.needed[0],
        rows.needed[1] - rows.needed[0],
        columns.needed[1] - columns.needed[0],
    )
    return Work(recipe, rows, columns, (low - top, before - left, high - low, after - before), needed)


class Tables:
    """Jobs, and what they share, for one launch of each kernel."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.planes = 0
        self._rows: list[list[int]] = []
        self._tiles: tuple[list[int], list[int]] = ([], [])
        self._parts: dict[str, list[Array]] = {"whole": [], "counts": [], "weights": [], "values": []}
        self._known: dict[int, int] = {}
        self._lengths = dict.fromkeys(self._parts, 0)

    def add(self, work: Work, place: Place, origin: tuple[int, int], out: int, *, pixel: int = 0) -> None:
        """One job.

        Args:
            work: what it is.
            place: where the source's pixels lie; `origin` is the row and column of the source that lies there.
            out: address of the output.
            pixel: write pixels of so many bytes, rows of an image, instead of the recipe's layout.
        """
        recipe = work.recipe
        channels = len(recipe.channels)
        canvas = recipe.canvas or recipe.window[2:]
        layout = rows_of_pixels(*canvas, pixel) if pixel else offsets(channels, *canvas, recipe.layout)
        row_offsets, column_offsets, channel_stride, copies, copy_stride = layout
        top, left, tall, wide = work.shown
        row = [0] * FIELDS
        row[3] = channels
        if work.rows is not None and work.columns is not None:
            lines = work.rows.needed[1] - work.rows.needed[0]
            row[0] = (
                place.address + (work.needed[0] - origin[0]) * place.row + (work.needed[1] - origin[1]) * place.pixel
            )
            row[1:3] = place.row, place.pixel
            row[4 : 4 + channels] = [channel * place.channel for channel in recipe.channels]
            row[8:16] = (
                lines,
                wide,
                work.columns.weights.shape[1],
                work.columns.precision,
                self._part("counts", work.columns.firsts),
                self._part("counts", work.columns.counts),
                self._part("weights", work.columns.weights),
                self.planes,
            )
            self.planes += channels * lines * wide
            row[25:30] = (
                work.rows.weights.shape[1],
                work.rows.precision,
                self._part("counts", work.rows.firsts),
                self._part("counts", work.rows.counts),
                self._part("weights", work.rows.weights),
            )
            self._add_tiles(0, lines, wide)
        else:
            row[26] = 1  # a shift must not be negative
        row[16:18] = canvas
        row[18:22] = *recipe.place, *recipe.window[2:]
        row[22:25] = recipe.place[0] + top, recipe.place[1] + left, tall
        row[30] = self._part("values", patterns(recipe.steps, channels, self.type_name, recipe.pad))
        row[31] = out
        row[32:37] = (
            self._part("whole", row_offsets),
            self._part("whole", column_offsets),
            channel_stride,
            copies,
            copy_stride,
        )
        row[37 : 37 + channels] = list(recipe.fill) or [0] * channels
        self._add_tiles(1, *canvas)
        self._rows.append(row)

    def _add_tiles(self, kernel: int, rows: int, columns: int) -> None:
        self._tiles[kernel].append(len(self._rows))
        self._tiles[kernel].append(-(-rows // ROWS) * -(-columns // COLUMNS))

    def _part(self, name: str, part: Array) -> int:
        """Where a part begins, in elements; the same array is there once."""
        known = self._known.get(id(part))
        if known is None:
            known = self._known[id(part)] = self._lengths[name]
            self._parts[name].append(part)
            self._lengths[name] += part.size
        return known

    def arrays(self) -> dict[str, Array]:
        """Every table, by its name in the kernels, those of tiles with the number of the kernel."""
        found: dict[str, Array] = {"jobs": np.array(self._rows, dtype=np.int64).reshape(-1)}
        types = {"whole": "int64", "counts": "int32", "weights": "int16", "values": BITS[self.type_name]}
        for name, parts in self._parts.items():
            joined = np.concatenate([part.reshape(-1) for part in parts]) if parts else np.zeros(1)
            found[name] = joined.astype(types[name], copy=False)
        for kernel, tiles in enumerate(self._tiles):
            jobs, numbers = np.array(tiles[0::2], dtype=np.int32), np.array(tiles[1::2], dtype=np.int64)
            ends = np.cumsum(numbers)
            found[f"tile_job{kernel}"] = np.repeat(jobs, numbers)
            starts = np.repeat(ends - numbers, numbers)
            found[f"tile_number{kernel}"] = (np.arange(len(starts)) - starts).astype(np.int32)
        return found


def sources(works: Sequence[Work]) -> dict[int, tuple[Any, tuple[int, int, int, int]]]:
    """Each source by its id, and the box (top, left, height, width) of it that jobs read."""
    boxes: dict[int, tuple[Any, tuple[int, int, int, int]]] = {}
    for part in works:
        if part.rows is None:
            continue
        source, (top, left, height, width) = part.recipe.source, part.needed
        known = boxes.get(id(source))
        if known is not None:
            other = known[1]
            bottom, right = max(top + height, other[0] + other[2]), max(left + width, other[1] + other[3])
            top, left = min(top, other[0]), min(left, other[1])
            height, width = bottom - top, right - left
        boxes[id(source)] = source, (top, left, height, width)
    return boxes
