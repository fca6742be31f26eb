"""Images decoded from wherever they are: bounded, upright, and with errors that name the source and its position."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.callers import warn_caller
from ..core.errors import place
from ..core.threads import JpegDecoding, Workers
from ..image_utils import is_collection, is_pil_image, is_valid_image
from .colors import convert_to_rgb, is_transparent
from .containers import ORIENTATION, is_heic, jpeg_scans, open_heic, png_orients_late, png_without_metadata
from .limits import DecodeLimits, ImageLoadError, ImageNotFoundError, explain, get_decode_limits, set_decode_limits
from .rows import unpacked
from .sources import File, open_source

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


# So many files in one call are worth being lazy: the pixels of all at once would fill caches and memory.
_MANY = 8
# Pillow hands these to an outside program (Ghostscript) or to the system's own renderer.
_DRAWINGS = {"EPS", "WMF"}


def load_image(source: Any, timeout: float | None = None, *, limits: DecodeLimits | None = None) -> PIL.Image.Image:
    """Decode the first frame of one image completely, and turn it upright as its EXIF orientation says.

    Args:
        source: a path (`str` or `os.PathLike`), an http(s) URL, a `data:` URL, base64 text, bytes, or a binary file,
            which is read from its start if it can seek; a row of a data set (`{"bytes", "path"}`). A Pillow image
            comes back upright and as RGB.
        timeout: seconds for a URL in all; the limits' `url_timeout` if not given.
        limits: see `DecodeLimits`; those of `set_decode_limits` if not given.

    Returns:
        A Pillow image in the mode of the file: palettes, alpha and 16-bit grey are kept.

    Raises:
        ImageLoadError: unreadable, no image, broken, or over a limit; `ImageNotFoundError` where there is no such file.
        TypeError: a source of another type.
        ImportError: a URL without the package's `http` extra.
    """
    source = unpacked(source)
    if is_pil_image(source):
        import PIL.ImageOps

        upright: PIL.Image.Image = convert_to_rgb(PIL.ImageOps.exif_transpose(source))
        return upright
    limits = get_decode_limits() if limits is None else limits
    limits = limits if timeout is None else replace(limits, url_timeout=timeout)
    image: PIL.Image.Image = _decode(*open_source(source, limits), limits)
    return image


def fetch_images(
    images: Any,
    *,
    convert_rgb: bool = False,
    opaque: Callable[[PIL.Image.Image], Any] = convert_to_rgb,
    limits: DecodeLimits | None = None,
    jpeg: JpegDecoding = "pillow",
    threads: int = 1,
) -> Any:
    """Load what is not an image yet, in a single input or in collections up to two levels deep.

    Args:
        images: Pillow images, arrays and tensors (passed through untouched), anything `load_image` takes, and lists,
            tuples or generators of these (each becomes a list).
        convert_rgb: convert what is loaded here, and only that, to RGB. RGB files with a transparent colour are RGB
            already; whoever converts images that were opened converts these too.
        opaque: gives an image with alpha three channels then.
        limits: as for `load_image`.
        jpeg: "direct" decodes upright RGB files into uint8 arrays `(H, W, 3)`, which is faster than into Pillow images;
            with "lazy" they are `JpegImage`s, which read as such arrays, where there are many of them.
        threads: how many load, if there is more than one image to load.

    Raises:
        ImageLoadError, TypeError: as `load_image`, with the position of the image in the input.
        ValueError: collections nested deeper.
    """
    images = unpacked(images)
    if is_valid_image(images):
        return images
    limits = get_decode_limits() if limits is None else limits
    nested = _unpacked_each(images, "image {}") if is_collection(images) else [images]
    nested = [
        _unpacked_each(entry, f"image {{}} of sample {s}") if is_collection(entry) else entry
        for s, entry in enumerate(nested)
    ]
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
        except TypeError:
            if is_collection(image):
                raise ValueError(f"{position} is nested more than two levels deep; pass lists of images") from None
            raise
        if not (convert_rgb and is_pil_image(loaded)) or loaded.mode == "RGB":
            return loaded
        return opaque(loaded) if is_transparent(loaded) else convert_to_rgb(loaded)

    loaded = iter(in_threads(fetch, flat, min(threads, count)))
    rebuilt = [[next(loaded) for _ in entry] if isinstance(entry, list) else next(loaded) for entry in nested]
    return rebuilt if is_collection(images) else rebuilt[0]


def _unpacked_each(images: Any, position: str) -> list[Any]:
    found: list[Any] = []
    try:
        found.extend(unpacked(image) for image in images)  # keeps what came before an error
    except TypeError as error:
        place(error, position.format(len(found)))
        raise
    return found


@dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    Attributes:
        height, width: of the image as it is shown, turned upright.
        orientation: the EXIF orientation, 1..8; 1 where the pixels are stored upright.
    """

    height: int
    width: int
    orientation: int = 1


