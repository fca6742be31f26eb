"""Images that are not made yet: what to do with the pixels of a photograph, done in one pass when somebody looks."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pixelprep.core.errors import NeedsPixelsError
from pixelprep.core.limits import check_target
from pixelprep.core.threads import LateImage, Workers
from pixelprep.ops.arrays import numpy_dtype

from . import _core

Array = NDArray[Any]
DTYPES = {"uint8": np.dtype("uint8"), "float32": np.dtype("float32")}
Step = tuple[str, tuple[float, ...], tuple[float, ...]]
"""One operation on values: its verb and its numbers, e.g. `("normalize", mean, std)`."""

# The renderer's own: those that load files have theirs.
workers = Workers()


class Slot(NamedTuple):
    """In place of an image that each call brings: its number among them."""

    number: int


class Resize(NamedTuple):
    """A resampling of a whole image."""

    height: int
    width: int
    resample: int
    antialias: bool


class Layout(NamedTuple):
    """Where the pixels of a `(C, H, W)` canvas go: it is split to `split`, its axes permuted by `order`.

    `copies` repeats axis `copy_axis` of the permuted array, which has length one before. Where the canvas is a frame of
    a video, the first `frames` axes of `split` say which one and are not split. `line` is the length of the last axis
    and what it is in memory, where the array stands beside others.
    """

    split: tuple[int, ...]
    order: tuple[int, ...]
    copies: int = 1
    copy_axis: int = 0
    frames: int = 0
    line: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Recipe:
    """A `(C, H, W)` image to be made from 8-bit pixels, or another shape if it has a `layout`.

    In this order: the source, cut to `cut`, is resized; `window` of the result is taken, `fill` where it reaches
    outside; the values go through `steps`; the canvas `canvas` around it, placed at `place`, takes `pad`; `layout`.
    """

    source: Any  # a `_core.Image`, a `LateImage`, a `Slot`, or a `Recipe` of 8-bit pixels
    shape: tuple[int, ...]
    size: tuple[int, int]  # of the source after `cut`
    channels: tuple[int, ...]  # the source's channel of each of ours
    window: tuple[int, int, int, int]  # top, left, height, width
    cut: tuple[int, int, int, int] | None = None
    resize: Resize | None = None
    fill: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    type_name: str = "uint8"
    canvas: tuple[int, int] | None = None
    place: tuple[int, int] = (0, 0)
    pad: float = 0.0
    layout: Layout | None = None
    below: tuple[int, float] = (0, 0.0)  # so many entries of the first axis behind those of the layout, of one value
    whole: Recipe | None = None  # the image of 8-bit pixels that this one was cropped from
    made: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> Any:
        return DTYPES[self.type_name]

    @property
    def bare(self) -> bool:
        """Whether these are still 8-bit pixels of an image, with nothing done to their values or places."""
        return self.type_name == "uint8" and self.canvas is None and self.layout is None

    @property
    def resized(self) -> tuple[int, int]:
        return (self.resize.height, self.resize.width) if self.resize else self.size

    def then(self, **changes: Any) -> Recipe:
        """This recipe with some entries replaced; `dataclasses.replace` in a tenth of its time."""
        changed = object.__new__(Recipe)
        changed.__dict__.update(self.__dict__, made={}, **changes)
        return changed

    def beside(self, line: int) -> Recipe:
        """This recipe for memory whose last axis is so long, because others stand there too."""
        layout = self.layout or Layout(self.shape, tuple(range(self.ndim)))
        return self.then(layout=layout._replace(line=(self.shape[-1], line)))

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = make(self)
        return array.astype(dtype) if dtype is not None and array.dtype != dtype else array

    def __getitem__(self, index: Any) -> Any:
        return make(self)[index]

    def __getattr__(self, name: str) -> Any:
        # What the dry run's arrays do not have (max, mean, ...) is NumPy's.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(make(self), name)


CHANNELS = [tuple(range(count)) for count in range(5)]
_NOTHING = Recipe(None, (), (0, 0), (), (0, 0, 0, 0))


def start(source: Any, channels: int, height: int, width: int) -> Recipe:
    """The recipe of a source as it is."""
    # Not by the constructor, which a frozen dataclass makes slow.
    made = object.__new__(Recipe)
    made.__dict__.update(
        _NOTHING.__dict__,
        source=source,
        shape=(channels, height, width),
        size=(height, width),
        channels=CHANNELS[channels] if channels < len(CHANNELS) else tuple(range(channels)),
        window=(0, 0, height, width),
        made={},
    )
    return made


def make(recipe: Recipe) -> Array:
    """The array of a recipe, made once."""
    if "array" not in recipe.made:
        check_target(*recipe.window[2:], recipe.size)
        out = _core.empty(recipe.shape, recipe.type_name)
        render([(recipe, out)], recipe.type_name)
        recipe.made["array"] = out
    array: Array = recipe.made["array"]
    return array


def render(targets: Sequence[tuple[Recipe, Array]], type_name: str) -> None:
    """Make recipes straight into contiguous memory of their shape, on as many threads as the core may use.

    Args:
        targets: each recipe and its memory, for "bfloat16" as uint16.
        type_name: of the memory's elements; "uint8" only for 8-bit pixels.
    """
    prepare(recipe for recipe, _ in targets)
    for recipe, out in targets:
        if recipe.below[0]:
            store(np.asarray(recipe.below[1], recipe.dtype), rest_below(recipe, out), type_name)
    files: dict[int, list[tuple[Recipe, Array]]] = {}
    jobs = []
    for recipe, out in targets:
        if isinstance(recipe.source, LateImage) and recipe.source.pixels is None:
            files.setdefault(id(recipe.source), []).append((recipe, out))
        else:
            jobs.append(job(recipe, out, type_name))
    _core.render(jobs, threads())
    if not files:
        return

    # File after file, so that the pixels of one are done with before those of the next need memory and cache.
    def from_file(*some: tuple[Recipe, Array]) -> None:
        image = _core.Image.from_array(some[0][0].source.decode())
        _core.render([job(recipe.then(source=image), out, type_name) for recipe, out in some], 1)

    workers.run(from_file, list(files.values()), threads() or _core.num_threads())


def rest_below(recipe: Recipe, out: Array) -> Array:
    """The part of a recipe's memory that its image does not fill."""
    return out.reshape(-1)[-recipe.below[0] * math.prod(recipe.shape[1:]) :]


