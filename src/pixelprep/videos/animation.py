"""Animations (GIF, APNG, WebP, AVIF) and still pictures as videos, decoded by Pillow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ..images.colors import convert_to_rgb
from ..images.decoding import read_header
from ..images.limits import ImageLoadError, explain, get_decode_limits
from .limits import VideoLimits, VideoLoadError
from .times import metadata_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHORTEST, _USUAL = 20, 100
"""Milliseconds: frames that ask for less than the first are shown for the second, as browsers do it."""


class Animation:
    """One animation, or a picture as a video of one frame; what is transparent is white.

    Args, attributes and errors are those of `PyAVVideo`.
    """

    def __init__(self, file: str | bytes | BytesIO, name: str, limits: VideoLimits, threads: int = 1) -> None:
        self._file, self._name, self._limits = file, name, limits
        allowed = replace(get_decode_limits(), max_pixels=limits.max_pixels, max_bytes=limits.max_bytes)
        try:
            header = read_header(file, limits=allowed)
        except ImageLoadError as error:
            raise VideoLoadError(name, error.reason) from error
        self.size = (header.height, header.width)
        with self._opened() as image:
            self._upright = header.orientation == 1
            durations = self._durations(image)
        *starts, end = accumulate(durations, initial=0)
        many = len(durations) > 1
        self.metadata, self.times = metadata_of(
            starts if many else [], end, len(durations), Fraction(1, 1000), None, self.size, "pillow"
        )
        if (self.metadata.duration or 0) > limits.max_seconds:
            raise limits.refuse(name, f"{self.metadata.duration:.0f} seconds", "max_seconds")

    def frames(self, indices: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
        """Frames `(H, W, 3)` uint8 by their numbers, one after the other as they are asked for.

        Raises:
            VideoLoadError: one is broken.
        """
        import numpy as np
        import PIL.ImageOps

        with self._opened() as image:
            for index in indices:
                image.seek(index)
                frame = image if self._upright else PIL.ImageOps.exif_transpose(image)
                pixels = np.array(convert_to_rgb(frame))
                if pixels.shape[:2] != self.size:
                    raise VideoLoadError(self._name, "its pictures have several sizes; pass those of one")
                yield pixels

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import PIL.Image

        if isinstance(self._file, BytesIO):
            self._file.seek(0)
        try:
            with PIL.Image.open(self._file) as image:
                yield image
        except VideoLoadError:
            raise
        except Exception as error:  # decoders raise nearly anything on broken data
            raise VideoLoadError(self._name, f"it is broken or cut short: {explain(error)}") from error

    def _durations(self, image: Any) -> list[int]:
        """Milliseconds of each frame; some formats tell them only of frames that are decoded."""
        count, (height, width) = getattr(image, "n_frames", 1), self.size
        if count > self._limits.max_frames:
            raise self._limits.refuse(self._name, f"{count} frames", "max_frames")
        if count * height * width > self._limits.max_taken_pixels:
            what = f"{count} frames of {height}x{width}, which are decoded one on the other"
            raise self._limits.refuse(self._name, what, "max_taken_pixels")
        durations: list[int] = []
        for index in range(count if count > 1 else 0):
            image.seek(index)
            image.load()
            told = round(float(image.info.get("duration") or 0))
            durations.append(told if told >= _SHORTEST else _USUAL)
        return durations or [0]
