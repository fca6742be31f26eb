"""The dry run: the same family code over shapes alone, so that every output's shape is known without making pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..geometry import Size, patch_axes, patch_shape
from ..image_utils import ChannelDimension, PILImageResampling

if TYPE_CHECKING:
    from ..image_loading import JpegDecoding


@dataclass(frozen=True)
class ShapeArray:
    """An array without elements: its shape and its dtype; `values` holds nested lists where they are known integers."""

    shape: tuple[int, ...]
    dtype: str = "uint8"
    values: Any = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]


class ShapeOps:
    """The verbs of `Ops` over `ShapeArray`."""

    name: ClassVar[str] = "shape"
    tensor_type: ClassVar[str] = "np"
    pil_conventions: ClassVar[bool] = False
    jpeg_decoding: ClassVar[JpegDecoding] = "pillow"

    def num_threads(self) -> int:
        return 1

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> ShapeArray:
        if not isinstance(image, ShapeArray):
            raise TypeError(f"the shape backend takes ShapeArray images, not {type(image).__name__}")
        return image

    def resize(
        self, images: ShapeArray, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> ShapeArray:
        return ShapeArray((*images.shape[:-2], height, width), images.dtype)

    def resize_float(self, images: ShapeArray, height: int, width: int, resample: PILImageResampling) -> ShapeArray:
        return ShapeArray((*images.shape[:-2], height, width), "float32")

    def crop(self, images: ShapeArray, top: int, left: int, height: int, width: int) -> ShapeArray:
        return ShapeArray((*images.shape[:-2], height, width), images.dtype)

    def pad(
        self, images: ShapeArray, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> ShapeArray:
        height, width = images.shape[-2:]
        return ShapeArray((*images.shape[:-2], top + height + bottom, left + width + right), images.dtype)

    def extend(self, images: ShapeArray, top: int, bottom: int, left: int, right: int, mode: str) -> ShapeArray:
        return self.pad(images, top, bottom, left, right)

    def rescale(self, images: ShapeArray, scale: float) -> ShapeArray:
        return ShapeArray(images.shape, "bfloat16" if images.dtype == "bfloat16" else "float32")

    def normalize(self, images: ShapeArray, mean: Sequence[float], std: Sequence[float]) -> ShapeArray:
        return ShapeArray(images.shape, "bfloat16" if images.dtype == "bfloat16" else "float32")

    def rescale_and_normalize(
        self, images: ShapeArray, scale: float, mean: Sequence[float], std: Sequence[float]
    ) -> ShapeArray:
        return ShapeArray(images.shape, "float32")

    def unnormalize(self, images: ShapeArray, scale: float, mean: Sequence[float], std: Sequence[float]) -> ShapeArray:
        return ShapeArray(images.shape, "float32")

    def standardize(self, images: ShapeArray) -> ShapeArray:
        return ShapeArray(images.shape, "float32")

    def flip_channels(self, images: ShapeArray) -> ShapeArray:
        return images

    def cast(self, images: ShapeArray, dtype: str) -> ShapeArray:
        return ShapeArray(images.shape, dtype)

    def rearrange(
        self, images: ShapeArray, split: Sequence[int], order: Sequence[int], shape: Sequence[int]
    ) -> ShapeArray:
        return ShapeArray(tuple(shape), images.dtype)

    def patchify(
        self, images: ShapeArray, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw"
    ) -> ShapeArray:
        *batch, channels, height, width = images.shape
        patch_axes(channels, height, width, patch, merge, vector)  # refuses sides that do not divide
        return ShapeArray((*batch, *patch_shape(channels, height, width, patch, copies, vector)), images.dtype)

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> ShapeArray:
        return ShapeArray(nested_shape(nested), _cast(first_leaf(nested).dtype, dtype))

    def concat(self, arrays: Sequence[ShapeArray], dtype: str | None = None, axis: int = 0) -> ShapeArray:
        shape = list(arrays[0].shape)
        shape[axis] = sum(array.shape[axis] for array in arrays)
        return ShapeArray(tuple(shape), _cast(arrays[0].dtype, dtype))

    def unstack(self, images: ShapeArray) -> list[ShapeArray]:
        return [ShapeArray(images.shape[1:], images.dtype)] * len(images)

    def stacking_pays(self, images: ShapeArray) -> bool:
        return False

    def pixel_mask(
        self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64"
    ) -> ShapeArray:
        return ShapeArray((padded_height, padded_width), dtype)

    def integers(self, values: Any, dtype: str = "int64", like: ShapeArray | None = None) -> ShapeArray:
        shape: list[int] = []
        level = values = _listed(values)
        while isinstance(level, (list, tuple)):
            shape.append(len(level))
            level = level[0] if level else None
        return ShapeArray(tuple(shape), dtype, values)


def _listed(values: Any) -> Any:
    """Nested tuples as nested lists, as arrays give their values."""
    return [_listed(entry) for entry in values] if isinstance(values, (list, tuple)) else values


def first_leaf(nested: Any) -> Any:
    """The first array of nested lists.

    Raises:
        ValueError: there is none.
    """
    while isinstance(nested, (list, tuple)):
        nested = next((entry for entry in nested if not isinstance(entry, (list, tuple)) or entry), None)
        if nested is None:
            raise ValueError("there is no image to stack")
    return nested


def nested_shape(nested: Any) -> tuple[int, ...]:
    """Shape of the array that nested lists of equal arrays fill, the longest list of each level deciding.

    Raises:
        ValueError: the arrays have different shapes.
    """
    depth: list[int] = []
    level = [nested]
    while level and isinstance(level[0], (list, tuple)):
        depth.append(max(map(len, level)))
        level = [inner for entry in level for inner in entry]
    shapes = {tuple(leaf.shape) for leaf in level}
    if len(shapes) > 1:
        raise ValueError(
            f"images of different shapes cannot be stacked: {', '.join(map(str, sorted(shapes)))}; "
            "pass return_tensors=None for a list, or make the sizes equal (resize, centre crop or pad)"
        )
    return (*depth, *shapes.pop())


def _cast(given: str, asked: str | None) -> str:
    return asked if asked is not None and "float" in given else given
