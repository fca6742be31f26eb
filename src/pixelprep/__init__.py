"""pixelprep turns images into the tensors that vision and vision-language models expect."""

import importlib
import warnings
from typing import Any

__version__ = "0.1.0"

# Public name: the module that defines it. Everything is imported on first use.
_EXPORTS = {
    "AutoImageProcessor": "auto",
    "ConfigError": "checkpoint",
    "UnknownFamilyError": "registry",
    "UntrustedCodeError": "auto",
    "BaseImageProcessor": "image_processing_utils",
    "TorchvisionBackend": "image_processing_backends",
    "PilBackend": "image_processing_backends",
    "NativeBackend": "image_processing_backends",
    "BatchFeature": "image_processing_outputs",
    "ImagesKwargs": "processing_utils",
    "SizeDict": "processing_utils",
    "Unpack": "processing_utils",
    "ChannelDimension": "image_utils",
    "PILImageResampling": "image_utils",
    "DecodeLimits": "image_loading",
    "ImageLoadError": "image_loading",
    "ImageNotFoundError": "image_loading",
    "get_decode_limits": "image_loading",
    "set_decode_limits": "image_loading",
    "load_image": "image_loading",
    "set_num_threads": "ops",
    "register_backend": "ops",
    "UnknownBackendError": "ops",
    "MissingBackendError": "ops",
    "UnsupportedOperationError": "ops",
    "auto_docstring": "utils",
}

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    elif "ImageProcessor" in name:
        value = _image_processor(name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _image_processor(name: str) -> Any:
    """The class of a family, named with any backend's suffix; a plain name is torchvision's, or the next backend's."""
    from .ops import choose_backend
    from .registry import UnknownFamilyError, find_class

    if name.endswith("ImageProcessorFast"):
        now = "TorchvisionBackend" if name == "BaseImageProcessorFast" else name.removesuffix("Fast")
        warnings.warn(f"{name} is deprecated; it is {now} now", DeprecationWarning, stacklevel=3)
        if name == "BaseImageProcessorFast":
            return __getattr__(now)
    try:
        family, backend = find_class(name)
        return family.load().on(backend or choose_backend("torchvision"))
    except UnknownFamilyError as error:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: {error}") from None


def __dir__() -> list[str]:
    from .registry import written_families

    return sorted([*__all__, *(f"{family}ImageProcessor" for family in written_families())])
