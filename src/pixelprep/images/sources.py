"""Where images come from: paths, URLs, base64 text, bytes and open files, each led to a file of bounded size.

What comes from outside is hostile until shown otherwise: streams are read up to a limit and no further, and a URL never
leads to anything but HTTP.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from io import BytesIO
from typing import Any, BinaryIO

from .limits import Bounded, DecodeLimits, ImageLoadError, ImageNotFoundError, explain, shorten
from .urls import read_url, url_name

File = str | bytes | BytesIO
"""An image file: its path or its contents."""

_CHUNK = 1 << 20
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://|(file):", re.IGNORECASE)


def open_source(
    source: Any, limits: DecodeLimits, is_ours: Callable[[BytesIO], bool] | None = None
) -> tuple[File, str]:
    """The file that a source leads to, within the limit on bytes, and what to call it.

    `is_ours` tells what base64 text was meant as such; it is the question whether Pillow knows it unless given.
    """
    if isinstance(source, str):
        return _open_text(source, limits, is_ours or _is_image)
    if isinstance(source, os.PathLike):
        path = os.fspath(source)
        name = shorten(os.fsdecode(path))
        return _check_path(path, name, limits), name
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = Bounded("bytes", limits), "bytes"
        data.add(source)
    elif hasattr(source, "read"):
        file_name = getattr(source, "name", None)
        name = shorten(file_name) if isinstance(file_name, str) else f"file object {type(source).__name__}"
        data = _read_file(source, name, limits)
    else:
        raise TypeError(
            f"cannot load an image from {type(source).__name__}; expected a path, an http(s) or data: URL, base64 "
            "text, bytes or a binary file"
        )
    return data.file(), name


def _open_text(text: str, limits: DecodeLimits, is_ours: Callable[[BytesIO], bool]) -> tuple[File, str]:
    scheme = _SCHEME.match(text)
    if text[:5].lower() == "data:":
        return _open_data_url(text, limits)
    if scheme is not None:
        return read_url(text, limits).file(), url_name(text)
    name = shorten(text)
    try:
        return _check_path(text, name, limits), name
    except ImageLoadError as absent:
        if not isinstance(absent, ImageNotFoundError) and limits.folders is None:
            raise
        data = Bounded(name, limits)
        data.expect(len(text) * 3 // 4)
        try:
            data.add(_base64(text))
            file = data.file()
        except ValueError:
            raise absent from None
        # Many a path happens to be valid base64; only what turns out to be an image was meant as such.
        if not is_ours(file):
            raise absent from None
        return file, name


def _is_image(file: BytesIO) -> bool:
    import PIL.Image

    try:
        PIL.Image.open(file)
    except PIL.UnidentifiedImageError:
        return False
    except Exception:  # an image with something wrong, of which decoding will speak
        return True
    return True


def _base64(text: str | bytes) -> bytes:
    import base64

    if isinstance(text, str):
        text = text.encode("ascii")
    return base64.b64decode(b"".join(text.split()), validate=True)


def _open_data_url(url: str, limits: DecodeLimits) -> tuple[File, str]:
    """RFC 2397: `data:[media type][;base64],content`, the content percent-encoded."""
    from urllib.parse import unquote_to_bytes

    head, comma, content = url.partition(",")
    name = shorten(head, 80) + ",..."
    if not comma:
        raise ImageLoadError(name, "a data: URL has the form data:image/png;base64,CONTENT; this has no comma")
    data = Bounded(name, limits)
    data.expect(len(content) * 3 // 4)
    raw = unquote_to_bytes(content)
    if head.lower().endswith(";base64"):
        try:
            raw = _base64(raw)
        except ValueError as error:
            raise ImageLoadError(name, f"its content is not valid base64: {error}") from error
    data.add(raw)
    return data.file(), name


def _check_path(path: str | bytes, name: str, limits: DecodeLimits) -> str | bytes:
    limits.check_path(path, name)
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise ImageNotFoundError(name, "there is no such file") from None
    except (OSError, ValueError) as error:
        # Too long for a path, or with a null character: no file can have this name.
        if isinstance(error, PermissionError):
            raise ImageLoadError(name, "permission denied") from error
        raise ImageNotFoundError(name, "there is no such file, and this is no base64 text of one") from None
    if stat.S_ISDIR(status.st_mode):
        raise ImageLoadError(name, "it is a directory; pass the files in it")
    if not stat.S_ISREG(status.st_mode):
        raise ImageLoadError(name, "it is not a regular file; open it and pass the file object")
    if not status.st_size:
        raise ImageLoadError(name, "it is empty (0 bytes)")
    Bounded(name, limits).expect(status.st_size)
    return path


def _read_file(file: BinaryIO, name: str, limits: DecodeLimits) -> Bounded:
    data = Bounded(name, limits)
    try:
        if getattr(file, "seekable", lambda: False)():
            file.seek(0)
        while chunk := file.read(_CHUNK):
            if isinstance(chunk, str):
                raise ImageLoadError(name, "the file is open in text mode; open it with mode 'rb'")
            data.add(chunk)
    except ImageLoadError:
        raise
    except Exception as error:  # whatever a file-like object raises
        raise ImageLoadError(name, f"it cannot be read: {explain(error)}") from error
    return data