def threads() -> int:
    """How many threads a call takes: 0 for as many as the core may use, one in a worker of torch's DataLoader.

    The workers fill the cores already; torch itself takes one thread there.
    """
    worker = sys.modules.get("torch.utils.data._utils.worker")
    return 1 if worker is not None and worker._worker_info is not None else 0


def prepare(recipes: Iterable[Recipe]) -> None:
    """Make the images that several steps start from, each once, all of one level together."""
    bases = {id(r.source): r.source for r in recipes if isinstance(r.source, Recipe)}
    if not bases:
        return
    prepare(bases.values())
    files = {id(b.source): b.source for b in bases.values() if isinstance(b.source, LateImage)}
    workers.run(
        lambda file: file.decode(keep=True), [(file,) for file in files.values()], threads() or _core.num_threads()
    )
    jobs = []
    for base in bases.values():
        if "image" in base.made:  # also where another base starts from it
            continue
        channels, height, width = base.shape
        check_target(height, width, base.size)
        pixels = _core.empty(between(base), "uint8")
        jobs.append(job(base, pixels, "uint8", pixel=pixels.shape[-1]))
        base.made["image"] = _core.Image.from_array(pixels[:, :, :channels])
    _core.render(jobs, threads())


def between(base: Recipe) -> tuple[int, int, int]:
    """The shape in memory of an image that further steps start from: pixels of four bytes (or one) are what the kernels
    read fastest."""
    channels, height, width = base.shape
    return height, width, 1 if channels == 1 else 4


def job(recipe: Recipe, out: Array, type_name: str, pixel: int = 0) -> _core.Job:
    """The core's description of a recipe; with `pixel`, as an image of pixels of so many bytes.

    Raises:
        NeedsPixelsError: a program is being made, and there are no pixels.
    """
    recipe = from_whole(recipe)
    image = recipe.source
    if isinstance(image, Recipe):
        image = image.made["image"]
    elif isinstance(image, LateImage):
        image = _core.Image.from_array(image.decode())
    elif isinstance(image, Slot):
        raise NeedsPixelsError("what comes of this image is looked at before it is an output")
    if recipe.cut is not None:
        image = image.crop(*recipe.cut)
    return _core.Job(image, tables(recipe.steps, len(recipe.channels), type_name), out, *rest_of(recipe, pixel))


def from_whole(recipe: Recipe) -> Recipe:
    """The recipe of a part of an image that somebody needed whole, and so is there: take the pixels from it."""
    whole = recipe.whole
    if whole is not None and "image" in whole.made and whole.channels == recipe.channels:
        top, left, *size = recipe.window
        return recipe.then(
            source=whole,
            size=whole.shape[1:],
            resize=None,
            cut=None,
            window=(top - whole.window[0], left - whole.window[1], *size),
            channels=tuple(range(len(recipe.channels))),
            fill=(),
        )
    return recipe


def rest_of(recipe: Recipe, pixel: int = 0) -> tuple[Any, ...]:
    """The core's arguments behind the image, the tables and the memory."""
    resize = recipe.resize
    canvas = recipe.canvas or recipe.window[2:]
    if pixel:
        places = rows_of_pixels(*canvas, pixel)
    else:
        places = offsets(len(recipe.channels), *canvas, recipe.layout)
    rows, columns, channel_stride, copies, copy_stride = places
    return (
        recipe.resized,
        resize.resample if resize else 0,
        resize.antialias if resize else True,
        recipe.window,
        source_fill(recipe),
        recipe.channels,
        recipe.place,
        recipe.pad,
        rows,
        columns,
        channel_stride,
        copies,
        copy_stride,
    )


