"""The classes that contributors inherit from, one for each backend, and the binding of a family to a backend."""

from __future__ import annotations

from functools import cache

from .image_processing_utils import BaseImageProcessor
from .ops import get_backend


class TorchvisionBackend(BaseImageProcessor):
    """Image processing by PyTorch and torchvision, on the CPU or a GPU."""

    backend = "torchvision"


class PilBackend(BaseImageProcessor):
    """Image processing by Pillow and NumPy, on the CPU."""

    backend = "pil"


class NativeBackend(BaseImageProcessor):
    """Image processing by the compiled core: the torchvision backend's pixels without PyTorch."""

    backend = "native"


_BASES: dict[str, type[BaseImageProcessor]] = {
    base.backend: base for base in (TorchvisionBackend, PilBackend, NativeBackend)
}


@cache
def bind(family: type[BaseImageProcessor], backend: str) -> type[BaseImageProcessor]:
    """The class of a family on a backend: the family's logic over the backend's verbs.

    Raises:
        UnknownBackendError: there is no such backend.
    """
    suffix = get_backend(backend).suffix
    base = _BASES.setdefault(
        backend, type(f"{suffix}Backend", (BaseImageProcessor,), {"backend": backend, "__module__": __name__})
    )
    name = family.__name__.removesuffix("ImageProcessor") + "ImageProcessor" + suffix
    # Shipped classes are found again, by pickle too, where users import them from: the package itself.
    package = __name__.partition(".")[0]
    module = package if family.__module__.startswith(f"{package}.models.") else family.__module__
    members = {"family": family, "__doc__": family.__doc__, "__module__": module}
    return type(name, (family, base), members)
