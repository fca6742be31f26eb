"""The classes that contributors inherit from, one for each backend."""

from .image_processing_utils import NativeBackend, PilBackend, TorchvisionBackend

__all__ = ["NativeBackend", "PilBackend", "TorchvisionBackend"]
