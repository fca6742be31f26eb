"""An opened video: what is known of it, and frames that are decoded when somebody looks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.enums import ChannelDimension
from ..core.errors import place as say_where
from ..core.threads import LateImage
from ..image_utils import is_array
from ..images.rows import unpacked
from .animation import Animation
from .decoders import DecodedVideo, get_decoder
from .limits import VideoLimits, get_video_limits
from .metadata import VideoMetadata
from .sources import is_picture, open_file, pictures_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OpenedVideo:
    """A video of which nothing is decoded yet but what tells its size.

    Args:
        decoded: the decoder's.
        name: what to call it.
        limits: see `VideoLimits`.
        position: of the video in the input, which errors name.
    """

    def __init__(self, decoded: DecodedVideo, name: str, limits: VideoLimits, position: str = "") -> None:
        self._decoded, self.name, self._limits, self._position = decoded, name, limits, position

    def __len__(self) -> int:
        return self.metadata.total_num_frames

    @property
    def metadata(self) -> VideoMetadata:
        """What is known of it."""
        return self._decoded.metadata

    @property
    def times(self) -> Sequence[float] | None:
        """Seconds at which each frame is shown, where they do not follow from the rate."""
        return self._decoded.times

    def frames(self, indices: Sequence[int]) -> list[FilmFrame]:
        """Frames by their numbers, in this order, as arrays `(H, W, 3)` that are decoded when somebody looks.

        Raises:
            VideoLoadError: they are more pixels than the limit allows.
        """
        height, width = self.metadata.height or 0, self.metadata.width or 0
        if len(indices) * height * width > self._limits.max_taken_pixels:
            what = f"{len(indices)} frames of {height}x{width} to be taken"
            raise self._limits.refuse(self.name, what, "max_taken_pixels")
        reel = Reel(self._decoded, indices, self._position)
        return [FilmFrame(reel, place, (height, width, 3)) for place in range(len(indices))]


class Reel:
    """Frames of one video that are decoded one after the other; of those looked at before only the last is kept."""

    def __init__(self, decoded: DecodedVideo, indices: Sequence[int], position: str = "") -> None:
        self._decoded, self._indices, self._position = decoded, list(indices), position
        self._coming: Iterator[Any] = iter(())
        self._next, self._last = 0, None

    def at(self, place: int) -> NDArray[np.uint8]:
        """The frame of the index at this place; behind the last one looked at, or decoding begins anew."""
        if place == self._next - 1 and self._last is not None:
            return self._last
        try:
            if place < self._next or not self._next:
                self._coming, self._next = self._decoded.frames(self._indices[place:]), place
            while self._next <= place:
                self._last = next(self._coming)
                self._next += 1
                for callback in _watching:
                    callback()
            if self._next == len(self._indices):
                next(self._coming, None)  # lets the decoder close the file
        except Exception as error:
            say_where(error, self._position)
            raise
        assert self._last is not None
        return self._last


_watching: list[Callable[[], Any]] = []


@contextmanager
def watched(callback: Callable[[], Any]) -> Iterator[None]:
    """Call something after each frame that is decoded, in whatever thread: for progress bars."""
    _watching.append(callback)
    try:
        yield
    finally:
        _watching.remove(callback)


class FilmFrame(LateImage):
    """One frame of a video, an array `(H, W, 3)` uint8 to whoever looks."""

    channel_dim = ChannelDimension.LAST
    in_order = True

    def __init__(self, reel: Reel, place: int, shape: tuple[int, int, int]) -> None:
        self.shape, self.pixels = shape, None
        self._reel, self._place = reel, place

    @property
    def dtype(self) -> Any:
        """NumPy's uint8."""
        import numpy as np

        return np.dtype(np.uint8)

    def decode(self, keep: bool = False) -> NDArray[np.uint8]:
        """The pixels; those that were kept, else decoded.

        Raises:
            VideoLoadError: the video is broken.
        """
        if self.pixels is not None:
            kept: NDArray[np.uint8] = self.pixels
            return kept
        pixels = self._reel.at(self._place)
        self.pixels = pixels if keep else None
        return pixels

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        pixels = self.decode()
        return pixels if dtype is None else pixels.astype(dtype)


def open_video(
    source: Any, decoder: str | None = None, *, limits: VideoLimits | None = None, position: str = ""
) -> OpenedVideo:
    """A video from wherever it is, not decoded yet.

    Args:
        source: a path (`str` or `os.PathLike`), an http(s) URL, a `data:` URL, base64 text, bytes, or a binary file; a
            row of a data set (`{"bytes", "path"}`). Animations and pictures are decoded by Pillow, whatever `decoder`.
        decoder: "pyav" (the default), "torchcodec", or one that an installed package announces.
        limits: see `VideoLimits`; those of `set_video_limits` if not given.
        position: of the video in the input, which errors name.

    Raises:
        VideoLoadError: unreadable, no video, broken, or over a limit; `VideoNotFoundError` where there is no such file.
        TypeError: a source of another type. ValueError: there is no such decoder. ImportError: it is not installed.
    """
    limits = get_video_limits() if limits is None else limits
    open_by = get_decoder(decoder)
    file, name = open_file(unpacked(source), limits)
    decoded = Animation(file, name, limits) if is_picture(file) else open_by(file, name, limits)
    return OpenedVideo(decoded, name, limits, position)


def opened(video: Any, decoder: str | None, position: str) -> Any:
    """A video as it came to a processor: a source opened, a folder as the files in it, frames and arrays as they are.

    Raises:
        as `open_video`.
    """
    if is_array(video) or isinstance(video, list):
        return video
    if isinstance(video, str | os.PathLike) and os.path.isdir(video):
        return pictures_of(video)
    return open_video(video, decoder, position=position)


def with_given(known: VideoMetadata, given: VideoMetadata | None) -> VideoMetadata:
    """What was read of a video, except where the caller says otherwise; the number of frames is what it is."""
    if given is None:
        return known
    said = {name: getattr(given, name) for name in ("fps", "duration", "video_backend")}
    return replace(known, **{name: value for name, value in said.items() if value is not None})