def read_header(source: Any, position: str = "", *, limits: DecodeLimits | None = None) -> Header:
    """The size of an image without decoding it; whether the rest of the file is sound is not looked at.

    Args:
        source: anything that `load_image` takes, Pillow images excepted.
        position: of the image in the input, for errors.

    Raises:
        as `load_image`.
    """
    import PIL.Image

    limits = get_decode_limits() if limits is None else limits
    with _at(position):
        file, name = open_source(unpacked(source), limits)
        try:
            with PIL.Image.open(file) as image:
                return _header(image, name, limits)
        except ImageLoadError:
            raise
        except Exception as error:
            # What Pillow does not open as it is, decoding may yet read or has the words for.
            decoded = _decode(file, name, limits)
            logger.debug("%s: read whole for its size: %s", name, explain(error))
            return Header(decoded.height, decoded.width)


def _header(image: PIL.Image.Image, name: str, limits: DecodeLimits) -> Header:
    _check_header(image, name, limits)
    import PIL.Image

    try:
        # Pillow's PNG decodes all pixels to look for EXIF behind them.
        early = image.format == "PNG" and "exif" not in image.info and not png_orients_late(image.fp)  # type: ignore
        exif = PIL.Image.Image.getexif(image) if early else image.getexif()
        orientation = int(exif.get(ORIENTATION, 1))
    except Exception:  # broken EXIF: decoding leaves such an image as it is
        orientation = 1
    width, height = image.size
    if orientation in range(5, 9):
        width, height = height, width
    return Header(height, width, orientation if orientation in range(1, 9) else 1)


in_threads = Workers().run
"""The function of each tuple of arguments, in order, on threads that all callers share."""


@contextmanager
def _at(position: str) -> Iterator[None]:
    """Errors say at which position of the input their image was."""
    try:
        yield
    except (ImageLoadError, TypeError) as error:
        place(error, position)
        raise


@cache
def _jpeg_reader() -> Callable[..., Any]:
    from importlib.util import find_spec

    if find_spec("simplejpeg") is not None:
        try:
            import simplejpeg as simplejpeg

            from .jpeg import read_jpeg
        except ImportError as error:
            message = f"simplejpeg is installed and cannot be imported: {explain(error)}. JPEG files go through Pillow"
            warn_caller(message)
        else:
            return read_jpeg
    return lambda image, by_pillow: None


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
    except PIL.Image.DecompressionBombError as error:
        reason = f"{error} This is Pillow's own limit, twice PIL.Image.MAX_IMAGE_PIXELS"
        raise ImageLoadError(name, reason) from error
    except PermissionError as error:
        raise ImageLoadError(name, "permission denied") from error
    except Exception as error:  # decoders raise nearly anything on broken data
        again = _helped(file, name, error)
        if again is None:
            raise ImageLoadError(name, f"it is broken or cut short: {explain(error)}") from error
        image = _decode(again, name, limits)
    import PIL.ImageOps

    try:
        PIL.ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:
        # The pixels are sound, and cameras do write broken EXIF. Dropped, so that nobody turns the image twice.
        image.info.pop("exif", None)
        logger.warning("%s: its EXIF data is broken, the image may not be upright: %s", name, explain(error))
    return image


def _helped(file: File, name: str, error: Exception) -> BytesIO | None:
    """A file that Pillow may open yet, after it refused it: without metadata that is too large, or as HEIC.

    Raises:
        ImageLoadError: no image of a kind that can be read; the message says what to install for HEIC.
    """
    import PIL

    content = file.getvalue() if isinstance(file, BytesIO) else Path(os.fsdecode(file)).read_bytes()
    if is_heic(content[:12]) and "HEIF" not in _opened_formats():
        if open_heic():
            return BytesIO(content)
        raise ImageLoadError(name, 'it is a HEIC image: pip install "pixelprep[heic]"') from error
    if isinstance(error, PIL.UnidentifiedImageError):
        reason = "it holds no image that Pillow can read, whatever its name: another format, or cut short at its start"
        raise ImageLoadError(name, reason) from error
    bare = png_without_metadata(content)
    return None if bare is None else BytesIO(bare)


def _opened_formats() -> Collection[str]:
    import PIL.Image

    return PIL.Image.OPEN


def _check_header(image: Any, name: str, limits: DecodeLimits) -> None:
    width, height = image.size
    if image.format in _DRAWINGS and image.format not in limits.formats:
        raise ImageLoadError(
            name, f"{image.format} files are programs or drawings, not pixels; convert it to PNG first"
        )
    if image.format not in limits.formats:
        raise ImageLoadError(
            name,
            f"its format is {image.format}, which is not read; add it to formats of DecodeLimits if you trust the file",
        )
    if width < 1 or height < 1:
        raise ImageLoadError(name, f"it has no pixels: {height}x{width}")
    if width * height > limits.max_pixels:
        raise ImageLoadError(
            name,
            f"it has {height}x{width} = {height * width} pixels, more than the {limits.max_pixels} that max_pixels of "
            "DecodeLimits allows; raise the limit if you trust the source",
        )
    if image.format in ("JPEG", "MPO") and (scans := jpeg_scans(image.fp)) > limits.max_jpeg_scans:
        raise ImageLoadError(
            name,
            f"it is a JPEG of {scans} scans, more than the {limits.max_jpeg_scans} that max_jpeg_scans of DecodeLimits "
            "allows; raise the limit if you trust the source",
        )
