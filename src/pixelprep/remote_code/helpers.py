"""Small functions that code from checkpoints imports from transformers, and that pixelprep itself has no use for."""

from __future__ import annotations

import enum
import functools
import importlib.util
import inspect
import logging as standard_logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import geometry
from ..image_utils import (
    ChannelDimension,
    PILImageResampling,
    get_image_size,
    infer_channel_dimension_format,
    is_pil_image,
    is_valid_image,
)
from ..processing_utils import SIZE_STYLES, SizeDict

logger = standard_logging.getLogger("pixelprep.remote_code")
VideoInput = Any
VALID_SIZE_DICT_KEYS = SIZE_STYLES


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


def is_vision_available() -> bool:
    """Whether Pillow is installed."""
    return True


def is_torch_available() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def is_torchvision_available() -> bool:
    """Whether torchvision is installed."""
    return importlib.util.find_spec("torchvision") is not None


is_torchvision_v2_available = is_torchvision_available


def requires_backends(owner: Any, backends: str | Iterable[str]) -> None:
    """Raise ImportError unless libraries are installed; "vision" is Pillow."""
    names = [backends] if isinstance(backends, str) else list(backends)
    absent = [name for name in names if name != "vision" and importlib.util.find_spec(name) is None]
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
    from ..image_loading import fetch_images

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
    height, width = get_image_size(image, input_data_format)
    across, down = target_resolution[1] / width, target_resolution[0] / height
    if across < down:
        return min(math.ceil(height * across), target_resolution[0]), target_resolution[1]
    return target_resolution[0], min(math.ceil(width * down), target_resolution[1])


def smart_resize(
    height: int, width: int, factor: int = 28, min_pixels: int = 56 * 56, max_pixels: int = 14 * 14 * 4 * 1280
) -> tuple[int, int]:
    """`geometry.smart_resize`, with the bounds of Qwen2-VL."""
    return geometry.smart_resize(height, width, factor, min_pixels, max_pixels)


# ------------------------------------------------------------------------------------------------- checks of arguments


def validate_preprocess_arguments(**kwargs: Any) -> None:
    """Raise ValueError if a step is on and lacks what it needs."""
    needs = {
        "do_rescale": ("rescale_factor",),
        "do_pad": ("pad_size",),
        "do_normalize": ("image_mean", "image_std"),
        "do_center_crop": ("crop_size",),
        "do_resize": ("size", "resample"),
    }
    for flag, names in needs.items():
        absent = [name for name in names if kwargs.get(flag) and kwargs.get(name) is None]
        if absent:
            raise ValueError(f"`{flag}` is on but {', '.join(absent)} not set")


def validate_kwargs(valid_processor_keys: Iterable[str], captured_kwargs: Iterable[str]) -> None:
    """Log keyword arguments that nobody uses."""
    unused = sorted(set(captured_kwargs) - set(valid_processor_keys))
    if unused:
        logger.warning("unused keyword arguments: %s", ", ".join(unused))


def __getattr__(name: str) -> Any:
    if name == "pil_torch_interpolation_mapping":
        from torchvision.transforms import InterpolationMode

        return {
            member: InterpolationMode("nearest-exact" if member.name == "NEAREST" else member.name.lower())
            for member in PILImageResampling
        }
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
