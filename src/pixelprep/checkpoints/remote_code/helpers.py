"""Small functions that code from checkpoints imports from transformers, and that pixelprep itself has no use for."""

from __future__ import annotations

import enum
import functools
import importlib.util
import inspect
import logging as standard_logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import geometry
from ...core.enums import ChannelDimension, PILImageResampling
from ...core.sizes import SIZE_STYLES, SizeDict
from ...image_processing_base import NEEDS
from ...image_processing_outputs import BatchFeature as BatchFeature
from ...image_utils import (
    IMAGENET_STANDARD_MEAN as IMAGENET_STANDARD_MEAN,
    IMAGENET_STANDARD_STD as IMAGENET_STANDARD_STD,
    get_image_size,
    infer_channel_dimension_format,
    is_pil_image,
    is_valid_image,
)
from ...images.colors import convert_to_rgb
from ...images.decoding import load_image as load_image
from ...targets.annotations import validate_annotations as validate_annotations

logger = standard_logging.getLogger("pixelprep.checkpoints.remote_code")
VideoInput = Any
VALID_SIZE_DICT_KEYS = SIZE_STYLES


CONFIG_NAME = "config.json"
FEATURE_EXTRACTOR_NAME = IMAGE_PROCESSOR_NAME = "preprocessor_config.json"
PROCESSOR_NAME = "processor_config.json"
VIDEO_PROCESSOR_NAME = "video_preprocessor_config.json"


AnnotationType = dict[str, Any]


def load_image_as_tensor(image: Any, timeout: float | None = None) -> Any:
    """An image as a uint8 tensor `(3, H, W)`, upright.

    Raises:
        as `load_image`.
    """
    import torch

    pixels = np.array(convert_to_rgb(load_image(image, timeout)))
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


class ImageType(enum.StrEnum):
    """Kinds of images."""

    PIL = "pillow"
    TORCH = "torch"
    NUMPY = "numpy"


def get_image_type(image: Any) -> ImageType:
    """Which kind of image this is.

    Raises:
        ValueError: it is none.
    """
    if is_pil_image(image):
        return ImageType.PIL
    if is_torch_tensor(image):
        return ImageType.TORCH
    if is_numpy_array(image):
        return ImageType.NUMPY
    raise ValueError(f"no kind of image: {type(image).__name__}; pass a Pillow image, an array or a tensor")


class TensorType(enum.StrEnum):
    """Values of `return_tensors`."""

    PYTORCH = "pt"
    NUMPY = "np"
    MLX = "mlx"
    JAX = "jax"


ExplicitEnum = enum.StrEnum


class _Logger(standard_logging.LoggerAdapter[standard_logging.Logger]):
    """A logger that can also say things once."""

    @functools.cache  # noqa: B019 - one logger for each module, kept for ever anyway
    def warning_once(self, message: str, *args: Any) -> None:
        self.warning(message, *args)


@functools.cache
def get_logger(name: str | None = None) -> _Logger:
    """The logger of a module."""
    return _Logger(standard_logging.getLogger(name or logger.name), {})


# ------------------------------------------------------------------------------------------------ what is installed


# Where the name of a package is not in the question: `is_vision_available` asks for Pillow.
_PACKAGES = {"vision": "PIL", "torchvision_v2": "torchvision"}


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def requires_backends(owner: Any, backends: str | Iterable[str]) -> None:
    """Raise ImportError unless libraries are installed; "vision" is Pillow."""
    names = [backends] if isinstance(backends, str) else list(backends)
    absent = [name for name in names if not _is_installed(_PACKAGES.get(name, name))]
    if absent:
        name = getattr(owner, "__name__", type(owner).__name__)
        raise ImportError(f"{name} needs {', '.join(absent)}; install it with: pip install {' '.join(absent)}")


