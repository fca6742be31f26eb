"""PyTorch and torchvision: the default backend, on the CPU or a GPU, tensors in and tensors out.

Bytes are resized by torch's own uint8 kernels; rescaling is folded into mean and std, which saves a pass over the
pixels: `(x - mean / scale) / (std / scale)` in float32.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torchvision.transforms.v2 import functional

from ..geometry import Size, patch_axes, patch_shape
from ..image_utils import ChannelDimension, PILImageResampling, infer_channel_dimension_format, is_pil_image
from . import unsupported
from .pillow_memory import in_place
from .reference import inverse_statistics, to_numpy
from .shape import first_leaf, nested_shape

if TYPE_CHECKING:
    from ..image_loading import JpegDecoding

MODES = {
    PILImageResampling.NEAREST: functional.InterpolationMode.NEAREST_EXACT,
    PILImageResampling.BILINEAR: functional.InterpolationMode.BILINEAR,
    PILImageResampling.BICUBIC: functional.InterpolationMode.BICUBIC,
    PILImageResampling.LANCZOS: functional.InterpolationMode.LANCZOS,
}


class TorchvisionOps:
    """The verbs of `Ops` over `torch.Tensor`."""

    name: ClassVar[str] = "torchvision"
    tensor_type: ClassVar[str] = "pt"
    pil_conventions: ClassVar[bool] = False
    jpeg_decoding: ClassVar[JpegDecoding] = "direct"

    def num_threads(self) -> int:
        return torch.get_num_threads()

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> torch.Tensor:
        pixels = in_place(image, channels=4, read_only=False) if device is None or str(device) == "cpu" else None
        if pixels is not None:
            return torch.from_numpy(pixels)[:3]
        tensor = image if isinstance(image, torch.Tensor) else _from_numpy(to_numpy(image))
        if tensor.is_floating_point():
            if not torch.isfinite(tensor).all():
                raise ValueError("the image has NaN or infinite pixels")
            # A copy, so that an output never shares the caller's memory; bytes are copied when they become float.
            tensor = tensor.detach().clone()
        elif tensor.is_complex():
            raise TypeError(f"pixels must be numbers; this tensor holds {tensor.dtype}")
        if tensor.ndim == 2:
            tensor = tensor[None]
        elif is_pil_image(image) or (data_format or infer_channel_dimension_format(tensor)) is ChannelDimension.LAST:
            tensor = tensor.permute(2, 0, 1)
        return tensor if device is None else tensor.to(device)

    def resize(
        self, images: torch.Tensor, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> torch.Tensor:
        if images.shape[-2:] == (height, width):
            return images
        if resample not in MODES:
            raise unsupported(self.name, f"the {resample.name} filter", 'use backend="native" or backend="pil"')
        if resample is PILImageResampling.LANCZOS and not antialias:
            raise unsupported(self.name, "LANCZOS without antialias", "leave antialias on")
        if resample is PILImageResampling.LANCZOS and images.device.type != "cpu":
            # As transformers does; Idefics3 and its kin would not run on a GPU at all otherwise.
            warnings.warn(f"LANCZOS is resized as BICUBIC on {images.device.type}; the CPU has both", stacklevel=2)
            resample = PILImageResampling.BICUBIC
        if (height, width) == (1, 1):
            # torch's byte kernels fail where planes shrink to one pixel, but not where channels are interleaved.
            images = images.movedim(-3, -1).contiguous().movedim(-1, -3)
        whole = _whole_pixels(images)
        resized = functional.resize_image(whole, [height, width], MODES[resample], antialias=antialias)
        return resized if whole is images else resized[:3]

    def resize_float(self, images: torch.Tensor, height: int, width: int, resample: PILImageResampling) -> torch.Tensor:
        return self.resize(images.to(torch.float32), height, width, resample)

    def crop(self, images: torch.Tensor, top: int, left: int, height: int, width: int) -> torch.Tensor:
        return images[..., top : top + height, left : left + width]

    def pad(
        self, images: torch.Tensor, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> torch.Tensor:
        *lead, height, width = images.shape
        padded = images.new_empty(*lead, top + height + bottom, left + width + right)
        if isinstance(fill, Sequence):
            padded.copy_(
                torch.tensor(fill, dtype=images.dtype, device=images.device).reshape(-1, 1, 1).expand_as(padded)
            )
        else:
            padded.fill_(fill)
        padded[..., top : top + height, left : left + width] = images
        return padded

    def extend(self, images: torch.Tensor, top: int, bottom: int, left: int, right: int, mode: str) -> torch.Tensor:
        # By index: torch's own padding mirrors once at most, and not to the image's full length.
        for axis, ends in ((-2, (top, bottom)), (-1, (left, right))):
            sources = np.pad(np.arange(images.shape[axis]), ends, mode=mode)  # type: ignore[call-overload]
            images = images.index_select(axis, torch.from_numpy(sources).to(images.device))
        return images

    def rescale(self, images: torch.Tensor, scale: float) -> torch.Tensor:
        if images.is_floating_point():
            return images * scale
        # Planes, whatever the images' order: they convert, and resize as floats, faster than interleaved pixels.
        return images.to(torch.float32, memory_format=torch.contiguous_format).mul_(scale)

    def normalize(self, images: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
        if images.dtype is torch.bfloat16:
            return functional.normalize(images, list(mean), list(std))
        return _normalize(images, *_statistics(tuple(mean), tuple(std), images.device))

    def rescale_and_normalize(
        self, images: torch.Tensor, scale: float, mean: Sequence[float], std: Sequence[float]
    ) -> torch.Tensor:
        return _normalize(images, *_statistics(tuple(mean), tuple(std), images.device, 1.0 / scale))

    def unnormalize(
        self, images: torch.Tensor, scale: float, mean: Sequence[float], std: Sequence[float]
    ) -> torch.Tensor:
        return self.rescale_and_normalize(images, scale, *inverse_statistics(mean, std, scale))

    def standardize(self, images: torch.Tensor) -> torch.Tensor:
        axes = (-3, -2, -1)
        images = images.to(torch.float32)
        std = images.std(dim=axes, keepdim=True).clamp(min=1 / math.sqrt(math.prod(images.shape[-3:])))
        return (images - images.mean(dim=axes, keepdim=True)) / std

    def flip_channels(self, images: torch.Tensor) -> torch.Tensor:
        return images.flip(-3)

    def cast(self, images: torch.Tensor, dtype: str) -> torch.Tensor:
        return (images.clamp(0, 255) if dtype == "uint8" else images).to(getattr(torch, dtype))

    def rearrange(
        self, images: torch.Tensor, split: Sequence[int], order: Sequence[int], shape: Sequence[int]
    ) -> torch.Tensor:
        return images.reshape(*split).permute(*order).reshape(*shape)

    def patchify(
        self, images: torch.Tensor, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw"
    ) -> torch.Tensor:
        *batch, channels, height, width = images.shape
        split, order = patch_axes(channels, height, width, patch, merge, vector)
        lead = len(batch)
        patches = images.reshape(*batch, *split).permute(*range(lead), *(axis + lead for axis in order))
        if copies > 1:
            shape = list(patches.shape)
            shape[lead + 4 + vector.replace(" ", "").index("t")] = copies
            patches = patches.expand(shape)
        return patches.reshape(*batch, *patch_shape(channels, height, width, patch, copies, vector))

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> torch.Tensor:
        first = first_leaf(nested)
        shape = nested_shape(nested)
        dtype_ = _torch_dtype(dtype, first.dtype)
        if math.prod(shape) == first.numel() and first.dtype is not torch.uint8:
            return first.reshape(shape).to(dtype_).contiguous()
        ragged = math.prod(shape) != sum(1 for _ in _leaves(nested)) * first.numel()
        out = (torch.zeros if ragged else torch.empty)(shape, dtype=dtype_, device=first.device)
        _fill(out, nested)
        return out

    def concat(self, arrays: Sequence[torch.Tensor], dtype: str | None = None, axis: int = 0) -> torch.Tensor:
        joined = arrays[0] if len(arrays) == 1 else torch.cat(list(arrays), axis)
        return joined.to(_torch_dtype(dtype, joined.dtype))

    def unstack(self, images: torch.Tensor) -> list[torch.Tensor]:
        return list(images.unbind())

    def stacking_pays(self, images: torch.Tensor) -> bool:
        return images.device.type != "cpu"

    def pixel_mask(
        self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64"
    ) -> torch.Tensor:
        mask = torch.zeros((padded_height, padded_width), dtype=getattr(torch, dtype))
        mask[:height, :width] = 1
        return mask

    def integers(self, values: Any, dtype: str = "int64", like: torch.Tensor | None = None) -> torch.Tensor:
        return torch.as_tensor(values, dtype=getattr(torch, dtype), device=None if like is None else like.device)


def _from_numpy(array: np.ndarray[Any, Any]) -> torch.Tensor:
    """Share the memory of an array; torch knows no negative strides, and read-only memory only through DLPack."""
    if any(stride < 0 for stride in array.strides):
        array = np.ascontiguousarray(array)
    if array.flags.writeable:
        return torch.from_numpy(array)
    try:
        return torch.utils.dlpack.from_dlpack(array)
    except (BufferError, RuntimeError, TypeError):
        return torch.from_numpy(array.copy())


def _whole_pixels(images: torch.Tensor) -> torch.Tensor:
    """A Pillow image, or a window of one, with the unused fourth byte of its pixels; else the images themselves.

    Resizing four bytes where they lie is faster than picking three of them out first.
    """
    if images.dtype is not torch.uint8 or images.ndim != 3 or images.device.type != "cpu":
        return images
    (channels, height, width), (channel, row, pixel) = images.shape, images.stride()
    if (channels, channel, pixel) != (3, 1, 4) or row < 4 * width:
        return images
    room = images.untyped_storage().nbytes() - images.storage_offset()
    fits = room >= row * (height - 1) + 4 * width
    return images.as_strided((4, height, width), (channel, row, pixel)) if fits else images


@lru_cache(maxsize=64)
def _statistics(
    mean: tuple[float, ...], std: tuple[float, ...], device: torch.device, factor: float = 1.0
) -> list[torch.Tensor]:
    """Both as float32 tensors `(C, 1, 1)`, multiplied by a factor."""
    return [torch.tensor(values, dtype=torch.float32, device=device)[:, None, None] * factor for values in (mean, std)]


def _normalize(images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    if images.dtype is torch.float32:
        return images.sub(mean).div_(std)
    return images.to(torch.float32, memory_format=torch.contiguous_format).sub_(mean).div_(std)


def _torch_dtype(name: str | None, given: torch.dtype) -> torch.dtype:
    """The dtype asked for where pixels are floating point; integer outputs keep theirs."""
    return getattr(torch, name) if name is not None and given.is_floating_point else given


def _leaves(nested: Any) -> Any:
    for entry in nested:
        if isinstance(entry, (list, tuple)):
            yield from _leaves(entry)
        else:
            yield entry


def _fill(out: torch.Tensor, nested: Any) -> None:
    for index, entry in enumerate(nested):
        if isinstance(entry, (list, tuple)):
            _fill(out[index], entry)
        else:
            out[index] = entry
