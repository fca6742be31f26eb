"""What one video may cost to open and decode: one value, on by default, that servers narrow.

Where a video may come from (hosts, folders, redirects) is a matter of `DecodeLimits`, which hold for images and videos.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from ..images.limits import DecodeLimits, ImageLoadError, ImageNotFoundError


class VideoLoadError(ImageLoadError):
    """A video that cannot be loaded, with the `source` it came from, the `reason`, and its `position` in the input."""


class VideoNotFoundError(VideoLoadError, ImageNotFoundError):
    """A path where there is no file."""


@dataclass(frozen=True)
class VideoLimits:
    """How much one video may cost.

    Attributes:
        max_bytes: size of the encoded video: the file, the download, the decoded base64 text.
        max_pixels: height times width of a frame, checked before decoding.
        max_frames: frames of the source, whether they are taken or not; a file that says nothing is read up to so many.
        max_seconds: length of the source.
        max_taken_pixels: pixels of all frames that are taken of one video, at source size. The default is 4,660 frames
            of 720p.
        url_timeout: seconds for one URL in all.

    Raises:
        ValueError: a limit that is no positive number.
    """

    max_bytes: int = 4 * 1024**3
    max_pixels: int = 2**27
    max_frames: int = 2**21
    max_seconds: float = 24 * 3600
    max_taken_pixels: int = 2**32
    url_timeout: float = 300.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            kind = int | float if field.type == "float" else int
            if isinstance(value, bool) or not isinstance(value, kind) or not value > 0:
                raise ValueError(f"{field.name} must be a number above 0; got {value!r}")

    def refuse(self, source: str, what: str, name: str) -> VideoLoadError:
        """The error for a video that is over a limit.

        Args:
            source: what to call it.
            what: such as "a frame of 9x9 = 81 pixels".
            name: of the limit.
        """
        return VideoLoadError(
            source,
            f"it has {what}, more than the {getattr(self, name):.12g} that {name} of VideoLimits allows; raise the "
            "limit with set_video_limits if you trust the source",
        )


class FileLimits(DecodeLimits):
    """What `DecodeLimits` say of files, with the numbers of `VideoLimits`."""

    owner: ClassVar[str] = "VideoLimits"


_limits = VideoLimits()


def get_video_limits() -> VideoLimits:
    """The limits in force where a call gives none."""
    return _limits


def set_video_limits(limits: VideoLimits) -> VideoLimits:
    """Set the limits of this process, all its threads included, and return those before."""
    global _limits
    previous, _limits = _limits, limits
    return previous
