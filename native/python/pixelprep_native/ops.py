"""The verbs of pixelprep's `Ops` over recipes.

What lies outside a recipe (pixels that are not 8-bit, a resize of floats, a crop out of a padded canvas, ...) is done
at once by NumPy, with the same values.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from pixelprep.core.enums import ChannelDimension, PILImageResampling
from pixelprep.core.kinds import is_pil_image
from pixelprep.core.limits import check_target
from pixelprep.core.threads import LateImage, Loading
from pixelprep.geometry import Size, copies_axis, patch_axes, patch_shape
from pixelprep.ops.arrays import ArrayOps, BrainFloats, refuse_device
from pixelprep.ops.blurring import blur_of, blur_weights
from pixelprep.ops.nesting import first_leaf
from pixelprep.ops.protocol import VERB_NAMES
from pixelprep.plans.graph import Graph

from . import _core
from .film import Film, film
from .outputs import filled, joined, memory, stacked
from .program import Program, program_of
from .recipe import CHANNELS, Array, Layout, Recipe, Resize, axis_groups, make, render, start, threads

MOST_TAPS = 15
"""Of a blur along an axis, for the core to do it."""
PIL_CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}


class NativeOps(ArrayOps):
    """The torchvision backend's pixels on the CPU, arrays out; `Recipe` or `np.ndarray` between the steps."""

    name: ClassVar[str] = "native"
    same_bits_as: ClassVar[str] = "torchvision"
    makes_windows: ClassVar[bool] = True  # what a crop leaves of a resize, without the rest
    loading: ClassVar[Loading] = Loading("lazy", lambda: threads() or _core.num_threads())

    @property
    def about(self) -> str:
        """The instruction set and the threads in use."""
        return f"{_core.isa()}, {_core.num_threads()} threads"

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Any:
        refuse_device(self.name, device)
        if is_pil_image(image) and image.mode in PIL_CHANNELS and min(image.size) > 0:
            return _whole(_pillow_pixels(image))
        if isinstance(image, LateImage):
            return _whole(image)
        return _from_array(super().from_image(image, data_format, device))

    def resize(self, images: Any, height: int, width: int, resample: PILImageResampling, antialias: bool = True) -> Any:
        if images.shape[-2:] == (height, width):
            return images
        if not isinstance(images, Recipe) or not images.bare:
            return self._resize_array(np.asarray(images), height, width, resample, antialias)
        inside = _inside(images)
        changes: dict[str, Any] = {
            "resize": Resize(height, width, int(resample), antialias),
            "shape": (images.shape[0], height, width),
            "window": (0, 0, height, width),
            "whole": None,
        }
        if images.resize is None and inside:  # a window of the source: nothing to make first
            top, left, *size = images.window
            before = images.cut or (0, 0)
            cut = (before[0] + top, before[1] + left, *size)
            return images.then(**changes, cut=cut, size=tuple(size))
        return _on(images).then(**changes)

    def resize_float(
        self,
        images: Any,
        height: int,
        width: int,
        resample: PILImageResampling,
        antialias: bool = True,
        align_corners: bool = False,
    ) -> Array:
        images = np.asarray(images, dtype=np.float32)
        if align_corners:
            return super().resize_float(images, height, width, resample, align_corners=True)
        return self._resize_array(images, height, width, resample, antialias)

    def resize_blurred(self, images: Any, height: int, width: int) -> Array:
        pixels = np.asarray(images)
        found = blur_of(*pixels.shape[-2:], height, width)
        # Beyond that, only the pixels that are read afterwards are worth blurring.
        if found is None or max(found[0]) > MOST_TAPS or pixels.dtype != np.float32 or pixels.ndim != 3:
            return super().resize_blurred(pixels, height, width)
        blurred = _core.blur_floats(pixels, blur_weights(*found))
        return self._resize_array(blurred, height, width, PILImageResampling.BILINEAR, antialias=False)

    def _resize_array(
        self, images: Array, height: int, width: int, resample: PILImageResampling, antialias: bool
    ) -> Array:
        """8-bit pixels as ever, float32 with torch's values, other types as the reference backend."""
        known = images.dtype in (np.uint8, np.float32) and images.size > 0
        if not known or images.ndim < 3:
            return super().resize(images, height, width, resample, antialias)
        lead = images.shape[:-2]
        flat = images.reshape(-1, *images.shape[-2:])
        if images.dtype == np.float32:
            out = _core.resize_floats(flat, height, width, int(resample), antialias)
        else:
            out = _core.empty((len(flat), height, width), "uint8")
            groups = [slice(start, start + 3) for start in range(0, len(flat), 3)]
            resized = [self.resize(_from_array(flat[group]), height, width, resample, antialias) for group in groups]
            render([(part, out[group]) for part, group in zip(resized, groups, strict=True)], "uint8")
        return out.reshape(*lead, height, width)

    def crop(self, images: Any, top: int, left: int, height: int, width: int) -> Any:
        if not isinstance(images, Recipe) or images.canvas is not None or images.layout is not None:
            return super().crop(np.asanyarray(images), top, left, height, width)
        height, width = min(height, images.shape[-2] - top), min(width, images.shape[-1] - left)
        if min(height, width) < 1 or top < 0 or left < 0:
            return super().crop(np.asanyarray(images), top, left, height, width)
        before = images.window
        window = (before[0] + top, before[1] + left, height, width)
        whole = images.whole or (images if images.bare else None)
        return images.then(shape=(images.shape[0], height, width), window=window, whole=whole)

    def pad(self, images: Any, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0) -> Any:
        check_target(top + images.shape[-2] + bottom, left + images.shape[-1] + right, images.shape)
        patches = isinstance(images, Recipe) and images.layout is not None and images.ndim == 2
        if patches and not (top or left or right) and bottom > 0 and not isinstance(fill, Sequence):
            count, value = images.below
            if not count or value == fill:
                return images.then(
                    shape=(images.shape[0] + bottom, images.shape[1]), below=(count + bottom, float(fill))
                )
        if not isinstance(images, Recipe) or images.layout is not None or min(top, bottom, left, right) < 0:
            return super().pad(np.asanyarray(images), top, bottom, left, right, fill)
        channels, height, width = images.shape
        height, width = top + height + bottom, left + width + right
        values = tuple(fill) if isinstance(fill, Sequence) else (fill,) * channels
        if images.bare and len(values) == channels and all(0 <= value < 256 for value in values):
            whole = tuple(int(value) for value in values)
            if _shows_more(images, top, bottom, left, right) or (not _inside(images) and whole != images.fill):
                images = _on(images)
            window = (images.window[0] - top, images.window[1] - left, height, width)
            return images.then(shape=(channels, height, width), window=window, fill=whole, whole=None)
        same = images.canvas is None or images.pad == values[0]
        if images.bare or len(set(values)) > 1 or not same:
            return super().pad(make(images), top, bottom, left, right, fill)
        place = (images.place[0] + top, images.place[1] + left)
        return images.then(shape=(channels, height, width), canvas=(height, width), place=place, pad=float(values[0]))

    def extend(self, images: Any, top: int, bottom: int, left: int, right: int, mode: str) -> Any:
        check_target(top + images.shape[-2] + bottom, left + images.shape[-1] + right, images.shape)
        return _from_array(super().extend(np.asarray(images), top, bottom, left, right, mode))

    def rescale(self, images: Any, scale: float) -> Any:
        return self._value_step(images, "rescale", (scale,)) or super().rescale(np.asanyarray(images), scale)

    def normalize(self, images: Any, mean: Sequence[float], std: Sequence[float]) -> Any:
        return self._value_step(images, "normalize", mean, std) or super().normalize(np.asanyarray(images), mean, std)

    def rescale_and_normalize(self, images: Any, scale: float, mean: Sequence[float], std: Sequence[float]) -> Any:
        step = self._value_step(images, "normalize", _folded(scale, tuple(mean)), _folded(scale, tuple(std)))
        return step or super().rescale_and_normalize(np.asarray(images), scale, mean, std)

    def _value_step(
        self, images: Any, verb: str, first: Sequence[float], second: Sequence[float] = ()
    ) -> Recipe | None:
        """A recipe with one more operation on its values, or None where it cannot take one."""
        fits = isinstance(images, Recipe) and images.canvas is None and images.layout is None
        if not fits or (second and not len(first) == len(second) == images.shape[0]):
            return None
        step = (verb, tuple(first), tuple(second))
        extended: Recipe = images.then(steps=(*images.steps, step), type_name="float32")
        return extended

    def standardize(self, images: Any) -> Any:
        """As the protocol says; the statistics are exact, for sums of 8-bit pixels are integers."""
        if not isinstance(images, Recipe) or not images.bare:
            return super().standardize(np.asarray(images))
        base = _on(images)
        pixels, n = make(images), math.prod(images.shape)
        total = int(pixels.sum(dtype=np.uint64))
        squares = int(np.square(pixels, dtype=np.uint16).sum(dtype=np.uint64))
        variance = (n * squares - total * total) / (n * max(n - 1, 1))
        std = max(math.sqrt(variance), 1 / math.sqrt(n))
        channels = images.shape[0]
        return self.normalize(base, (total / n,) * channels, (std,) * channels)

    def flip_channels(self, images: Any) -> Any:
        if not isinstance(images, Recipe) or images.layout is not None:
            return super().flip_channels(np.asarray(images))
        return images.then(
            channels=images.channels[::-1], fill=images.fill[::-1], steps=(*images.steps, ("flip", (), ()))
        )

    def cast(self, images: Any, dtype: str) -> Any:
        if isinstance(images, Recipe) and str(images.dtype) == dtype:
            return images
        lifted = self._value_step(images, "float", ()) if dtype == "float32" else None
        return lifted or super().cast(np.asarray(images), dtype)

    def rearrange(self, images: Any, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Any:
        if isinstance(images, Film) and (woven := images.woven(split, order, shape)) is not None:
            return woven
        laid = isinstance(images, Recipe) and images.layout is None and -1 not in (*split, *shape)
        if not laid or axis_groups(split, images.shape) is None:
            return super().rearrange(np.asanyarray(images), split, order, shape)
        return images.then(shape=tuple(shape), layout=Layout(tuple(split), tuple(order)))

    def patchify(self, images: Any, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw") -> Any:
        if not isinstance(images, Recipe) or images.layout is not None:
            return super().patchify(np.asanyarray(images), patch, merge, copies, vector)
        channels, height, width = images.shape
        split, order = patch_axes(channels, height, width, patch, merge, vector)
        axis = copies_axis(vector) if copies > 1 else 0
        shape = patch_shape(channels, height, width, patch, copies, vector)
        return images.then(shape=shape, layout=Layout(split, order, copies, axis))

    def film(self, frames: Sequence[Any]) -> Any:
        """Frames of one shape as one video, to be made a few at a time."""
        return film(frames)

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> Any:
        if isinstance(first_leaf(nested), BrainFloats):
            return super().stack(nested, dtype)
        return filled(*stacked(nested, dtype))

    def concat(self, arrays: Sequence[Any], dtype: str | None = None, axis: int = 0) -> Any:
        found = joined(arrays, dtype, axis)
        return (
            super().concat([np.asanyarray(array) for array in arrays], dtype, axis) if found is None else filled(*found)
        )

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Array:
        if (height, width) == (padded_height, padded_width):  # one element for all: tiles have many such masks
            return np.broadcast_to(np.ones((), dtype=dtype), (height, width))
        mask = memory((padded_height, padded_width), dtype)
        mask[:height, :width] = 1
        mask[height:] = 0
        mask[:height, width:] = 0
        return mask

    def sources(self, images: Sequence[Any]) -> list[_core.Image] | None:
        """The images behind arrays with which nothing was done yet; None if one is another, or a file to be decoded."""
        return [image.source for image in images] if all(map(_is_untouched, images)) else None

    def program(self, graph: Graph) -> Program | None:
        """What the core does for the verbs of a plan, to be run again and again; None where NumPy has a part in it."""
        return program_of(self, graph)

    def unstack(self, images: Any) -> list[Any]:
        if isinstance(images, Film):
            return images.unstacked()
        return list(make(images) if isinstance(images, Recipe) else images)


def _of_each_frame(verb: Callable[..., Any]) -> Callable[..., Any]:
    """A verb of images that takes videos too, frame by frame."""

    @functools.wraps(verb)
    def of_films(self: NativeOps, images: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(images, Film):
            return images.each(lambda frame: verb(self, frame, *args, **kwargs))
        return verb(self, images, *args, **kwargs)

    return of_films


for _name in VERB_NAMES:
    if _name not in (
        "from_image",
        "rearrange",
        "stack",
        "concat",
        "unstack",
        "stacking_pays",
        "pixel_mask",
        "integers",
    ):
        setattr(NativeOps, _name, _of_each_frame(getattr(NativeOps, _name)))


@lru_cache(maxsize=256)
def _folded(scale: float, values: tuple[float, ...]) -> tuple[float, ...]:
    """Statistics of rescaled pixels as those of raw ones, `values / scale`, in the float32 steps of torchvision's backend."""
    folded: list[float] = (np.asarray(values, dtype=np.float32) * np.float32(1.0 / scale)).tolist()
    return tuple(folded)


def _whole(image: Any) -> Recipe:
    height, width, channels = image.shape
    return start(image, channels, height, width)


def _from_array(array: Array) -> Any:
    """A recipe of a `(C, H, W)` array of 8-bit pixels; other arrays as they are."""
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[0] <= 4 and min(array.shape) > 0:
        return _whole(_core.Image.from_array(array.transpose(1, 2, 0)))
    return array


def _on(base: Recipe) -> Recipe:
    """A recipe that starts from the made pixels of another."""
    return start(base, *base.shape)


def _is_untouched(image: Any) -> bool:
    if type(image) is not Recipe or type(image.source) is not _core.Image:
        return False
    kept = image.resize is None and image.cut is None and image.canvas is None and image.layout is None
    return (
        kept
        and not image.steps
        and image.window == (0, 0, *image.size)
        and image.channels == CHANNELS[len(image.channels)]
    )


def _inside(images: Recipe) -> bool:
    top, left, height, width = images.window
    return top >= 0 and left >= 0 and top + height <= images.resized[0] and left + width <= images.resized[1]


def _shows_more(images: Recipe, top: int, bottom: int, left: int, right: int) -> bool:
    """Whether a window grown by so much would show pixels that a crop has cut off."""
    above, before, height, width = images.window
    below, after = images.resized[0] - above - height, images.resized[1] - before - width
    return any(grown and cut > 0 for grown, cut in ((top, above), (bottom, below), (left, before), (right, after)))


def _pillow_pixels(image: Any) -> _core.Image:
    """A Pillow image's own memory; where its rows are not in one piece, a copy."""
    try:
        schema, array = image.__arrow_c_array__()
        return _core.Image.from_arrow(schema, array, image.height, image.width, PIL_CHANNELS[image.mode])
    except (AttributeError, ValueError):  # Pillow before 11.3, or an image of several blocks
        pixels = np.asarray(image)
        return _core.Image.from_array(pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis])
