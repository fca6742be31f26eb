"""The base classes that code from a checkpoint inherits from where transformers is not installed.

They are pixelprep's own, made to take what such code does: settings that nobody declared become attributes, the old
NumPy methods work on arrays of either layout, and the torchvision style may call its filter `interpolation`.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NoReturn, Self

from ... import (
    image_processing_backends,
    image_processing_outputs,
    image_processing_utils,
    image_transforms,
)
from ...core.enums import PILImageResampling
from ...core.schema import Options
from ...core.sizes import SizeDict
from ...image_processing_base import TYPE_KEYS
from ...ops import unsupported
from ...processing_utils import ImagesKwargs, Unpack
from ...steps.standard import channel_statistics
from .helpers import get_size_dict

PUBLISHED_KEYS = TYPE_KEYS | {"processor_class"}


class BatchFeature(image_processing_outputs.BatchFeature):
    """The outputs of an image processor; subclasses that convert by hand ask it for the functions to do so."""

    def _get_is_as_tensor_fns(self, tensor_type: str | None = None) -> tuple[Callable[[Any], bool], Any]:
        """Whether a value is an array of a library already, and the function that makes it one."""
        if tensor_type is None:
            return lambda value: hasattr(value, "shape"), lambda value: value
        convert = image_processing_outputs.converter(str(tensor_type))
        kind = type(convert(0.0))
        return lambda value: isinstance(value, kind), convert


class BaseImageProcessor(image_processing_utils.BaseImageProcessor):
    """The NumPy style: the subclass writes `preprocess` and keeps its settings as attributes of its own."""

    backend = "pil"

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__["_unknown"] = {}
        for name in kwargs.keys() - PUBLISHED_KEYS:
            setattr(self, name, kwargs[name])

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, image_processor_dict: Mapping[str, Any], **kwargs: Any) -> Self:
        """A processor from the contents of a configuration file; `kwargs` replace what it says."""
        settings = {name: value for name, value in image_processor_dict.items() if name not in PUBLISHED_KEYS}
        return cls(**_taken(cls, copy.deepcopy(settings)) | kwargs)

    def to_dict(self) -> dict[str, Any]:
        """Every public attribute; arrays as lists."""
        values = {name: value for name, value in vars(self).items() if not name.startswith("_") and not callable(value)}
        plain = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in values.items()}
        return {**copy.deepcopy(plain), "image_processor_type": type(self).__name__}

    def preprocess(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        """Turn images into model inputs; the subclass does it."""
        raise NotImplementedError(f"{type(self).__name__} does not define `preprocess`")

    def rescale(self, image: Any, scale: float, data_format: Any = None, input_data_format: Any = None) -> Any:
        """`image * scale`, float32."""
        return image_transforms.rescale(image, scale, data_format, input_data_format=input_data_format)

    def normalize(self, image: Any, mean: Any, std: Any, data_format: Any = None, input_data_format: Any = None) -> Any:
        """`(image - mean) / std` for each channel."""
        return image_transforms.normalize(image, mean, std, data_format, input_data_format)

    def center_crop(self, image: Any, size: Any, data_format: Any = None, input_data_format: Any = None) -> Any:
        """The `{"height", "width"}` window around the centre."""
        size = get_size_dict(size)
        return image_transforms.center_crop(image, (size["height"], size["width"]), data_format, input_data_format)

    def plan(self, images: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Not known for code that works on pixels directly."""
        raise unsupported("pil", f"plans of {type(self).__name__}", "process an image of that size instead")


def _taken(cls: type, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that a constructor takes: all of them if it has `**kwargs`."""
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return settings
    return {name: settings[name] for name in (p.name for p in parameters) if name in settings}


class _Lenient(image_processing_utils.BaseImageProcessor):
    """What both newer styles share: names that `valid_kwargs` does not declare are attributes, sizes are `SizeDict`."""

    valid_kwargs: ClassVar[type] = ImagesKwargs
    closed_steps: ClassVar[bool] = False

    def __init__(self, **kwargs: Unpack[ImagesKwargs]) -> None:
        known = self._schema().types
        super().__init__(**{name: value for name, value in kwargs.items() if name in known})  # type: ignore[arg-type]
        for name in kwargs.keys() - known.keys() - PUBLISHED_KEYS:
            setattr(self, name, kwargs[name])  # type: ignore[literal-required]

    def _standardize_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        for name in ("size", "crop_size", "pad_size"):
            if kwargs.get(name) is not None:
                square = name != "size" or bool(kwargs.get("default_to_square", True))
                kwargs[name] = SizeDict.parse(kwargs[name], name=name, square=square)
        return kwargs

    _further_process_kwargs = _standardize_kwargs

    def resize(
        self, image: Any, size: Any, resample: Any = None, antialias: bool = True, interpolation: Any = None, **_: Any
    ) -> Any:
        """Resize to `size`; the filter is `resample` or, in older code, torchvision's `interpolation`."""
        return super().resize(image, SizeDict.parse(size), interpolation if resample is None else resample, antialias)

    def center_crop(self, image: Any, size: Any, **_: Any) -> Any:
        """The `size.height x size.width` window around the centre."""
        return super().center_crop(image, SizeDict.parse(size))

    def rescale(self, image: Any, scale: float, **_: Any) -> Any:
        """`image * scale`, float32."""
        return super().rescale(image, scale)

    def normalize(self, image: Any, mean: float | Iterable[float], std: float | Iterable[float], **_: Any) -> Any:
        """`(image - mean) / std` for each channel, float32."""
        mean, std = (value if isinstance(value, (int, float)) else tuple(value) for value in (mean, std))
        return super().normalize(image, mean, std)

    def rescale_and_normalize(
        self,
        images: Any,
        do_rescale: bool,
        rescale_factor: float,
        do_normalize: bool,
        image_mean: Any,
        image_std: Any,
    ) -> Any:
        """Both steps, in one if both are on."""
        if do_rescale and do_normalize:
            statistics = channel_statistics(images, image_mean, image_std)
            return self.ops.rescale_and_normalize(images, rescale_factor, *statistics)
        return super().rescale_and_normalize(images, do_rescale, rescale_factor, do_normalize, image_mean, image_std)


class TorchvisionBackend(_Lenient, image_processing_backends.TorchvisionBackend):
    """The torchvision style: the subclass sets class attributes and writes `_preprocess` over tensors."""

    def _resolve(self, kwargs: dict[str, Any]) -> Options:
        options = super()._resolve(kwargs)
        if options.get("resample") is None:
            return options
        from torchvision.transforms import InterpolationMode

        name = PILImageResampling.parse(options.resample).name.lower()
        # Pillow's nearest pixel is torchvision's "nearest-exact".
        return options.replace(interpolation=InterpolationMode("nearest-exact" if name == "nearest" else name))


class PilBackend(_Lenient, image_processing_backends.PilBackend):
    """The same over NumPy arrays `(C, H, W)`, resized by Pillow."""


BaseImageProcessorFast = TorchvisionBackend
DefaultFastImageProcessorKwargs = ImagesKwargs
ImageProcessingMixin = BaseImageProcessor


class AutoImageProcessor:
    """Takes part in nothing: code that registers itself while it runs changes nothing outside."""

    @staticmethod
    def register(*args: Any, **kwargs: Any) -> None:
        """Ignored: the configuration names the class already."""
