"""What files hold beside pixels: scans of JPEG, PNG metadata that Pillow does not read, HEIC that needs a plug-in."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any, BinaryIO

# What says nothing about pixels as they are read here. A profile that decompresses to more than Pillow's limit, or that
# many texts, would otherwise stop it before the first pixel.
_METADATA = {b"iCCP", b"iTXt", b"tEXt", b"zTXt"}
ORIENTATION = 0x0112  # EXIF tag; 1 is upright
_PNG = b"\x89PNG\r\n\x1a\n"
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def png_without_metadata(data: bytes) -> bytes | None:
    """The same PNG file without colour profile and texts; None if it is no PNG or has none of them."""
    if not data.startswith(_PNG):
        return None
    parts, position, dropped = [_PNG], len(_PNG), False
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind, end = data[position + 4 : position + 8], position + 12 + length
        if kind in _METADATA:
            dropped = True
        else:
            parts.append(data[position:end])
        position = end
    return b"".join(parts) if dropped else None


def png_orients_late(file: BinaryIO) -> bool:
    """Whether a PNG file has, behind its pixels, a chunk that may say how to turn them; its place is kept."""
    place, behind = file.tell(), False
    try:
        file.seek(len(_PNG))
        while len(head := file.read(8)) == 8:
            kind = head[4:]
            if behind and kind in (b"eXIf", b"iTXt", b"tEXt", b"zTXt"):
                return True
            behind = behind or kind == b"IDAT"
            file.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)
        return False
    finally:
        file.seek(place)


def jpeg_scans(file: Any) -> int:
    """How many scans an open JPEG file has, those of thumbnails counted; its place in the file is kept."""
    place, count, last = file.tell(), 0, b""
    file.seek(0)
    while chunk := file.read(1 << 20):
        count += (last + chunk).count(b"\xff\xda")  # inside a scan 0xff is followed by a zero
        last = chunk[-1:]
    file.seek(place)
    return count


def is_heic(start: bytes) -> bool:
    """Whether a file that begins so is HEIC or HEIF."""
    return start[4:8] == b"ftyp" and start[8:12] in _HEIC


def open_heic() -> bool:
    """Teach Pillow to open HEIC, if `pillow-heif` is installed."""
    if find_spec("pillow_heif") is None:
        return False
    import pillow_heif

    pillow_heif.register_heif_opener()
    return True
