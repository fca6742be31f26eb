"""JPEG files decoded by libjpeg-turbo without Pillow around it: the same bytes in five sixths of the time.

Needs simplejpeg, which the extra `torch` and the native core bring along; where it is missing, Pillow decodes all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageFile
from numpy.typing import NDArray

from ..core.enums import ChannelDimension
from ..core.threads import LateImage
from .containers import ORIENTATION


class JpegImage(LateImage):
    """An upright RGB file of which only the header has been read; an array `(H, W, 3)` uint8 to whoever looks.

    Args:
        data: the whole file.
        height, width: as the header says.
        by_pillow: decodes it if libjpeg-turbo objects to anything, so that there is one judge of what can be read.
    """

    dtype = np.dtype(np.uint8)
    channel_dim = ChannelDimension.LAST  # whatever is said about the layout of other arrays

    def __init__(self, data: bytes, height: int, width: int, by_pillow: Callable[[], PIL.Image.Image]) -> None:
        self.shape = (height, width, 3)
        self.pixels: NDArray[np.uint8] | None = None
        self._data, self._by_pillow = data, by_pillow

    def decode(self, keep: bool = False) -> NDArray[np.uint8]:
        """The pixels; those that were kept, else made anew.

        Raises:
            ImageLoadError: the file is broken.
        """
        if self.pixels is not None:
            return self.pixels
        import simplejpeg

        pixels: NDArray[np.uint8] | None
        try:
            pixels = simplejpeg.decode_jpeg(self._data, "RGB", strict=True)
        except ValueError:
            pixels = None
        if pixels is None or pixels.shape != self.shape:
            pixels = np.asarray(self._by_pillow(), dtype=np.uint8)
        self.pixels = pixels if keep else None
        return pixels

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.decode() if dtype is None else self.decode().astype(dtype)


def read_jpeg(image: PIL.ImageFile.ImageFile, by_pillow: Callable[[bytes], PIL.Image.Image]) -> JpegImage | None:
    """The file behind a Pillow image that is open but not loaded; None if it is no upright RGB JPEG."""
    if image.format not in ("JPEG", "MPO") or image.mode != "RGB" or image.fp is None:
        return None
    if image.getexif().get(ORIENTATION, 1) != 1:
        return None
    image.fp.seek(0)
    data = image.fp.read()
    return JpegImage(data, image.height, image.width, lambda: by_pillow(data))
