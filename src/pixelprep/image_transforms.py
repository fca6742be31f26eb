"""Image operations as plain NumPy functions, for code written around them: one image in, one image out.

They take arrays `(C, H, W)` or `(H, W, C)`, tell the layout from the shape unless `input_data_format` says it, and
give the layout of the input unless `data_format` asks for another. Values are those of transformers' functions of the
same names. Image processors do not use them; they work through `pixelprep.ops`.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import geometry
from .core.enums import ChannelDimension, PILImageResampling
from .core.names import borrowed
from .core.releases import get_reference, value_of
from .image_utils import channel_layout, get_image_size, infer_channel_dimension_format, is_pil_image
from .images.colors import convert_to_rgb as _convert_to_rgb

if TYPE_CHECKING:
    import PIL.Image

Image = NDArray[Any]
Layout = ChannelDimension | str | None

__all__ = [
    "PaddingMode",
    "center_crop",
    "center_to_corners_format",
    "convert_to_rgb",
    "corners_to_center_format",
    "flip_channel_order",
    "get_resize_output_image_size",
    "group_images_by_shape",
    "id_to_rgb",
    "normalize",
    "normalize_boxes",
    "pad",
    "reorder_images",
    "rescale",
    "resize",
    "rgb_to_id",
    "to_channel_dimension_format",
    "to_pil_image",
]


class PaddingMode(enum.StrEnum):
    """What padding is filled with: a constant, or the image itself, mirrored or repeated."""

    CONSTANT = "constant"
    REFLECT = "reflect"
    REPLICATE = "replicate"
    SYMMETRIC = "symmetric"


def _is_tensor(image: Any) -> bool:
    return hasattr(image, "permute") and hasattr(image, "detach")


def _layout(image: Any, input_data_format: Layout) -> ChannelDimension:
    return infer_channel_dimension_format(image) if input_data_format is None else ChannelDimension(input_data_format)


def _refuse_others(image: Any) -> None:
    if not isinstance(image, np.ndarray):
        raise TypeError(f"the image must be a NumPy array, not {type(image).__name__}")


def to_channel_dimension_format(
    image: Any, channel_dim: ChannelDimension | str, input_channel_dim: Layout = None
) -> Any:
    """The array or torch tensor with its channels moved to the first or last of its last three axes; a view.

    Raises:
        TypeError: the image is neither.
    """
    if not _is_tensor(image):
        _refuse_others(image)
    wanted = ChannelDimension(channel_dim)
    if _layout(image, input_channel_dim) is wanted:
        return image
    source, target = (-1, -3) if wanted is ChannelDimension.FIRST else (-3, -1)
    return image.movedim(source, target) if _is_tensor(image) else np.moveaxis(image, source, target)


def rescale(
    image: Image,
    scale: float,
    data_format: Layout = None,
    dtype: Any = np.float32,
    input_data_format: Layout = None,
) -> Image:
    """`image * scale`, computed in float64 and given as `dtype`."""
    _refuse_others(image)
    scaled = image.astype(np.float64) * scale
    if data_format is not None:
        scaled = to_channel_dimension_format(scaled, data_format, input_data_format)
    return scaled.astype(dtype)


def normalize(
    image: Image,
    mean: float | Collection[float],
    std: float | Collection[float],
    data_format: Layout = None,
    input_data_format: Layout = None,
) -> Image:
    """`(image - mean) / std` for each channel, in the image's floating type, float32 for integers.

    Raises:
        TypeError: the image is no array. ValueError: mean or std do not fit the channels.
    """
    _refuse_others(image)
    layout = _layout(image, input_data_format)
    image = image if np.issubdtype(image.dtype, np.floating) else image.astype(np.float32)
    axis = -3 if layout is ChannelDimension.FIRST else -1
    channels = image.shape[axis]
    shape = (channels, 1, 1) if layout is ChannelDimension.FIRST else (channels,)
    statistics = []
    for name, value in (("mean", mean), ("std", std)):
        values = list(value) if isinstance(value, Collection) else [value] * channels
        if len(values) != channels:
            raise ValueError(f"{name} must have {channels} elements, one for each channel, not {len(values)}")
        statistics.append(np.array(values, dtype=image.dtype).reshape(shape))
    image = (image - statistics[0]) / statistics[1]
    return image if data_format is None else to_channel_dimension_format(image, data_format, layout)


def to_pil_image(
    image: Any, do_rescale: bool | None = None, image_mode: str | None = None, input_data_format: Layout = None
) -> PIL.Image.Image:
    """A Pillow image of 8-bit pixels.

    Args:
        image: an array, a tensor or a Pillow image, which is returned as it is.
        do_rescale: multiply by 255 first; if None, so is an image of fractions in 0..1.
        image_mode: Pillow's mode, told from the channels if None.
        input_data_format: where the channels are.

    Raises:
        TypeError: anything else. ValueError: values that 8 bits cannot hold.
    """
    import PIL.Image

    if is_pil_image(image):
        return image
    image = image.detach().cpu().numpy() if _is_tensor(image) else image
    _refuse_others(image)
    image = to_channel_dimension_format(image, ChannelDimension.LAST, input_data_format)
    image = image[..., 0] if image.shape[-1] == 1 else image
    if _is_fraction(image) if do_rescale is None else do_rescale:
        image = rescale(image, 255)
    pixels = PIL.Image.fromarray(image.astype(np.uint8))
    return pixels if image_mode is None or image_mode == pixels.mode else pixels.convert(image_mode)


def _is_fraction(image: Image) -> bool:
    """Whether pixels lie in 0..1 and need the factor 255 to become bytes.

    Raises:
        ValueError: they are neither fractions in 0..1 nor whole numbers in 0..255.
    """
    if image.dtype == np.uint8:
        return False
    low, high = image.min(), image.max()
    whole = np.allclose(image, np.trunc(image))
    if low < 0 or high > (255 if whole else 1):
        raise ValueError(
            f"pixels of {low}..{high} do not fit 8 bits: they must be whole numbers in 0..255 or fractions in 0..1"
        )
    return not whole


def resize(
    image: Any,
    size: tuple[int, int],
    resample: PILImageResampling | int | None = None,
    reducing_gap: float | None = None,
    data_format: Layout = None,
    return_numpy: bool = True,
    input_data_format: Layout = None,
) -> Any:
    """Resize by Pillow to `(height, width)` pixels, bilinear if no filter is given; fractions go through 8 bits.

    Raises:
        ValueError: `size` is no pair, or pixels do not fit 8 bits.
    """
    if len(size) != 2:
        raise ValueError(f"`size` must be (height, width), not {size!r}")
    if is_pil_image(image):
        layout, fraction = ChannelDimension.LAST, False
    else:
        layout, fraction = _layout(image, input_data_format), _is_fraction(np.asarray(image))
        image = to_pil_image(image, fraction, input_data_format=layout)
    filter_ = PILImageResampling.BILINEAR if resample is None else PILImageResampling.parse(resample)
    resized = image.resize((size[1], size[0]), resample=filter_, reducing_gap=reducing_gap)
    if not return_numpy:
        return resized
    pixels = np.array(resized)
    pixels = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
    pixels = to_channel_dimension_format(
        pixels, ChannelDimension(data_format) if data_format else layout, ChannelDimension.LAST
    )
    return rescale(pixels, 1 / 255) if fraction else pixels


def get_resize_output_image_size(
    input_image: Any,
    size: int | Sequence[int],
    default_to_square: bool = True,
    max_size: int | None = None,
    input_data_format: Layout = None,
) -> tuple[int, int]:
    """`(height, width)` after resizing to a pair, to a square, or to a shorter side, the longer at most `max_size`.

    Raises:
        ValueError: `size` has more than two entries, or exceeds `max_size`.
    """
    if isinstance(size, (tuple, list)):
        if len(size) not in (1, 2):
            raise ValueError(f"`size` must have one or two entries, not {size!r}")
        if len(size) == 2:
            return size[0], size[1]
        size = size[0]
    assert isinstance(size, int)
    if default_to_square:
        return size, size
    height, width = get_image_size(input_image, input_data_format)
    new_height, new_width = geometry.shortest_edge(height, width, size)
    if max_size is None:
        return new_height, new_width
    if max_size <= size:
        raise ValueError(f"`max_size` {max_size} must exceed the shorter side's `size` {size}")
    longest = max(new_height, new_width)
    if longest > max_size:
        short = int(max_size * size / longest)
        return (short, max_size) if height < width else (max_size, short)
    return new_height, new_width


def center_crop(
    image: Image, size: tuple[int, int], data_format: Layout = None, input_data_format: Layout = None
) -> Image:
    """The `(height, width)` window around the centre, with zeros where the image is smaller.

    Raises:
        TypeError: the image is no array. ValueError: `size` is no pair.
    """
    _refuse_others(image)
    if not isinstance(size, Collection) or len(size) != 2:
        raise ValueError(f"`size` must be (height, width), not {size!r}")
    layout = _layout(image, input_data_format)
    image = to_channel_dimension_format(image, ChannelDimension.FIRST, layout)
    target = [int(side) for side in size]
    tops = geometry.center_crop(*image.shape[-2:], *target, extra_first=True)
    around = [
        (max(-top, 0), max(top + side - length, 0))
        for top, side, length in zip(tops, target, image.shape[-2:], strict=True)
    ]
    if any(map(any, around)):
        image = np.pad(image, [(0, 0)] * (image.ndim - 2) + around)
    top, left = (max(corner, 0) for corner in tops)
    image = image[..., top : top + target[0], left : left + target[1]]
    cropped: Image = to_channel_dimension_format(image, data_format or layout, ChannelDimension.FIRST)
    return cropped


def pad(
    image: Image,
    padding: Any,
    mode: PaddingMode = PaddingMode.CONSTANT,
    constant_values: Any = 0.0,
    data_format: Layout = None,
    input_data_format: Layout = None,
) -> Image:
    """Pad height and width.

    Args:
        image: `(C, H, W)`, `(H, W, C)` or a batch of these.
        padding: one number for all sides, `(before, after)` for both axes, or `((top, bottom), (left, right))`.
        mode: what the padding is filled with.
        constant_values: of `PaddingMode.CONSTANT`, in the same forms.
        data_format: layout of the result.
        input_data_format: where the channels are.

    Raises:
        ValueError: another form of `padding`, or an unknown mode.
    """
    layout = _layout(image, input_data_format)
    names = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "symmetric": "symmetric"}

    def for_axes(value: Any) -> list[Any]:
        value = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        if isinstance(value, (int, float)):
            value = (value, value)
        if not (isinstance(value, tuple) and len(value) == 2):
            raise ValueError(f"give a number, (before, after) or ((top, bottom), (left, right)), not {value!r}")
        pairs = list(value) if isinstance(value[0], tuple) else [value, value]
        pairs = [(0, 0), *pairs] if layout is ChannelDimension.FIRST else [*pairs, (0, 0)]
        return [(0, 0)] * (image.ndim - 3) + pairs

    values = {"constant_values": for_axes(constant_values)} if mode == PaddingMode.CONSTANT else {}
    padded: Image = np.pad(image, for_axes(padding), mode=names[PaddingMode(mode)], **values)  # type: ignore[call-overload]
    return padded if data_format is None else to_channel_dimension_format(padded, data_format, layout)


def convert_to_rgb(image: Any, return_numpy: bool = False, input_data_format: Layout = None) -> Any:
    """A Pillow image or an array with three channels: transparency becomes white, grey is repeated.

    Args:
        image: a Pillow image of any mode, or an array of bytes, or of fractions in 0..1, with 1, 3 or 4 channels.
        return_numpy: give an array, of a Pillow image `(H, W, 3)`, instead of a Pillow image.
        input_data_format: where an array's channels are.

    Raises:
        TypeError: the image is neither. ValueError: pixels with alpha that are out of range.
    """
    transparency = value_of("transparency", get_reference())
    if is_pil_image(image):
        picture = _convert_to_rgb(image, transparency=transparency)
        return np.array(picture) if return_numpy else picture
    _refuse_others(image)
    layout = input_data_format or (channel_layout(image, converts=True) if image.ndim > 2 else ChannelDimension.FIRST)
    pixels = _convert_to_rgb(image, layout, transparency=transparency)
    return pixels if return_numpy else to_pil_image(pixels, input_data_format=layout)


def flip_channel_order(image: Image, data_format: Layout = None, input_data_format: Layout = None) -> Image:
    """RGB to BGR and back; a view."""
    layout = _layout(image, input_data_format)
    image = np.flip(image, axis=-3 if layout is ChannelDimension.FIRST else -1)
    return image if data_format is None else to_channel_dimension_format(image, data_format, layout)


def normalize_boxes(boxes: Any, height: int, width: int) -> list[list[int]]:
    """Boxes of words in pixels as LayoutLM takes them: `[left, top, right, bottom]` in thousandths of the page.

    Args:
        boxes: any number, also none, each in one form: `(left, top, right, bottom)`, four corners `(x, y)` as OCR
            engines give them (their bounding box is taken), or the numbers of the corners in one row.
        height: of the page in pixels.
        width: of the page in pixels.

    Returns:
        One list for each box, every number in 0..1000: boxes that reach past the page are cut off there.

    Raises:
        ValueError: a box that has another form or is not finite, with its index; a page without pixels.
    """
    if min(height, width) < 1:
        raise ValueError(f"a page has at least one pixel each way, not {height}x{width}")
    normalized = []
    for index, box in enumerate(boxes):
        try:
            normalized.append(geometry.thousandths(geometry.around(box), height, width))
        except (TypeError, ValueError) as error:
            raise ValueError(f"box {index}: {error}") from None
    return normalized


def center_to_corners_format(bboxes_center: Any) -> Any:
    """Boxes `(..., 4)` from `(center_x, center_y, width, height)` to `(left, top, right, bottom)`."""
    center, half = bboxes_center[..., :2], bboxes_center[..., 2:] * 0.5
    return _join(center - half, center + half)


def corners_to_center_format(bboxes_corners: Any) -> Any:
    """Boxes `(..., 4)` from `(left, top, right, bottom)` to `(center_x, center_y, width, height)`."""
    low, high = bboxes_corners[..., :2], bboxes_corners[..., 2:]
    return _join((low + high) / 2, high - low)


def _join(first: Any, second: Any) -> Any:
    if _is_tensor(first):
        import torch

        return torch.cat((first, second), dim=-1)
    return np.concatenate((first, second), axis=-1)


def rgb_to_id(color: Any) -> Any:
    """The segment id that a panoptic map writes as a colour: `r + 256 g + 256^2 b`."""
    color = np.asarray(color).astype(np.int64 if np.ndim(color) == 1 else np.int32)
    ids = color @ np.array([1, 256, 256**2], dtype=color.dtype)
    return int(ids) if ids.ndim == 0 else ids


def id_to_rgb(id_map: Any) -> Any:
    """The colour of a segment id, or of a map of them: uint8 `(..., 3)`, a list for one id."""
    ids = np.asarray(id_map)
    colors = np.stack([ids // 256**power % 256 for power in range(3)], axis=-1)
    return colors.tolist() if np.ndim(id_map) == 0 else colors.astype(np.uint8)


def group_images_by_shape(
    images: Any, *paired_inputs: Any, disable_grouping: bool | None = None, is_nested: bool = False
) -> tuple[Any, ...]:
    """Stack torch images `(C, H, W)` of one size, for processing them as one; `reorder_images` undoes it.

    Args:
        images: tensors, in lists of lists if `is_nested`.
        paired_inputs: further values in the same nesting, grouped alike.
        disable_grouping: leave each image alone; if None, on the CPU only.
        is_nested: whether there are samples of several images.

    Returns:
        The stacks by key, the paired values by key, and for each image the key and its place there.
    """
    import torch

    samples = images if is_nested else [images]
    flat = [((i, j) if is_nested else j, image) for i, sample in enumerate(samples) for j, image in enumerate(sample)]
    if disable_grouping is None:
        disable_grouping = not flat or flat[0][1].device.type == "cpu"
    groups: dict[Any, list[Any]] = {}
    index: dict[Any, Any] = {"_num_sublists": len(samples)} if is_nested else {}
    for place, image in flat:
        key = place if disable_grouping else tuple(image.shape[1:])
        group = groups.setdefault(key, [])
        index[place] = (key, len(group))
        group.append(image)
    paired: list[dict[Any, Any]] = []
    for values in paired_inputs:
        grouped: dict[Any, Any] = {key: None if values is None else [] for key in groups}
        if values is not None:
            for place, _ in flat:
                value = values[place[0]][place[1]] if isinstance(place, tuple) else values[place]
                grouped[index[place][0]].append(value)
        paired.append(grouped)
    return {key: torch.stack(group) for key, group in groups.items()}, *paired, index


def reorder_images(
    processed_images: Mapping[Any, Any], grouped_images_index: Mapping[Any, Any], is_nested: bool = False
) -> Any:
    """The entries of stacks from `group_images_by_shape`, in the order and nesting of its `images`."""
    places = {place: found for place, found in grouped_images_index.items() if place != "_num_sublists"}
    flat = {place: processed_images[key][number] for place, (key, number) in places.items()}
    if not is_nested:
        return [flat[place] for place in range(len(flat))]
    samples: list[list[Any]] = [[] for _ in range(grouped_images_index.get("_num_sublists", 0))]
    for sample, number in sorted(flat):
        samples[sample].append(flat[sample, number])
    return samples


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = borrowed(
    __name__,
    (
        "divide_to_patches",
        "get_size_with_aspect_ratio",
        "split_to_tiles",
        "safe_squeeze",
        "to_numpy_array",
        "get_channel_dimension_axis",
    ),
    f"{__name__.partition('.')[0]}.checkpoints.remote_code.helpers",
)
