"""The pixels of a Pillow image where they lie, through its Arrow interface: reading them costs no copy.

Pillow keeps an RGB image as four bytes for each pixel, the fourth unused.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from ..image_utils import is_pil_image


class _ArrowArray(ctypes.Structure):
    """`ArrowArray` of Arrow's C data interface, as far as it is read here."""


_ArrowArray._fields_ = [
    *((name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
]
_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class _Memory:
    """What keeps the memory alive, and tells NumPy of it."""

    def __init__(self, image: PILImage.Image, channels: int, capsule: object, address: int, read_only: bool) -> None:
        self.image, self.capsule = image, capsule
        width, height = image.size
        self.__array_interface__ = {
            "version": 3,
            "typestr": "|u1",
            "data": (address, read_only),
            "shape": (channels, height, width),
            "strides": (1, 4 * width, 4),
        }


def in_place(image: Any, channels: int = 3, read_only: bool = True) -> NDArray[np.uint8] | None:
    """The pixels of an RGB image as an array `(channels, H, W)` over Pillow's own memory.

    Args:
        image: anything.
        channels: 3, or 4 with the unused byte.
        read_only: torch takes no array that is; nobody may write to it all the same.

    Returns:
        None where it is no Pillow image of mode RGB, lies in several blocks (above 16 MiB), or Pillow has no Arrow
        interface (before 11.2).
    """
    if not is_pil_image(image) or image.mode != "RGB" or not hasattr(image, "__arrow_c_array__"):
        return None
    try:
        _, capsule = image.__arrow_c_array__()
    except ValueError:
        return None
    pixels = _ArrowArray.from_address(_pointer(capsule, b"arrow_array")).children[0].contents
    return np.asarray(_Memory(image, channels, capsule, pixels.buffers[1], read_only))


def image_of(array: NDArray[Any]) -> PILImage.Image | None:
    """The Pillow image that an array came from, if it is the whole array of `in_place` and not a part of it."""
    return array.base.image if isinstance(array.base, _Memory) else None
