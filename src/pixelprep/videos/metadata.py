"""What is known of a video besides its pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from ..core.names import did_you_mean


@dataclass(frozen=True, eq=False)
class VideoMetadata(Mapping[str, Any]):
    """What is known of a video: immutable, and a mapping of the fields that transformers knows.

    Attributes:
        total_num_frames: frames of the source; 0 where it follows from the frames that are given beside it.
        fps: frames of the source in a second.
        width, height: of a frame in pixels.
        duration: in seconds.
        video_backend: what decoded it.
        frames_indices: the source's numbers of the frames that were taken.
        frame_times: seconds at which the frames that were taken are shown, where the source says so; no entry of the
            mapping.
    """

    total_num_frames: int = 0
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    video_backend: str | None = None
    frames_indices: Sequence[int] | None = None
    frame_times: Sequence[float] | None = None

    @classmethod
    def of(cls, given: Any) -> Self:
        """From a mapping of fields, or an object that has them as attributes, as transformers' class does.

        Raises:
            TypeError: it is neither, or a name is unknown. ValueError: a value cannot be one of a video.
        """
        if isinstance(given, cls):
            return given
        if isinstance(given, Mapping):
            values = dict(given)
        elif hasattr(given, "total_num_frames"):
            values = {name: getattr(given, name) for name in _FIELDS if hasattr(given, name)}
        else:
            raise TypeError(
                f"`video_metadata` is a VideoMetadata or a mapping for each video, not {type(given).__name__}"
            )
        for name in values:
            if name not in _FIELDS:
                raise TypeError(f"`video_metadata` has no field {name!r}{did_you_mean(str(name), _FIELDS)}")
        for name in ("total_num_frames", "fps", "duration", "width", "height"):
            value = values.get(name)
            if value is not None and (isinstance(value, bool | str) or not 0 <= value < float("inf")):
                raise ValueError(f"`{name}` of video_metadata is a number from 0 on, not {value!r}")
        if values.get("total_num_frames", 0) is None:
            del values["total_num_frames"]
        return cls(**{**values, "fps": values.get("fps") or None})

    def __getitem__(self, name: str) -> Any:
        if name not in _SHARED:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_SHARED)

    def __len__(self) -> int:
        return len(_SHARED)

    @property
    def timestamps(self) -> list[float]:
        """Seconds from the start at which the frames that were taken are shown.

        Raises:
            ValueError: neither the times nor both the rate and the frames are known.
        """
        if self.frame_times is not None:
            return [float(time) for time in self.frame_times]
        if self.fps is None or self.frames_indices is None:
            raise ValueError("timestamps follow from `fps` and `frames_indices`, and one of them is not known")
        return [index / self.fps for index in self.frames_indices]

    @property
    def sampled_fps(self) -> float:
        """Frames taken of a second; 24, or the source's rate, where that is not known."""
        if self.frames_indices is None or self.fps is None or not self.total_num_frames:
            return self.fps or 24
        return len(self.frames_indices) / self.total_num_frames * self.fps


_FIELDS = tuple(field.name for field in fields(VideoMetadata))
_SHARED = _FIELDS[:-1]
