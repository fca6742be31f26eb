"""NumPy arrays: the verbs of `Ops` over them, which backends on the CPU inherit, and what all backends share.

Rescaling is folded into mean and std as the torchvision backend does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..core.callers import warn_caller
from ..core.enums import ChannelDimension, PILImageResampling
from ..core.limits import check_target
from ..core.nesting import fill
from ..geometry import Size, copies_axis, patch_axes, patch_shape
from ..image_utils import channel_layout, is_pil_image
from .blurring import blur, blur_of, read_by_two
from .filters import FLOAT_FILTERS, Image, blend_fixed, fixed_weights, resize_axis
from .interpolation import aligned_mode, interpolate, sample
from .nesting import first_leaf, nested_shape
from .protocol import Conventions
from .sampling import fused, sample_grid

LUMA = np.array([0.2989, 0.587, 0.114], dtype=np.float32)


class ArrayOps:
    """The verbs of `Ops` over `np.ndarray`."""

    name: ClassVar[str] = "arrays"
    tensor_type: ClassVar[str] = "np"
    conventions: ClassVar[Conventions] = Conventions()

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Image:
        refuse_device(self.name, device)
        array = to_numpy(image)
        if array.ndim == 2:
            return array[np.newaxis]
        if is_pil_image(image):  # whatever is said of arrays in the same batch
            data_format = ChannelDimension.LAST
        elif data_format is None:
            data_format = channel_layout(array)
        return array.transpose(2, 0, 1) if data_format is ChannelDimension.LAST else array

    def resize(
        self, images: Image, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> Image:
        if images.shape[-2:] == (height, width):
            return images
        check_target(height, width, images.shape)
        if images.dtype != np.uint8 and images.dtype.kind in "iu" and resample is not PILImageResampling.NEAREST:
            floats = self.resize(images.astype(np.float32), height, width, resample, antialias)
            return like_integers(floats, images.dtype)
        if images.dtype == np.float16 and resample is not PILImageResampling.NEAREST:
            return self.resize(images.astype(np.float32), height, width, resample, antialias).astype(np.float16)
        if images.dtype == np.float32 and not antialias and resample in FLOAT_FILTERS:
            return interpolate(images, height, width, resample is PILImageResampling.BICUBIC)
        for axis, size in ((-1, width), (-2, height)):
            if images.shape[axis] != size:
                images = resize_axis(images, axis, size, resample, antialias)
        return images

    def resize_float(
        self,
        images: Image,
        height: int,
        width: int,
        resample: PILImageResampling,
        antialias: bool = True,
        align_corners: bool = False,
    ) -> Image:
        check_target(height, width, images.shape)
        images = np.asarray(images, dtype=np.float32)
        if align_corners:
            cubic = aligned_mode(self.name, resample) == "bicubic"
            return interpolate(images, height, width, cubic, align_corners=True)
        # Not `self.resize`: backends that inherit this one have rules of their own for floats.
        return ArrayOps.resize(self, images, height, width, resample, antialias)

    def sample(
        self, images: Image, rows: tuple[float, float], columns: tuple[float, float], height: int, width: int
    ) -> Image:
        return sample(np.asarray(images), rows, columns, height, width)

    def resize_blurred(self, images: Image, height: int, width: int) -> Image:
        images = np.asarray(images)
        found = blur_of(images.shape[-2], images.shape[-1], height, width)
        if found is not None:
            images = blur(images, *found, (read_by_two(images.shape[-2], height), read_by_two(images.shape[-1], width)))
        return self.resize(images, height, width, PILImageResampling.BILINEAR, antialias=False)

    def thumbnail(self, images: Image, height: int, width: int, resample: PILImageResampling) -> Image:
        return self.resize(images, height, width, resample)

    def crop(self, images: Image, top: int, left: int, height: int, width: int) -> Image:
        return images[..., top : top + height, left : left + width]

    def pad(
        self, images: Image, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> Image:
        *lead, height, width = images.shape
        check_target(top + height + bottom, left + width + right, images.shape)
        padded = np.empty((*lead, top + height + bottom, left + width + right), dtype=images.dtype)
        padded[...] = np.reshape(fill, (-1, 1, 1)) if isinstance(fill, Sequence) else fill
        padded[..., top : top + height, left : left + width] = images
        return padded

    def extend(self, images: Image, top: int, bottom: int, left: int, right: int, mode: str) -> Image:
        check_target(top + images.shape[-2] + bottom, left + images.shape[-1] + right, images.shape)
        return np.pad(images, [(0, 0)] * (images.ndim - 2) + [(top, bottom), (left, right)], mode=mode)  # type: ignore[call-overload]

    def rescale(self, images: Image, scale: float) -> Image:
        if images.dtype == np.float64:
            return images * float(scale)
        scaled = floats(images) * np.float32(scale)
        if is_bfloat16(images):
            return to_bfloat16(scaled)
        return scaled.astype(np.float16) if images.dtype == np.float16 else scaled

    def normalize(self, images: Image, mean: Sequence[float], std: Sequence[float]) -> Image:
        if not is_bfloat16(images):
            shifted = np.subtract(images, per_channel(mean), dtype=np.float32, casting="same_kind")
            return np.divide(shifted, per_channel(std), out=shifted)
        low_mean, low_std = (floats(to_bfloat16(per_channel(numbers))) for numbers in (mean, std))
        return to_bfloat16(floats(to_bfloat16(floats(images) - low_mean)) / low_std)

    def rescale_and_normalize(self, images: Image, scale: float, mean: Sequence[float], std: Sequence[float]) -> Image:
        factor = np.float32(1.0 / scale)
        return (images.astype(np.float32) - per_channel(mean) * factor) / (per_channel(std) * factor)

    def unnormalize(self, images: Image, scale: float, mean: Sequence[float], std: Sequence[float]) -> Image:
        # Normalising once more undoes it; so does every backend that folds, with its own arithmetic.
        return self.rescale_and_normalize(images, scale, *inverse_statistics(mean, std, scale))

    def standardize(self, images: Image) -> Image:
        # In double precision sums of bytes are exact, whatever their order; each statistic is rounded once.
        axes, exact = (-3, -2, -1), images.astype(np.float64)
        std = np.maximum(exact.std(axis=axes, keepdims=True, ddof=1), math.prod(images.shape[-3:]) ** -0.5)
        mean = exact.mean(axis=axes, keepdims=True)
        return (images.astype(np.float32) - mean.astype(np.float32)) / std.astype(np.float32)

    def grayscale(self, images: Image) -> Image:
        images = np.asarray(images)
        if images.shape[-3] == 1:
            return images
        red, green, blue = (images[..., channel : channel + 1, :, :].astype(np.float32) for channel in range(3))
        grey = fused(blue, LUMA[2], fused(green, LUMA[1], red * LUMA[0])).astype(images.dtype)
        same = (images == images[..., :1, :, :]).all(axis=(-3, -2, -1), keepdims=True)
        return np.where(same, images, grey)

    def nearest_color(self, images: Image, colors: Sequence[Sequence[float]]) -> Image:
        return nearest_color(np.asarray(images), np.asarray(colors, dtype=np.float32))

    def flip_channels(self, images: Image) -> Image:
        return images[..., ::-1, :, :]

    def cast(self, images: Image, dtype: str) -> Image:
        if dtype == "bfloat16":
            return to_bfloat16(images)
        return (images.clip(0, 255) if dtype == "uint8" else images).astype(numpy_dtype(dtype))

    def clip(self, images: Image, lowest: float, highest: float) -> Image:
        images = np.asarray(images)
        is_float = images.dtype.kind == "f" or is_bfloat16(images)
        return np.clip(images if is_float else images.astype(np.float32), lowest, highest)

    def round(self, images: Image) -> Image:
        images = np.asarray(images)
        is_float = images.dtype.kind == "f" or is_bfloat16(images)
        return np.rint(images if is_float else images.astype(np.float32))

    def resize_fixed(self, images: Image, height: int, width: int) -> Image:
        images = np.asarray(images)
        rows, columns = fixed_weights(images.shape[-2], height), fixed_weights(images.shape[-1], width)
        return blend_fixed(images.clip(0, 255).astype(np.uint8).astype(np.int32), rows, columns).astype(images.dtype)

    def sample_grid(self, images: Image, rows: Sequence[float], columns: Sequence[float], cubic: bool) -> Image:
        return sample_grid(images, rows, columns, cubic)

    def exp(self, images: Image) -> Image:
        # The nearest float32; torch's on the CPU is that of a vector library, one unit away for one value in a hundred.
        return np.exp(np.asarray(images, dtype=np.float64)).astype(np.float32)

    def rearrange(self, images: Image, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Image:
        return images.reshape(split).transpose(order).reshape(shape)

    def patchify(
        self, images: Image, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw"
    ) -> Image:
        *batch, channels, height, width = images.shape
        split, order = patch_axes(channels, height, width, patch, merge, vector)
        lead = len(batch)
        patches = images.reshape(*batch, *split).transpose(*range(lead), *(axis + lead for axis in order))
        if copies > 1:
            shape = list(patches.shape)
            shape[lead + copies_axis(vector)] = copies
            patches = np.broadcast_to(patches, shape)
        return patches.reshape(*batch, *patch_shape(channels, height, width, patch, copies, vector))

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> Image:
        shape = nested_shape(nested)
        first = first_leaf(nested)
        out = np.zeros(shape, dtype=_output_dtype(dtype, first.dtype))
        fill(out, nested)
        if isinstance(first, BrainFloats):
            out = out.view(BrainFloats)
        return out

    def concat(self, arrays: Sequence[Image], dtype: str | None = None, axis: int = 0) -> Image:
        joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=axis)
        joined = joined.view(BrainFloats) if isinstance(arrays[0], BrainFloats) else joined
        return joined.astype(_output_dtype(dtype, joined.dtype), copy=False)

    def unstack(self, images: Image) -> list[Image]:
        return list(images)

    def stacking_pays(self, images: Image) -> bool:
        return False

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Image:
        mask = np.zeros((padded_height, padded_width), dtype=dtype)
        mask[:height, :width] = 1
        return mask

    def integers(self, values: Any, dtype: str = "int64", like: Image | None = None) -> Image:
        return np.asarray(values, dtype=dtype)


def nearest_color(images: Image, colors: Image) -> Image:
    """For each pixel the index of the nearest of the colours `(n, C)`.

    The torchvision backend's sums in its order: differences of near distances decide.
    """
    pixels = np.moveaxis(images if images.dtype.kind == "f" else images.astype(np.float32), -3, -1)
    flat = np.ascontiguousarray(pixels.reshape(-1, pixels.shape[-1]))
    norms = np.square(colors).sum(axis=1)
    indices = [
        (np.square(some).sum(axis=1)[:, np.newaxis] - 2 * (some @ colors.T) + norms).argmin(axis=1)
        for some in np.array_split(flat, -(-len(flat) // (1 << 14)))
    ]
    return np.concatenate(indices).reshape(pixels.shape[:-1])


def refuse_device(name: str, device: Any | None) -> None:
    """Raise for a device other than the CPU, which is all that backends without torch know."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise ValueError(f'the {name!r} backend works on the CPU; for device={str(device)!r} use backend="torchvision"')


