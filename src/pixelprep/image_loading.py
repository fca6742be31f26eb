"""An older name of what `pixelprep.images` holds: `load_image` and what belongs to it."""

from .images.decoding import fetch_images, load_image
from .images.limits import DecodeLimits, ImageLoadError, ImageNotFoundError, get_decode_limits, set_decode_limits

__all__ = [
    "DecodeLimits",
    "ImageLoadError",
    "ImageNotFoundError",
    "fetch_images",
    "get_decode_limits",
    "load_image",
    "set_decode_limits",
]
