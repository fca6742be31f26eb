"""pixelprep turns images and videos into the tensors that vision and vision-language models expect."""

import importlib
import warnings
from typing import Any

from .core.version import __version__

# Public name: the module that defines it. Everything is imported on first use.
_EXPORTS = {
    "REFERENCE": "core.releases",
    "AutoImageProcessor": "auto",
    "AutoVideoProcessor": "auto",
    "ConfigError": "checkpoints.reading",
    "UnknownFamilyError": "registry",
    "UntrustedCodeError": "auto",
    "BaseImageProcessor": "image_processing_utils",
    "BaseVideoProcessor": "video_processing_utils",
    "TorchvisionBackend": "image_processing_backends",
    "PilBackend": "image_processing_backends",
    "NativeBackend": "image_processing_backends",
    "BatchFeature": "image_processing_outputs",
    "ImagesKwargs": "processing_utils",
    "VideosKwargs": "processing_utils",
    "SizeDict": "core.sizes",
    "Unpack": "processing_utils",
    "ChannelDimension": "core.enums",
    "PILImageResampling": "core.enums",
    "CallLimits": "core.limits",
    "get_call_limits": "core.limits",
    "set_call_limits": "core.limits",
    "DecodeLimits": "images.limits",
    "ImageLoadError": "images.limits",
    "ImageNotFoundError": "images.limits",
    "get_decode_limits": "images.limits",
    "set_decode_limits": "images.limits",
    "load_image": "images.decoding",
    "VideoLimits": "videos.limits",
    "VideoLoadError": "videos.limits",
    "VideoNotFoundError": "videos.limits",
    "get_video_limits": "videos.limits",
    "set_video_limits": "videos.limits",
    "VideoMetadata": "videos.metadata",
    "load_video": "video_utils",
    "get_reference": "core.releases",
    "set_reference": "core.releases",
    "set_num_threads": "ops",
    "register_backend": "ops",
    "UnknownBackendError": "ops",
    "MissingBackendError": "ops",
    "UnsupportedOperationError": "ops",
    "NeedsPixelsError": "core.errors",
    "Plan": "plans",
    "PlanError": "plans",
    "digest": "images.digests",
    "auto_docstring": "utils",
}

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    elif "ImageProcessor" in name or "VideoProcessor" in name:
        value = _processor(name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _processor(name: str) -> Any:
    """The class of a family, named with any backend's suffix; a plain name is torchvision's, or the next backend's."""
    from .ops import choose_backend
    from .registry.families import UnknownFamilyError
    from .registry.lookup import IMAGES, VIDEOS, find_class

    if name.endswith("ProcessorFast"):
        now = "TorchvisionBackend" if name == "BaseImageProcessorFast" else name.removesuffix("Fast")
        warnings.warn(f"{name} is deprecated; it is {now} now", DeprecationWarning, stacklevel=3)
        if name == "BaseImageProcessorFast":
            return __getattr__(now)
    try:
        family, backend = find_class(name, catalogue=IMAGES if "ImageProcessor" in name else VIDEOS)
        return family.load().on(backend or choose_backend("torchvision"))
    except UnknownFamilyError as error:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: {error}") from None


def __dir__() -> list[str]:
    from .registry.families import written_families
    from .registry.videos import VIDEO_FAMILIES

    videos = (f"{name}VideoProcessor" for name, family in VIDEO_FAMILIES.items() if family.written)
    return sorted([*__all__, *(f"{family}ImageProcessor" for family in written_families()), *videos])
