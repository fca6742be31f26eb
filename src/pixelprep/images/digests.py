"""What images are, as a digest: of the encoded bytes of a file, or of the pixels of what is decoded already."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

from ..core.errors import place
from ..image_utils import is_collection, is_pil_image, is_valid_image
from .limits import DecodeLimits, get_decode_limits
from .rows import unpacked
from .sources import open_source

_CHUNK = 1 << 20


def digest(images: Any, *, limits: DecodeLimits | None = None) -> str:
    """A digest of images that is equal for equal inputs, in any process: with a plan's `key` it names their tensors.

    A file is its encoded bytes, wherever they come from (a path, a URL, bytes, an open file); a Pillow image, array or
    tensor is its pixels, their type and their layout. So a file and what it decodes to have two digests.

    Args:
        images: what a processor takes: one image, a list, or lists for samples.
        limits: on what is read; those of `set_decode_limits` if not given.

    Returns:
        64 hexadecimal digits.

    Raises:
        ImageLoadError: a source that cannot be read. TypeError: something that is no image.
    """
    return _digest(images, get_decode_limits() if limits is None else limits, "").hex()


def _digest(images: Any, limits: DecodeLimits, position: str) -> bytes:
    images = unpacked(images)
    if not is_collection(images):
        try:
            return _of_picture(images) if is_valid_image(images) else _of_file(images, limits)
        except (TypeError, ValueError) as error:
            place(error, position)
            raise
    whole = hashlib.sha256(b"list")
    for index, image in enumerate(images):
        whole.update(_digest(image, limits, f"image {index}"))
    return whole.digest()


def _of_file(source: Any, limits: DecodeLimits) -> bytes:
    file, _ = open_source(source, limits)
    found = hashlib.sha256(b"file")
    if isinstance(file, BytesIO):
        found.update(file.getbuffer())
    else:
        with open(file, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
    return found.digest()


def _of_picture(image: Any) -> bytes:
    import numpy as np

    if is_pil_image(image):
        palette = image.getpalette("RGBA") if image.mode in ("P", "PA") else None
        facts = f"picture {image.mode} {image.size} {palette} {image.info.get('transparency')!r}"
        return hashlib.sha256(facts.encode() + image.tobytes()).digest()
    dtype = str(image.dtype).rpartition(".")[2]
    if hasattr(image, "detach"):
        image = image.detach().cpu()
        image = (image.view(_torch().int16) if dtype == "bfloat16" else image).numpy()
    array = np.ascontiguousarray(image)
    if array.dtype.hasobject:
        raise TypeError(f"pixels must be numbers; this array holds {array.dtype}")
    found = hashlib.sha256(f"array {dtype} {tuple(array.shape)} {array.dtype.byteorder}".encode())
    found.update(array.reshape(-1).view(np.uint8).data if array.size else b"")
    return found.digest()


def _torch() -> Any:
    import torch

    return torch
