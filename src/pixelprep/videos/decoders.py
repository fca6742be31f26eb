"""Who decodes videos: PyAV unless told otherwise, torchcodec, and whoever announces it by an entry point."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from ..core.names import did_you_mean
from .limits import VideoLimits
from .metadata import VideoMetadata

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENTRY_POINT_GROUP = "pixelprep.video_decoders"
DEFAULT = "pyav"
# Module beside this one, class in it.
_OURS = {"pyav": ("pyav", "PyAVVideo"), "torchcodec": ("torchcodec", "TorchCodecVideo")}


class DecodedVideo(Protocol):
    """An open video, as a decoder gives it.

    Attributes:
        metadata: what is known of it; frames have this height and width, upright.
        times: seconds at which each frame is shown, where they do not follow from the rate.
    """

    @property
    def metadata(self) -> VideoMetadata: ...

    @property
    def times(self) -> Sequence[float] | None: ...

    def frames(self, indices: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
        """Frames `(H, W, 3)` uint8 by their numbers, in this order, one as often as it is asked for, decoded late."""
        ...


Decoder = Callable[[str | bytes | BytesIO, str, VideoLimits], DecodedVideo]
"""What an entry point leads to: takes a path or a file's contents, what to call it, and the limits. What it cannot read
is a `VideoLoadError`."""


def decoders() -> list[str]:
    """The names that `decoder` takes, whether they can run here or not."""
    return [*_OURS, *(name for name in _announced() if name not in _OURS)]


def get_decoder(name: str | None) -> Decoder:
    """A decoder by its name; PyAV if none is given.

    Raises:
        ValueError: there is none. ImportError: it is announced and cannot be loaded.
    """
    name = name or DEFAULT
    if name in _OURS:
        module, found = _OURS[name]
        decoder: Decoder = getattr(importlib.import_module(f".{module}", __package__), found)
        return decoder
    announced = _announced()
    if name not in announced:
        known = decoders()
        raise ValueError(
            f"there is no video decoder {name!r}{did_you_mean(name, known)} Known: {', '.join(map(repr, known))}; "
            f"others are announced by entry points of the group {ENTRY_POINT_GROUP}"
        )
    try:
        return announced[name].load()  # type: ignore[no-any-return]
    except Exception as error:
        raise ImportError(
            f"the video decoder {name!r} is announced as {announced[name].value} and cannot be loaded: {error}"
        ) from error


@cache
def _announced() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
