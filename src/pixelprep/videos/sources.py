"""Where videos come from: each source is led to a file of bounded size, by the same rules as an image's."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

from ..core.kinds import IMAGE_ENDINGS
from ..images.limits import DecodeLimits, ImageLoadError, ImageNotFoundError, get_decode_limits, shorten
from ..images.sources import File, open_source
from .limits import FileLimits, VideoLimits, VideoLoadError, VideoNotFoundError

_STILL = re.compile(
    rb"GIF8|\x89PNG|\xff\xd8\xff|BM|II\*\0|MM\0\*|RIFF....WEBP|\0\0\0\x0cjP  |P[1-7][\s#]"
    rb"|....ftyp(avi[fs]|hei|hev|mi|ms)",
    re.DOTALL,
)
_FILM = re.compile(
    rb"....(ftyp|moov|mdat|wide|free|skip)|\x1a\x45\xdf\xa3|RIFF....AVI |OggS|FLV\x01|\x30\x26\xb2\x75|\0\0\1[\xba\xb3]"
    rb"|\0\0(\0)?\1[\x00-\x1f\x40-\x4f\x67]|G.{187}G",
    re.DOTALL,
)


def open_file(source: Any, limits: VideoLimits) -> tuple[File, str]:
    """The file that a source leads to, within the limit on bytes, and what to call it.

    Raises:
        VideoLoadError: it cannot be read, is not allowed or has too many bytes. TypeError: no source at all.
    """
    if not isinstance(source, str | os.PathLike | bytes | bytearray | memoryview) and not hasattr(source, "read"):
        raise TypeError(
            f"cannot decode a video from {type(source).__name__}; expected a path, an http(s) or data: URL, base64 "
            "text, bytes or a binary file"
        )
    given = get_decode_limits()
    allowed: dict[str, Any] = {field.name: getattr(given, field.name) for field in fields(DecodeLimits) if field.init}
    allowed.update(max_bytes=limits.max_bytes, url_timeout=limits.url_timeout)
    try:
        return open_source(source, FileLimits(**allowed), is_film)
    except VideoLoadError:
        raise
    except ImageNotFoundError as error:
        raise VideoNotFoundError(error.source, error.reason) from error.__cause__
    except ImageLoadError as error:
        raise VideoLoadError(error.source, error.reason) from error.__cause__


def beginning(file: File, count: int = 256) -> bytes:
    """The first bytes of a file."""
    if isinstance(file, BytesIO):
        return file.getbuffer()[:count].tobytes()
    with open(file, "rb") as opened:
        return opened.read(count)


def is_picture(file: File) -> bool:
    """Whether a file is one that Pillow opens: an animation, or a still picture."""
    return _STILL.match(beginning(file)) is not None


def is_film(file: File) -> bool:
    """Whether a file begins as videos and pictures do."""
    return is_picture(file) or _FILM.match(beginning(file)) is not None


def pictures_of(folder: str | os.PathLike[str]) -> list[str]:
    """The image files in a folder, in the order of the numbers in their names.

    Raises:
        VideoLoadError: there are none, or it lies in no folder that is allowed.
    """
    path = os.fspath(folder)
    name = shorten(os.fsdecode(path))
    get_decode_limits().check_path(path, name)
    found = [str(entry) for entry in Path(path).iterdir() if entry.suffix.lower() in IMAGE_ENDINGS]
    if not found:
        raise VideoLoadError(name, "it is a folder without image files; a folder holds the frames of one video")
    return sorted(found, key=_by_numbers)


def _by_numbers(path: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"([0-9]+)", os.path.basename(path))
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts]