def to_numpy(image: Any) -> Image:
    """A PIL image, array or tensor as a NumPy array of numbers, without a copy where possible.

    Raises:
        TypeError: the elements are no numbers. ValueError: one is NaN or infinite.
    """
    if hasattr(image, "detach"):
        if image.requires_grad:
            warn_caller('this backend keeps no gradient; backend="torchvision" does')
        image = image.detach().cpu()
        image = (image.float() if image.dtype.itemsize == 2 and image.dtype.is_floating_point else image).numpy()
    array = np.asarray(image)
    if array.dtype.kind not in "buif":
        raise TypeError(f"pixels must be numbers; this array holds {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("the image has NaN or infinite pixels")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind in "bui" and array.dtype != np.uint8 and array.size and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8)  # bytes in a wider type: every filter gives what it gives for bytes
    return array


def integer_bounds(dtype: Any) -> tuple[int, int]:
    """The range of an integer type, as far as double precision holds every number of it."""
    info = np.iinfo(dtype)
    return max(int(info.min), -(2**53)), min(int(info.max), 2**53)


def like_integers(floats: Image, dtype: Any) -> Image:
    """Resized integers in their own type: rounded, and clipped to its range where a filter overshoots."""
    return np.clip(np.rint(floats.astype(np.float64)), *integer_bounds(dtype)).astype(dtype)


def inverse_statistics(
    mean: Sequence[float], std: Sequence[float], scale: float = 1.0
) -> tuple[list[float], list[float]]:
    """The mean and the standard deviation that undo a normalisation of pixels that were divided by `scale`."""
    return [-scale * m / s for m, s in zip(mean, std, strict=True)], [1 / s for s in std]


def per_channel(values: Sequence[float]) -> Image:
    """float32 values shaped `(C, 1, 1)`."""
    return np.asarray(values, dtype=np.float32)[:, np.newaxis, np.newaxis]


class BrainFloats(np.ndarray[Any, Any]):
    """float32 numbers that bfloat16 holds, where `ml_dtypes` is missing; outputs of torch become its own type."""

    holds_bfloat16 = True


def is_bfloat16(images: Image) -> bool:
    """Whether these are bfloat16: of `ml_dtypes`, which NumPy counts among no kind, or what stands in for it."""
    return images.dtype.name == "bfloat16" or isinstance(images, BrainFloats)


def floats(images: Image) -> Image:
    """The numbers as plain float32."""
    return np.asarray(images).astype(np.float32)


def to_bfloat16(images: Image) -> Image:
    """The nearest bfloat16 of each number, ties to even; without `ml_dtypes` as `BrainFloats`."""
    try:
        return images.astype(numpy_dtype("bfloat16"))
    except ImportError:
        bits = np.ascontiguousarray(floats(images)).view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
        return rounded.view(np.float32).view(BrainFloats)


def numpy_dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype of a name; bfloat16 comes from `ml_dtypes`."""
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError as error:
        raise ImportError('NumPy has no bfloat16 of its own: pip install "pixelprep[dtypes]"') from error
    return np.dtype(ml_dtypes.bfloat16)


def _output_dtype(name: str | None, given: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype asked for where pixels are floating point; integer outputs keep theirs."""
    return numpy_dtype(name) if name is not None and (given.kind == "f" or given.name == "bfloat16") else given
