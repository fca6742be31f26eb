"""What an image is, told without importing the library it comes from; and what a file is, by its name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import PIL.Image

IMAGE_ENDINGS = (
    *(".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
"""Of names of files that hold a picture, or an animation, where many are looked through."""
VIDEO_ENDINGS = (
    *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv"),
    *(".ts", ".webm", ".wmv"),
)


def is_pil_image(image: Any) -> TypeGuard[PIL.Image.Image]:
    """Whether this is a Pillow image; does not import Pillow, for where it was never imported there is none."""
    cls = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return cls is not None and isinstance(image, cls)