def requires(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """A decorator that changes nothing: what is missing shows when it is imported."""
    return lambda target: target


add_start_docstrings = add_end_docstrings = replace_return_docstrings = requires


def filter_out_non_signature_kwargs(extra: Sequence[str] | None = None) -> Callable[[Any], Any]:
    """A decorator that drops keyword arguments which the function does not name, with a warning."""

    def decorate(function: Any) -> Any:
        parameters = inspect.signature(function).parameters
        allowed = {*parameters, *(extra or ())}

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            dropped = sorted(kwargs.keys() - allowed)
            if dropped:
                logger.warning("%s ignores these keyword arguments: %s", function.__qualname__, ", ".join(dropped))
            return function(*args, **{name: value for name, value in kwargs.items() if name in allowed})

        return wrapper

    return decorate


# --------------------------------------------------------------------------------------------------- kinds of values


def is_torch_tensor(value: Any) -> bool:
    """Whether this is a torch tensor; does not import torch."""
    return hasattr(value, "permute") and hasattr(value, "detach")


def is_numpy_array(value: Any) -> bool:
    """Whether this is a NumPy array."""
    return isinstance(value, np.ndarray)


def is_torch_device(value: Any) -> bool:
    """Whether this is a torch device."""
    return type(value).__module__ == "torch" and type(value).__name__ == "device"


def is_torch_dtype(value: Any) -> bool:
    """Whether this is a torch dtype, or the name of one."""
    if isinstance(value, str):
        import torch

        value = getattr(torch, value, None)
    return type(value).__module__ == "torch" and type(value).__name__ == "dtype"


def is_batched(images: Any) -> bool:
    """Whether this is a list whose first entry is an image."""
    return isinstance(images, (list, tuple)) and is_valid_image(images[0])


def is_valid_list_of_images(images: Any) -> bool:
    """Whether this is a list of images, not empty."""
    return bool(images) and all(map(is_valid_image, images))


def valid_images(images: Any) -> bool:
    """Whether this is an image, or lists of images in any nesting."""
    return all(map(valid_images, images)) if isinstance(images, (list, tuple)) else is_valid_image(images)


def is_scaled_image(image: Any) -> bool:
    """Whether pixels are fractions in 0..1; bytes never are."""
    return bool(image.dtype != np.uint8 and image.min() >= 0 and image.max() <= 1)


def make_list_of_images(images: Any, expected_ndims: int = 3) -> Any:
    """A list of images from one image, a batch array or a list, which is returned as it is.

    Raises:
        ValueError: it is none of these.
    """
    if is_batched(images):
        return images
    if is_pil_image(images):
        return [images]
    if not is_valid_image(images) or images.ndim not in (expected_ndims, expected_ndims + 1):
        raise ValueError(f"expected an image, a batch or a list of images, not {type(images).__name__}")
    return list(images) if images.ndim > expected_ndims else [images]


def concatenate_list(lists: Sequence[Any]) -> Any:
    """Lists, arrays or tensors joined along their first axis."""
    if isinstance(lists[0], list):
        return [entry for part in lists for entry in part]
    if is_torch_tensor(lists[0]):
        import torch

        return torch.cat(list(lists), dim=0)
    return np.concatenate(lists, axis=0)


def to_numpy_array(image: Any) -> Any:
    """An image as a NumPy array, in the layout it has."""
    if not is_valid_image(image):
        raise ValueError(f"expected an image, not {type(image).__name__}")
    return (
        np.array(image)
        if is_pil_image(image)
        else image.detach().cpu().numpy()
        if is_torch_tensor(image)
        else np.asarray(image)
    )


def load_images(images: Any, timeout: float | None = None) -> Any:
    """Images from paths and URLs, in their nesting."""
    from ...images.decoding import fetch_images

    return fetch_images(images)


# ------------------------------------------------------------------------------------------------------------- sizes


def get_channel_dimension_axis(image: Any, input_data_format: Any = None) -> int:
    """The axis of the channels, counted from the front."""
    layout = infer_channel_dimension_format(image) if input_data_format is None else ChannelDimension(input_data_format)
    return int(image.ndim) - (3 if layout is ChannelDimension.FIRST else 1)


def max_across_indices(values: Iterable[Any]) -> list[Any]:
    """The largest entry at each position."""
    return [max(column) for column in zip(*values, strict=False)]


def get_max_height_width(images: Sequence[Any], input_data_format: Any = ChannelDimension.FIRST) -> list[int]:
    """The largest height and the largest width."""
    return max_across_indices(get_image_size(image, input_data_format) for image in images)


def get_size_dict(
    size: Any = None,
    max_size: int | None = None,
    height_width_order: bool = True,
    default_to_square: bool = True,
    param_name: str = "size",
) -> dict[str, int]:
    """A size in any published style as a dictionary; `height_width_order` is that of a pair.

    Raises:
        ValueError: it is no size.
    """
    if size is None and max_size is not None and not default_to_square:
        return {"longest_edge": max_size}
    if isinstance(size, (list, tuple)) and not height_width_order:
        size = size[::-1]
    try:
        sizes = dict(SizeDict.parse(size, name=param_name, square=default_to_square))
    except TypeError as error:
        raise ValueError(str(error)) from None
    if max_size is None or isinstance(size, (Mapping, list, tuple)):
        return sizes
    if default_to_square:
        raise ValueError(f"`{param_name}` is a square; it cannot have a max_size")
    return {**sizes, "longest_edge": max_size}


def select_best_resolution(original_size: tuple[int, int], possible_resolutions: Any) -> tuple[int, int]:
    """The candidate in which an image keeps most of its pixels, and among these wastes least."""
    return geometry.best_resolution(*original_size, possible_resolutions)


def get_patch_output_size(image: Any, target_resolution: tuple[int, int], input_data_format: Any) -> tuple[int, int]:
    """The size of an image that fits a canvas, its sides rounded up."""
    return geometry.fit_on_canvas(*get_image_size(image, input_data_format), *target_resolution)


def smart_resize(
    height: int, width: int, factor: int = 28, min_pixels: int = 56 * 56, max_pixels: int = 14 * 14 * 4 * 1280
) -> tuple[int, int]:
    """`geometry.smart_resize`, with the bounds of Qwen2-VL."""
    return geometry.smart_resize(height, width, factor, min_pixels, max_pixels)


def get_image_size_for_max_height_width(
    image_size: Any, max_height: int, max_width: int, input_data_format: Any = None
) -> tuple[int, int]:
    """The size of an image, or of `(height, width)`, that fits into a box, its shape kept."""
    size = image_size if isinstance(image_size, tuple) else get_image_size(image_size, input_data_format)
    height, width = size
    return geometry.fit_within(height, width, max_height, max_width)


def get_size_with_aspect_ratio(image_size: tuple[int, int], size: int, max_size: int | None = None) -> tuple[int, int]:
    """The size whose shorter side is `size`, the longer one at most `max_size` (DETR)."""
    if max_size is None:
        return geometry.shortest_edge(*image_size, size)
    return geometry.shortest_longest_edge(*image_size, size, max_size)


def divide_to_patches(image: Any, patch_size: int) -> list[Any]:
    """The tiles of an image `(C, H, W)`, row by row; those at its end may be smaller."""
    height, width = image.shape[-2:]
    boxes = geometry.tile_boxes(height, width, patch_size, patch_size)
    return [image[..., top : top + rows, left : left + columns] for top, left, rows, columns in boxes]


def split_to_tiles(images: Any, num_tiles_height: int, num_tiles_width: int) -> Any:
    """Images `(N, C, H, W)` as `(N, tiles, C, H / rows, W / columns)`, row by row."""
    count, channels, height, width = images.shape
    rows, columns = num_tiles_height, num_tiles_width
    parts = images.reshape(count, channels, rows, height // rows, columns, width // columns)
    order = (0, 2, 4, 1, 3, 5)
    moved = parts.permute(*order) if hasattr(parts, "permute") else parts.transpose(order)
    return moved.reshape(count, rows * columns, channels, height // rows, width // columns)


def safe_squeeze(array: Any, axis: int | None = None) -> Any:
    """Without axes of length one; as it is where the axis that is named is longer."""
    if axis is None:
        return array.squeeze()
    return array.squeeze(axis) if array.shape[axis] == 1 else array


# ------------------------------------------------------------------------------------------------- checks of arguments


def validate_preprocess_arguments(**kwargs: Any) -> None:
    """Raise ValueError if a step is on and lacks what it needs."""
    for flag, names in {**NEEDS, "do_pad": ("pad_size",)}.items():
        absent = [name for name in names if kwargs.get(flag) and kwargs.get(name) is None]
        if absent:
            raise ValueError(f"`{flag}` is on but {', '.join(absent)} not set")


def validate_kwargs(valid_processor_keys: Iterable[str], captured_kwargs: Iterable[str]) -> None:
    """Log keyword arguments that nobody uses."""
    unused = sorted(set(captured_kwargs) - set(valid_processor_keys))
    if unused:
        logger.warning("unused keyword arguments: %s", ", ".join(unused))


def __getattr__(name: str) -> Any:
    asked = re.fullmatch(r"is_(\w+)_available", name)
    if asked is not None:
        return functools.partial(_is_installed, _PACKAGES.get(asked[1], asked[1]))
    if name == "pil_torch_interpolation_mapping":
        from torchvision.transforms import InterpolationMode

        return {
            member: InterpolationMode("nearest-exact" if member.name == "NEAREST" else member.name.lower())
            for member in PILImageResampling
        }
    if name == "logging":  # transformers' own module of that name; its loggers can say things once
        return SimpleNamespace(get_logger=get_logger)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def to_numpy(value: Any) -> Any:
    """An array, tensor or nested list as a NumPy array."""
    return value.detach().cpu().numpy() if is_torch_tensor(value) else np.asarray(value)
