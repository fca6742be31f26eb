"""Where images come from: paths, URLs, base64 text, bytes and open files, each led to a file of bounded size.

What comes from outside is hostile until shown otherwise: streams are read up to a limit and no further, and a URL never
leads to anything but HTTP.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import ssl

    import httpx

File = str | bytes | BytesIO
"""An image file: its path or its contents."""

_CHUNK = 1 << 20
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://|(file):", re.IGNORECASE)


class ImageLoadError(ValueError):
    """An image that cannot be loaded, with the `source` it came from, the `reason`, and its `position` in the input."""

    def __init__(self, source: str, reason: str, position: str = "") -> None:
        super().__init__(source, reason, position)
        self.source, self.reason, self.position = source, reason, position

    def __str__(self) -> str:
        where = f"{self.position} ({self.source})" if self.position else f"cannot load {self.source}"
        return f"{where}: {self.reason}"


class ImageNotFoundError(ImageLoadError, FileNotFoundError):
    """A path where there is no file."""


@dataclass(frozen=True)
class DecodeLimits:
    """How much one image may cost to load.

    Attributes:
        max_pixels: height times width, checked before decoding. The default is where Pillow itself refuses; to go
            beyond it, raise `PIL.Image.MAX_IMAGE_PIXELS` as well.
        max_bytes: size of the encoded image: the file, the download, the decoded base64 text.
        url_timeout: seconds for one URL in all: connecting, redirects and the last byte.
        max_redirects: redirects followed for one URL.

    Raises:
        ValueError: a limit that is not positive (redirects: negative).
    """

    max_pixels: int = 178_956_970
    max_bytes: int = 256 * 1024**2
    url_timeout: float = 30.0
    max_redirects: int = 5

    def __post_init__(self) -> None:
        for name, least in (("max_pixels", 1), ("max_bytes", 1), ("url_timeout", 0.001), ("max_redirects", 0)):
            value = getattr(self, name)
            kind = int | float if name == "url_timeout" else int
            if isinstance(value, bool) or not isinstance(value, kind) or not value >= least:
                raise ValueError(f"{name} must be a number of at least {least}; got {value!r}")


_limits = DecodeLimits()


def get_decode_limits() -> DecodeLimits:
    """The limits in force where a call gives none."""
    return _limits


def set_decode_limits(limits: DecodeLimits) -> DecodeLimits:
    """Set the limits of this process, all its threads included, and return those before."""
    global _limits
    previous, _limits = _limits, limits
    return previous


def open_source(source: Any, limits: DecodeLimits) -> tuple[File, str]:
    """The file that a source leads to, within the limit on bytes, and what to call it."""
    if isinstance(source, str):
        return _open_text(source, limits)
    if isinstance(source, os.PathLike):
        path = os.fspath(source)
        name = shorten(os.fsdecode(path))
        return _check_path(path, name, limits), name
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = _Bounded("bytes", limits), "bytes"
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


class _Bounded:
    """Bytes that come in pieces, up to the limit."""

    def __init__(self, name: str, limits: DecodeLimits) -> None:
        self._name, self._limits, self._data = name, limits, bytearray()

    def expect(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise ImageLoadError(
                self._name,
                f"it has more than {self._limits.max_bytes} bytes, the limit max_bytes of DecodeLimits; raise the "
                "limit if you trust the source",
            )

    def add(self, chunk: bytes | bytearray | memoryview) -> None:
        self.expect(len(self._data) + memoryview(chunk).nbytes)
        self._data += chunk

    def file(self) -> BytesIO:
        if not self._data:
            raise ImageLoadError(self._name, "it is empty (0 bytes)")
        return BytesIO(self._data)


def shorten(text: str, most: int = 200) -> str:
    """Text fit for a message: one line, of bounded length, without control characters."""
    short = text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 4 :]} ({len(text)} characters)"
    return short if short.isprintable() else repr(short)


def _open_text(text: str, limits: DecodeLimits) -> tuple[File, str]:
    scheme = _SCHEME.match(text)
    if text[:5].lower() == "data:":
        return _open_data_url(text, limits)
    if scheme is not None:
        return _read_url(text, limits).file(), _url_name(text)
    name = shorten(text)
    try:
        return _check_path(text, name, limits), name
    except ImageNotFoundError as absent:
        data = _Bounded(name, limits)
        data.expect(len(text) * 3 // 4)
        try:
            data.add(_base64(text))
            file = data.file()
        except ValueError:
            raise absent from None
        # Many a path happens to be valid base64; only what turns out to be an image was meant as such.
        if not _is_image(file):
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
    data = _Bounded(name, limits)
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
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise ImageNotFoundError(name, "there is no such file") from None
    except (OSError, ValueError) as error:
        # Too long for a path, or with a null character: no file can have this name.
        if isinstance(error, PermissionError):
            raise ImageLoadError(name, "permission denied") from error
        raise ImageNotFoundError(name, "there is no such file, and this is no base64 text of an image") from None
    if stat.S_ISDIR(status.st_mode):
        raise ImageLoadError(name, "it is a directory; pass the files in it")
    if not stat.S_ISREG(status.st_mode):
        raise ImageLoadError(name, "it is not a regular file; open it and pass the file object")
    if not status.st_size:
        raise ImageLoadError(name, "it is empty (0 bytes)")
    _Bounded(name, limits).expect(status.st_size)
    return path


def _read_file(file: BinaryIO, name: str, limits: DecodeLimits) -> _Bounded:
    data = _Bounded(name, limits)
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


def explain(error: BaseException) -> str:
    return shorten(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _url_name(url: str) -> str:
    """A URL without the parts that may hold secrets: user, password, query and fragment."""
    scheme, _, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return shorten(f"{scheme}://{host.rpartition('@')[2]}{slash}{path}", 100)


def _read_url(url: str, limits: DecodeLimits) -> _Bounded:
    """Download a URL.

    On an event loop, in a thread of its own: its timeout covers the whole exchange, whereas that of a blocking client
    starts again at every read and a slow drip would go on for ever. The thread makes this work under a running loop.
    """
    import asyncio
    import contextlib
    import typing
    from concurrent.futures import Future, ThreadPoolExecutor

    name = _url_name(url)
    _check_scheme(url, name)
    try:
        import httpx
    except ImportError as error:
        raise ImportError('loading images from URLs needs httpx: pip install "pixelprep[http]"') from error
    task: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = Future()

    async def main() -> _Bounded:
        task.set_result((asyncio.get_running_loop(), typing.cast("asyncio.Task[Any]", asyncio.current_task())))
        return await _download(url, name, limits)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(asyncio.run, main())
        try:
            return done.result()
        except KeyboardInterrupt:  # else leaving the pool would wait for the download to time out
            loop, download = task.result()
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(download.cancel)
            raise
        except ImageLoadError:
            raise
        except TimeoutError as error:
            reason = f"not loaded within {limits.url_timeout:g} s; raise url_timeout of DecodeLimits to wait longer"
            raise ImageLoadError(name, reason) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise ImageLoadError(name, f"it cannot be fetched: {explain(error)}") from error


def _check_scheme(url: str, name: str) -> None:
    scheme = url.partition(":")[0].lower()
    if scheme not in {"http", "https"}:
        hint = ". Pass a local file as a path" if scheme == "file" else ""
        raise ImageLoadError(name, f"it leads to a URL of scheme {scheme!r}, and only http and https are read{hint}")


@cache
def _certificates() -> ssl.SSLContext:
    # Reading them takes 40 ms, several times what a small image does.
    import httpx

    return httpx.create_ssl_context()


async def _download(url: str, name: str, limits: DecodeLimits) -> _Bounded:
    import asyncio

    import httpx

    async with asyncio.timeout(limits.url_timeout), httpx.AsyncClient(timeout=None, verify=_certificates()) as client:
        # No content coding: a few bytes of gzip can hold gigabytes, and images are compressed already.
        request = client.build_request("GET", url, headers={"Accept-Encoding": "identity"})
        for _ in range(limits.max_redirects + 1):
            response = await client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return await _read_body(response, name, limits)
            finally:
                await response.aclose()
            request = response.next_request
            _check_scheme(str(request.url), name)
    raise ImageLoadError(name, f"more than {limits.max_redirects} redirects, the limit max_redirects of DecodeLimits")


async def _read_body(response: httpx.Response, name: str, limits: DecodeLimits) -> _Bounded:
    if not response.is_success:
        raise ImageLoadError(name, f"the server answered {response.status_code} {response.reason_phrase}".rstrip())
    coding = response.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise ImageLoadError(name, f"the server sent content coding {shorten(coding)!r} although none was accepted")
    media_type = response.headers.get("content-type", "")
    if media_type.startswith("text/html"):
        raise ImageLoadError(name, "the server sent a web page (text/html), not an image")
    data = _Bounded(name, limits)
    length = response.headers.get("content-length", "")
    if length.isdecimal():
        data.expect(int(length))
    async for chunk in response.aiter_raw():
        data.add(chunk)
    return data
