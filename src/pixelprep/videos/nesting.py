"""One list of videos from however they nest: what is one video, what is a list of them, what is metadata of which."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..core.kinds import IMAGE_ENDINGS
from ..image_utils import is_array, is_collection, is_pil_image
from ..images.rows import unpacked
from .metadata import VideoMetadata

DEEPEST = 8


def make_batched_videos(videos: Any) -> list[Any]:
    """One list of videos, in order.

    Args:
        videos: a video or collections of them, in any nesting. A video is an array or tensor of 4 axes (of 5: several
            videos), a list of frames (Pillow images, arrays of 2 or 3 axes, image files), one such frame, or what can
            be decoded: a path, URL, bytes, a file.

    Returns:
        For each video an array of 4 axes, a list of frames, or the source.

    Raises:
        TypeError: this is no video. ValueError: there is none, or it has no frames or no pixels.
    """
    return _flattened(videos, 0)


def _flattened(videos: Any, depth: int) -> list[Any]:
    videos = unpacked(videos)
    if is_pil_image(videos):
        return [[videos]]
    if is_array(videos):
        return _of_array(videos)
    if not is_collection(videos):
        if videos is None or isinstance(videos, int | float | bool | Mapping):
            raise TypeError(
                f"a video is an array of 4 axes, a list of frames, or a path, URL, bytes or file to decode, not "
                f"{type(videos).__name__}"
            )
        return [videos]
    entries = [unpacked(entry) for entry in videos]
    if not entries:
        raise ValueError("no videos: the list is empty. Pass at least one video of at least one frame")
    if all(map(_is_frame, entries)):
        return [entries]
    if depth >= DEEPEST:
        raise ValueError(f"videos nest more than {DEEPEST} levels deep")
    return [video for entry in entries for video in _flattened(entry, depth + 1)]


def _of_array(array: Any) -> list[Any]:
    shape = tuple(array.shape)
    if 0 in shape:
        raise ValueError(f"a video has no frames or no pixels: its shape is {shape}")
    if len(shape) == 5:
        return list(array)
    if len(shape) == 4:
        return [array]
    if len(shape) in (2, 3):
        return [[array]]
    raise ValueError(f"a video has shape {shape}; expected (T, H, W, C) or (T, C, H, W), or one axis more for several")


def _is_frame(entry: Any) -> bool:
    """Whether this is a picture: one frame of a video where all entries of a list are."""
    if is_array(entry):
        return len(entry.shape) in (2, 3)
    if isinstance(entry, str | os.PathLike):  # alone, or beside videos, such a file is a video itself
        return os.fspath(entry).lower().endswith(IMAGE_ENDINGS)
    return is_pil_image(entry)


def make_batched_metadata(given: Any, count: int) -> list[VideoMetadata | None]:
    """What was given of each of `count` videos: one object or mapping, or (nested) lists of one for each.

    Raises:
        TypeError: an entry is neither. ValueError: there are more or fewer than videos.
    """
    if given is None:
        return [None] * count
    entries = _entries(given)
    if len(entries) != count:
        raise ValueError(
            f"`video_metadata` has {len(entries)} {'entry' if len(entries) == 1 else 'entries'} and there are {count} "
            "videos; pass one for each"
        )
    return entries


def _entries(given: Any) -> list[VideoMetadata | None]:
    if isinstance(given, list | tuple):
        return [entry for some in given for entry in _entries(some)]
    return [None if given is None else VideoMetadata.of(given)]
