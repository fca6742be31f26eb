"""Triton: a batch's plans run on the GPU, with the bits that native has on the CPU.

The verbs are native's: they make recipes, which nobody looks at until a batch is put together. Here that is done by two
kernels on the device (`kernels.py`), whatever the images' sizes. What lies outside a recipe (floats that are resized,
statistics of an image, ...) is done by native on the CPU, and goes to the device when the batch does.

NVIDIA, and AMD where Triton runs. `TRITON_INTERPRET=1` runs the kernels on the CPU, slowly, for tests.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from pixelprep_native import NativeOps
from pixelprep_native.recipe import Recipe, start

from ...core.enums import ChannelDimension
from ...core.nesting import leaves
from ...image_utils import channel_layout
from ..arrays import is_bfloat16, to_bfloat16
from ..nesting import nested_shape
from ..protocol import VERB_NAMES
from .running import DevicePixels, render
from .tables import BITS, INTERPRETED

_here = threading.local()


class TritonOps(NativeOps):
    """Native's verbs; batches are made on the device, and are torch tensors there."""

    name: ClassVar[str] = "triton"
    tensor_type: ClassVar[str] = "pt"
    same_bits_as: ClassVar[str] = "torchvision"
    devices: ClassVar[tuple[str, ...] | None] = ("cuda",)

    def __init__(self) -> None:
        if not INTERPRETED and not torch.cuda.is_available():
            raise RuntimeError("torch finds no GPU, or one that its driver is too old for")

    @property
    def about(self) -> str:
        """The device."""
        return "Triton's interpreter" if INTERPRETED else torch.cuda.get_device_name()

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Any:
        _here.device = _device(device)
        if isinstance(image, torch.Tensor) and image.device.type != "cpu":
            if image.dtype is torch.uint8 and image.ndim == 3 and min(image.shape) > 0:
                last = (data_format or channel_layout(image)) is ChannelDimension.LAST
                pixels = image if last else image.permute(1, 2, 0)
                if pixels.shape[2] <= 4:
                    return start(DevicePixels(pixels), pixels.shape[2], *pixels.shape[:2])
            image = image.cpu()
        return super().from_image(image, data_format, None)

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> Any:
        flat = list(leaves(nested))
        if not any(isinstance(leaf, (Recipe, torch.Tensor)) for leaf in flat):
            return _sent(super().stack(nested, dtype))
        type_name = _type_name(flat[0], dtype)
        shape = nested_shape(nested)
        full = len(flat) * int(np.prod(flat[0].shape)) == int(np.prod(shape))
        make = torch.empty if full else torch.zeros
        out = make(shape, dtype=getattr(torch, type_name), device=_here.device)
        _fill(_pairs(out, nested), type_name)
        return out

    def concat(self, arrays: Sequence[Any], dtype: str | None = None, axis: int = 0) -> Any:
        if axis != 0 or not any(isinstance(array, (Recipe, torch.Tensor)) for array in arrays):
            return _sent(super().concat([_seen(array) for array in arrays], dtype, axis))
        if len({tuple(array.shape[1:]) for array in arrays}) > 1:
            return super().concat([_seen(array) for array in arrays], dtype, axis)  # raises
        type_name = _type_name(arrays[0], dtype)
        shape = (sum(array.shape[0] for array in arrays), *arrays[0].shape[1:])
        out = torch.empty(shape, dtype=getattr(torch, type_name), device=_here.device)
        ends = np.cumsum([array.shape[0] for array in arrays]).tolist()
        parts = [out[end - array.shape[0] : end] for array, end in zip(arrays, ends, strict=True)]
        _fill(list(zip(arrays, parts, strict=True)), type_name)
        return out

    def unstack(self, images: Any) -> list[Any]:
        return list(images.unbind()) if isinstance(images, torch.Tensor) else super().unstack(images)

    def rearrange(self, images: Any, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Any:
        if isinstance(images, torch.Tensor):
            return images.reshape(*split).permute(*order).reshape(*shape)
        return super().rearrange(images, split, order, shape)

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Any:
        mask = torch.zeros((padded_height, padded_width), dtype=getattr(torch, dtype), device=_here.device)
        mask[:height, :width] = 1
        return mask

    def integers(self, values: Any, dtype: str = "int64", like: Any | None = None) -> Any:
        found = torch.from_numpy(np.ascontiguousarray(super().integers(_seen(values), dtype)))
        return _moved(found, like.device) if isinstance(like, torch.Tensor) else found


def _on_the_cpu(name: str) -> Any:
    """A verb of native's, also for what is on the device already: by way of the CPU, for the same bits."""
    native = getattr(NativeOps, name)

    @functools.wraps(native)
    def verb(self: TritonOps, images: Any, *args: Any, **kwargs: Any) -> Any:
        result = native(self, _seen(images), *args, **kwargs)
        return _sent(result) if isinstance(images, torch.Tensor) else result

    return verb


for _name in VERB_NAMES:
    if _name not in vars(TritonOps):
        setattr(TritonOps, _name, _on_the_cpu(_name))


def _seen(values: Any) -> Any:
    """Tensors as arrays, all else as it is."""
    if not isinstance(values, torch.Tensor):
        return values
    if values.dtype is torch.bfloat16:
        return to_bfloat16(values.float().cpu().numpy())
    return values.cpu().numpy()


def _sent(made: Any) -> Any:
    """What is an array, on the device of this call."""
    if isinstance(made, Recipe):
        made = np.asarray(made)
    if isinstance(made, np.ndarray):
        wide = np.asarray(made, dtype=np.float32) if is_bfloat16(made) else np.ascontiguousarray(made)
        made = torch.from_numpy(wide).to(torch.bfloat16) if is_bfloat16(made) else torch.from_numpy(wide)
    return _moved(made, _here.device) if isinstance(made, torch.Tensor) else made


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    if device.type == "cpu" or tensor.device == device:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def _device(asked: Any) -> torch.device:
    """The device of a call: the one asked for, else torch's current one."""
    if INTERPRETED:
        return torch.device("cpu")
    found = torch.device("cuda" if asked is None else asked)
    if found.type != "cuda":
        raise ValueError(f"the triton backend works on CUDA devices, not on {asked!r}; use another backend")
    return found if found.index is not None else torch.device("cuda", torch.cuda.current_device())


def _type_name(first: Any, dtype: str | None) -> str:
    """The dtype asked for where pixels are floating point; integer outputs keep theirs."""
    given = str(first.dtype).removeprefix("torch.")
    return dtype if dtype is not None and "float" in given else given


def _pairs(out: torch.Tensor, nested: Any) -> list[tuple[Any, torch.Tensor]]:
    """Every array of nested lists with its place."""
    pairs: list[tuple[Any, torch.Tensor]] = []
    for index, entry in enumerate(nested):
        if isinstance(entry, (list, tuple)):
            pairs += _pairs(out[index], entry)
        else:
            pairs.append((entry, out[index]))
    return pairs


def _fill(pairs: Sequence[tuple[Any, torch.Tensor]], type_name: str) -> None:
    """Make every recipe in its place; copy what is made already."""
    recipes = []
    for made, place in pairs:
        known = isinstance(made, Recipe) and type_name in BITS
        if known and (type_name == made.type_name or made.type_name == "float32"):
            recipes.append((made, place))
        else:
            place.copy_(_sent(made))
    if recipes:
        render(recipes, type_name, _here.device)