def source_fill(recipe: Recipe) -> list[int]:
    """`fill` in the order of the source's channels."""
    fill = [0, 0, 0, 0]
    for value, channel in zip(recipe.fill, recipe.channels, strict=False):
        fill[channel] = value
    return fill


@lru_cache(maxsize=64)
def rows_of_pixels(height: int, width: int, pixel: int) -> tuple[Array, Array, int, int, int]:
    return _steps(height, width * pixel), _steps(width, pixel), 1, 1, 0


@lru_cache(maxsize=256)
def offsets(channels: int, height: int, width: int, layout: Layout | None) -> tuple[Array, Array, int, int, int]:
    """Element offset of each row and column, and the strides of channels and copies, in the output of a layout."""
    if layout is None:
        return _steps(height, width), _steps(width, 1), height * width, 1, 0
    lengths = [layout.split[axis] for axis in layout.order]
    lengths[layout.copy_axis] *= layout.copies
    strides = [math.prod(lengths[position + 1 :]) for position in range(len(lengths))]
    if layout.line is not None:
        own, whole = layout.line
        strides = [stride if stride < own else stride // own * whole for stride in strides]
    stride_of = dict(zip(layout.order, strides, strict=True))
    groups = axis_groups(layout.split[layout.frames :], (channels, height, width))
    assert groups is not None  # `NativeOps` refuses other layouts
    parts = []
    for group in groups:
        part = np.zeros(1, dtype=np.int64)
        for axis in group:
            part = (
                part[:, None] + _steps(layout.split[layout.frames + axis], stride_of[layout.frames + axis])
            ).reshape(-1)
        parts.append(part)
    channel, rows, columns = parts
    copy_stride = strides[layout.copy_axis] if layout.copies > 1 else 0
    return rows, columns, int(channel[1]) if channels > 1 else 0, layout.copies, copy_stride


def axis_groups(split: Sequence[int], shape: Sequence[int]) -> list[list[int]] | None:
    """The axes of `split` that each of channels, height and width is split into.

    None if one axis spans two of them or the channels are divided: such a layout has no offset for each row and column.
    """
    groups: list[list[int]] = [[] for _ in shape]
    level, product = 0, 1
    for axis, length in enumerate(split):
        while product == shape[level] and length != 1 and level + 1 < len(shape):
            level, product = level + 1, 1
        groups[level].append(axis)
        product *= length
        if shape[level] % product:
            return None
    if math.prod(split) != math.prod(shape) or sum(split[axis] != 1 for axis in groups[0]) > 1:
        return None
    return groups


@lru_cache(maxsize=256)
def tables(steps: tuple[Step, ...], channels: int, type_name: str) -> _core.Tables:
    """What the 256 pixel values become after `steps`, as the core takes it."""
    values = np.ascontiguousarray(values_of(steps, channels))
    arithmetic = [step for step in steps if step[0] in ("rescale", "normalize")]
    if len(arithmetic) != 1 or arithmetic[0][0] != "normalize":
        return _core.Tables(values, dtype=type_name)
    # One normalisation and nothing else: the core tries a division of its own.
    _, *statistics = arithmetic[0]
    turned = [step[0] for step in steps[steps.index(arithmetic[0]) :]].count("flip") % 2
    sub, divisor = (np.asarray(numbers[::-1] if turned else numbers, dtype=np.float32) for numbers in statistics)
    return _core.Tables(values, sub, divisor, type_name)


def values_of(steps: tuple[Step, ...], channels: int) -> Array:
    """`(channels, 256)`: what the pixel values become after `steps`, computed in float32 as NumPy and torch do."""
    values: Array = np.tile(np.arange(256, dtype=np.float32), (channels, 1))
    for verb, first, second in steps:
        if verb == "rescale":
            values = values * np.float32(first[0])
        elif verb == "normalize":
            sub, divisor = np.asarray(first, dtype=np.float32), np.asarray(second, dtype=np.float32)
            with np.errstate(divide="ignore", invalid="ignore"):
                values = (values - sub[:, None]) / divisor[:, None]
        elif verb == "flip":
            values = values[::-1]
    return values


def view(array: Array, type_name: str) -> Any:
    """The core's array in the type it stands for; bfloat16 is a torch tensor where `ml_dtypes` is missing."""
    if type_name != "bfloat16":
        return array
    try:
        return array.view(numpy_dtype(type_name))
    except ImportError:
        if importlib.util.find_spec("torch") is None:
            raise
    import torch

    return torch.from_numpy(array).view(torch.bfloat16)


def store(values: Array, place: Array, type_name: str) -> None:
    """Write an array into memory of the core's, bfloat16 as uint16."""
    place[...] = values.astype(numpy_dtype(type_name)).view(np.uint16) if type_name == "bfloat16" else values


def _steps(count: int, step: int) -> Array:
    return np.arange(count, dtype=np.int64) * step
