"""Videos decoded by torchcodec, for those who ask for it: `decoder="torchcodec"`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..core.extras import required
from ..images.limits import explain
from .limits import VideoLimits, VideoLoadError
from .metadata import VideoMetadata
from .sources import is_film

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TOGETHER = 8
"""Frames that are asked for at a time."""


class TorchCodecVideo:
    """One video file.

    Args, attributes and errors are those of `PyAVVideo`; ImportError also where FFmpeg's libraries are missing.
    """

    def __init__(self, file: str | bytes | BytesIO, name: str, limits: VideoLimits, threads: int = 1) -> None:
        otherwise = '; or leave decoder="pyav"'
        try:
            decoders: Any = required("torchcodec.decoders", 'decoder="torchcodec"', otherwise)
        except (RuntimeError, OSError) as error:  # its own library, or one of FFmpeg's, does not load
            reason = explain(error)
            raise ImportError(f"torchcodec is installed and cannot be imported: {reason}{otherwise}") from error
        self._name = name
        if not is_film(file):  # playlists lead to other files and addresses
            raise VideoLoadError(name, "it begins as no container of videos does")
        source = file.getvalue() if isinstance(file, BytesIO) else os.fsdecode(file)
        try:
            self._decoder = decoders.VideoDecoder(source, dimension_order="NHWC", num_ffmpeg_threads=threads)
        except (RuntimeError, ValueError) as error:
            raise VideoLoadError(name, f"it holds no video that torchcodec can read: {explain(error)}") from error
        told = self._decoder.metadata
        count, fps, duration = len(self._decoder), told.average_fps, told.duration_seconds
        for what, number, limit in (
            (f"frames of {told.height}x{told.width}", told.height * told.width, "max_pixels"),
            (f"{count} frames", count, "max_frames"),
            (f"{duration or 0:.0f} seconds", duration or 0, "max_seconds"),
        ):
            if number > getattr(limits, limit):
                raise limits.refuse(name, what, limit)
        if not count:
            raise VideoLoadError(name, "it holds no frames")
        first = self._asked([0]).data
        self.metadata = VideoMetadata(count, fps, first.shape[2], first.shape[1], duration, "torchcodec")
        self.times: Sequence[float] | None = None

    def frames(self, indices: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
        """Frames `(H, W, 3)` uint8 by their numbers, one after the other as they are asked for.

        Raises:
            VideoLoadError: one cannot be decoded.
        """
        for start in range(0, len(indices), _TOGETHER):
            yield from self._asked(list(indices[start : start + _TOGETHER])).data.numpy()

    def _asked(self, indices: list[int]) -> Any:
        try:
            return self._decoder.get_frames_at(indices)
        except (RuntimeError, IndexError, ValueError) as error:
            raise VideoLoadError(self._name, f"it cannot be decoded: {explain(error)}") from error
