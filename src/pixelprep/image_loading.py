"""Images decoded from wherever they are: bounded, upright, and with errors that name the source and its position."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from .image_colors import convert_to_rgb
from .image_sources import (
    DecodeLimits,
    File,
    ImageLoadError,
    ImageNotFoundError,
    explain,
    get_decode_limits,
    open_source,
    set_decode_limits,
)
from .image_utils import is_collection, is_pil_image, is_valid_image

if TYPE_CHECKING:
    import PIL.Image

__all__ = [
    "DecodeLimits",
    "ImageLoadError",
    "ImageNotFoundError",
    "fetch_images",
    "get_decode_limits",
    "load_image",
    "set_decode_limits",
]

logger = logging.getLogger(__name__)

JpegDecoding = Literal["pillow", "direct", "lazy"]
"""Who decodes JPEG files: Pillow; libjpeg-turbo, into arrays; or libjpeg-turbo too, when somebody looks."""

# So many files in one call are worth being lazy: the pixels of all at once would fill caches and memory.
_MANY = 8
# Pillow hands these to an outside program (Ghostscript) or to the system's own renderer.
_REFUSED_FORMATS = {"EPS", "WMF"}


def load_image(source: Any, *, limits: DecodeLimits | None = None) -> PIL.Image.Image:
    """Decode the first frame of one image completely, and turn it upright as its EXIF orientation says.

    Args:
        source: a path (`str` or `os.PathLike`), an http(s) URL, a `data:` URL, base64 text, bytes, or a binary file,
            which is read from its start if it can seek. A Pillow image is returned as it is.
        limits: see `DecodeLimits`; those of `set_decode_limits` if not given.

    Returns:
        A Pillow image in the mode of the file: palettes, alpha and 16-bit grey are kept.

    Raises:
        ImageLoadError: unreadable, no image, broken, or over a limit; `ImageNotFoundError` where there is no such file.
        TypeError: a source of another type.
        ImportError: a URL without the package's `http` extra.
    """
    if is_pil_image(source):
        return source
    limits = get_decode_limits() if limits is None else limits
    image: PIL.Image.Image = _decode(*open_source(source, limits), limits)
    return image


def fetch_images(
    images: Any,
    *,
    convert_rgb: bool = False,
    limits: DecodeLimits | None = None,
    jpeg: JpegDecoding = "pillow",
    threads: int = 1,
) -> Any:
    """Load what is not an image yet, in a single input or in collections up to two levels deep.

    Args:
        images: Pillow images, arrays and tensors (passed through untouched), anything `load_image` takes, and lists,
            tuples or generators of these (each becomes a list).
        convert_rgb: convert what is loaded here, and only that, to RGB.
        limits: as for `load_image`.
        jpeg: "direct" decodes upright RGB files into uint8 arrays `(H, W, 3)`, which is faster than into Pillow images;
            with "lazy" they are `JpegImage`s, which read as such arrays, where there are many of them.
        threads: how many load, if there is more than one image to load.

    Raises:
        ImageLoadError, TypeError: as `load_image`, with the position of the image in the input.
        ValueError: collections nested deeper.
    """
    if is_valid_image(images):
        return images
    limits = get_decode_limits() if limits is None else limits
    nested = images if is_collection(images) else [images]
    nested = [list(entry) if is_collection(entry) else entry for entry in nested]
    flat: list[tuple[Any, str]] = []
    for s, entry in enumerate(nested):
        if isinstance(entry, list):
            flat += [(image, f"image {i} of sample {s}") for i, image in enumerate(entry)]
        else:
            flat.append((entry, f"image {s}" if is_collection(images) else ""))
    count = sum(not is_valid_image(image) for image, _ in flat)
    jpeg = "direct" if jpeg == "lazy" and count < _MANY else jpeg

    def fetch(image: Any, position: str) -> Any:
        if is_valid_image(image):
            return image
        try:
            with _at(position):
                loaded = _decode(*open_source(image, limits), limits, jpeg, position)
        except TypeError as error:
            if is_collection(image):
                raise ValueError(f"{position} is nested more than two levels deep; pass lists of images") from None
            raise TypeError(f"{position}: {error}" if position else str(error)) from error
        return convert_to_rgb(loaded) if convert_rgb and is_pil_image(loaded) else loaded

    loaded = iter(in_threads(fetch, flat, min(threads, count)))
    rebuilt = [[next(loaded) for _ in entry] if isinstance(entry, list) else next(loaded) for entry in nested]
    return rebuilt if is_collection(images) else rebuilt[0]


def in_threads(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], threads: int) -> list[Any]:
    """The function of each tuple of arguments, in order; the first error ends it all.

    Callers in other threads work for themselves: each takes one of the threads away.
    """
    with _callers as busy:
        threads = min(threads - busy, len(arguments))
        if threads < 2:
            return [function(*some) for some in arguments]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads, "pixelprep") as pool:
            return list(pool.map(lambda some: function(*some), arguments))


class _Counter:
    """Counts who is inside; entering tells how many were before."""

    def __init__(self) -> None:
        self.start_afresh()
        if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
            os.register_at_fork(after_in_child=self.start_afresh)

    def start_afresh(self) -> None:
        self._inside, self._lock = 0, threading.Lock()

    def __enter__(self) -> int:
        with self._lock:
            self._inside += 1
            return self._inside - 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1


_callers = _Counter()


@contextmanager
def _at(position: str) -> Iterator[None]:
    """Errors say at which position of the input their image was."""
    try:
        yield
    except ImageLoadError as error:
        raise type(error)(error.source, error.reason, position) from error


@cache
def _jpeg_reader() -> Callable[..., Any]:
    from importlib.util import find_spec

    if find_spec("simplejpeg") is None:
        return lambda image, by_pillow: None
    from .image_jpeg import read_jpeg

    return read_jpeg


def _decode(file: File, name: str, limits: DecodeLimits, jpeg: JpegDecoding = "pillow", position: str = "") -> Any:
    """A Pillow image, or a `JpegImage` where `jpeg` wants one; its errors, which may come later, say the position."""
    import PIL
    import PIL.Image

    def by_pillow(data: bytes) -> PIL.Image.Image:
        with _at(position):
            image: PIL.Image.Image = _decode(BytesIO(data), name, limits)
            return image

    try:
        with PIL.Image.open(file) as image:
            _check_header(image, name, limits)
            if jpeg != "pillow" and (later := _jpeg_reader()(image, by_pillow)) is not None:
                if jpeg == "direct":
                    later.decode(keep=True)
                return later
            image.load()
    except ImageLoadError:
        raise
    except PIL.UnidentifiedImageError as error:
        reason = "it holds no image that Pillow can read, whatever its name: another format, or cut short at its start"
        raise ImageLoadError(name, reason) from error
    except PIL.Image.DecompressionBombError as error:
        reason = f"{error} This is Pillow's own limit, twice PIL.Image.MAX_IMAGE_PIXELS"
        raise ImageLoadError(name, reason) from error
    except PermissionError as error:
        raise ImageLoadError(name, "permission denied") from error
    except Exception as error:  # decoders raise nearly anything on broken data
        raise ImageLoadError(name, f"it is broken or cut short: {explain(error)}") from error
    import PIL.ImageOps

    try:
        PIL.ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:
        # The pixels are sound, and cameras do write broken EXIF. Dropped, so that nobody turns the image twice.
        image.info.pop("exif", None)
        logger.warning("%s: its EXIF data is broken, the image may not be upright: %s", name, explain(error))
    return image


def _check_header(image: PIL.Image.Image, name: str, limits: DecodeLimits) -> None:
    width, height = image.size
    if image.format in _REFUSED_FORMATS:
        raise ImageLoadError(
            name, f"{image.format} files are programs or drawings, not pixels; convert it to PNG first"
        )
    if width < 1 or height < 1:
        raise ImageLoadError(name, f"it has no pixels: {height}x{width}")
    if width * height > limits.max_pixels:
        raise ImageLoadError(
            name,
            f"it has {height}x{width} = {height * width} pixels, more than the {limits.max_pixels} that max_pixels of "
            "DecodeLimits allows; raise the limit if you trust the source",
        )
