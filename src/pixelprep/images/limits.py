"""What one image may cost to load, and where it may come from: one value, on by default, that servers narrow."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from io import BytesIO
from typing import ClassVar, Self

FORMATS = frozenset(
    {
        *("AVIF", "BMP", "DIB", "GIF", "HEIF", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "QOI", "SGI"),
        *("TGA", "TIFF", "WEBP"),
    }
)
"""Pillow's names of the formats that are read unless `DecodeLimits.formats` says otherwise."""


class ImageLoadError(ValueError, OSError):
    """An image that cannot be loaded, with the `source` it came from, the `reason`, and its `position` in the input.

    An `OSError` too, as what Pillow raises for files that it cannot read.
    """

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
    """How much one image may cost to load, and where it may come from.

    Attributes:
        max_pixels: height times width, checked before decoding. The default is where Pillow itself refuses; to go
            beyond it, raise `PIL.Image.MAX_IMAGE_PIXELS` as well.
        max_bytes: size of the encoded image: the file, the download, the decoded base64 text.
        max_jpeg_scans: passes over a JPEG's pixels; progressive files have about ten, hostile ones thousands.
        url_timeout: seconds for one URL in all: looking up the host, connecting, redirects and the last byte.
        max_redirects: redirects followed for one URL.
        formats: Pillow's names of the formats that are read.
        hosts: the hosts that URLs may name, redirects included, as "example.org" or "example.org:8080"; None: all, ():
            none.
        folders: the folders that files named by path must lie in, links followed; None: all, (): no file is opened by
            its name.
        private_redirects: whether a public host may redirect to an address of the own machine or network.

    Raises:
        ValueError: a limit that is not positive (redirects: negative), a format that Pillow's names do not hold.
        TypeError: hosts, folders or formats that are one text, not several.
    """

    max_pixels: int = 178_956_970
    max_bytes: int = 256 * 1024**2
    max_jpeg_scans: int = 100
    url_timeout: float = 30.0
    max_redirects: int = 5
    formats: Collection[str] = FORMATS
    hosts: Collection[str] | None = None
    folders: Collection[str | os.PathLike[str]] | None = None
    private_redirects: bool = False
    owner: ClassVar[str] = "DecodeLimits"  # of the numbers, as errors name it
    _roots: tuple[str, ...] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        least = {"max_pixels": 1, "max_bytes": 1, "max_jpeg_scans": 1, "url_timeout": 0.001, "max_redirects": 0}
        for name, smallest in least.items():
            value = getattr(self, name)
            kind = int | float if name == "url_timeout" else int
            if isinstance(value, bool) or not isinstance(value, kind) or not value >= smallest:
                raise ValueError(f"{name} must be a number of at least {smallest}; got {value!r}")
        for name in ("formats", "hosts", "folders"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, str) or not isinstance(value, Collection)):
                raise TypeError(f"{name} must be several names, such as ({value!r},); got {value!r}")
            object.__setattr__(self, name, value if value is None else frozenset(value))
        if self.folders is not None:
            roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in self.folders)
            object.__setattr__(self, "_roots", roots)

    @classmethod
    def only_data(cls, **limits: object) -> Self:
        """Limits for servers: bytes, open files and `data:` URLs alone; no path and no other URL is ever opened."""
        return cls(**{"hosts": (), "folders": (), **limits})  # type: ignore[arg-type]

    def check_path(self, path: str | bytes, name: str) -> None:
        """Refuse a file outside the folders that are allowed.

        Raises:
            ImageLoadError: it lies elsewhere, or leads elsewhere.
        """
        if self._roots is None:
            return
        real = os.path.realpath(os.fsdecode(path))
        if not any(real.startswith(root) for root in self._roots):
            where = "no file is opened by its name" if not self._roots else "it lies in none of the folders allowed"
            raise ImageLoadError(name, f"{where} (`folders` of DecodeLimits); pass its bytes")

    def check_host(self, host: str, port: int | None, name: str) -> None:
        """Refuse a URL to a host that is not allowed.

        Raises:
            ImageLoadError: it is not.
        """
        if self.hosts is None or host in self.hosts or f"{host}:{port}" in self.hosts:
            return
        where = (
            "no URL is fetched" if not self.hosts else f"it leads to {host[:80]!r}, which is not among those allowed"
        )
        raise ImageLoadError(name, f"{where} (`hosts` of DecodeLimits); pass its bytes")


_limits = DecodeLimits()


def get_decode_limits() -> DecodeLimits:
    """The limits in force where a call gives none."""
    return _limits


def set_decode_limits(limits: DecodeLimits) -> DecodeLimits:
    """Set the limits of this process, all its threads included, and return those before."""
    global _limits
    previous, _limits = _limits, limits
    return previous


class Bounded:
    """Bytes that come in pieces, up to the limit."""

    def __init__(self, name: str, limits: DecodeLimits) -> None:
        self._name, self._limits, self._data = name, limits, bytearray()

    def expect(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise ImageLoadError(
                self._name,
                f"it has more than {self._limits.max_bytes} bytes, the limit max_bytes of {self._limits.owner}; raise "
                "the limit if you trust the source",
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


def explain(error: BaseException) -> str:
    return shorten(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
