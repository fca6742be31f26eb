"""Small tools shared by the package: docstrings from kwargs, files written whole."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar, overload

from .core.names import borrowed

T = TypeVar("T", bound=Callable[..., Any])


@overload
def auto_docstring(target: T) -> T: ...
@overload
def auto_docstring(target: None = None, *, custom_intro: str | None = None) -> Callable[[T], T]: ...
def auto_docstring(target: T | None = None, *, custom_intro: str | None = None) -> T | Callable[[T], T]:
    """Complete the docstring of an image processor class or of one of its methods.

    A class gets an introduction and the documentation of every keyword argument, which stands once, on the kwargs
    TypedDict. A method that has no docstring gets its parent's.

    Args:
        target: the class or method, where the decorator is used bare.
        custom_intro: first sentence, instead of one made from the name.
    """

    def decorate(target: T) -> T:
        if isinstance(target, type):
            intro = custom_intro or inspect.cleandoc(target.__dict__.get("__doc__") or "") or _introduction(target)
            target.__doc__ = intro + "\n\nArgs:\n" + _indent(kwargs_documentation(target))
        elif custom_intro or not target.__doc__:
            target.__doc__ = custom_intro or "Turn images into model inputs; see `BaseImageProcessor.preprocess`."
        return target

    return decorate if target is None else decorate(target)


def kwargs_documentation(cls: type) -> str:
    """The documentation of every keyword argument of an image processor class, its own first, then inherited ones."""
    from .processing_utils import ImagesKwargs

    # Before Python 3.12 a TypedDict does not tell which ones it extends, so the class's ancestors are asked.
    declared = [base.__dict__["valid_kwargs"] for base in cls.__mro__ if "valid_kwargs" in base.__dict__]
    names = declared[0].__annotations__.keys()
    entries: dict[str, str] = {}
    for kwargs_type in (*declared, ImagesKwargs):
        text = inspect.cleandoc(kwargs_type.__doc__ or "")
        for entry in re.split(r"\n(?=\w+ \()", "\n" + text)[1:]:
            entries.setdefault(entry.partition(" (")[0], entry.rstrip())
    return "\n".join(entry for name, entry in entries.items() if name in names)


def _introduction(cls: type) -> str:
    return f"Image processor of {cls.__name__.removesuffix('ImageProcessor')}."


def _indent(text: str) -> str:
    return "\n".join("    " + line if line else line for line in text.splitlines())


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = borrowed(
    __name__,
    (
        "TensorType",
        "filter_out_non_signature_kwargs",
        "is_numpy_array",
        "is_torch_tensor",
        "is_torch_device",
        "is_torch_dtype",
        "is_torch_available",
        "is_torchvision_available",
        "is_vision_available",
        "is_cv2_available",
        "is_pytesseract_available",
        "is_scipy_available",
        "is_torchvision_v2_available",
        "logging",
        "requires_backends",
        "to_numpy",
        "get_logger",
        "CONFIG_NAME",
        "FEATURE_EXTRACTOR_NAME",
        "IMAGE_PROCESSOR_NAME",
        "PROCESSOR_NAME",
        "VIDEO_PROCESSOR_NAME",
        "IMAGENET_STANDARD_MEAN",
        "IMAGENET_STANDARD_STD",
    ),
    f"{__name__.partition('.')[0]}.checkpoints.remote_code.helpers",
)
