"""What an image is, told without importing the library it comes from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import PIL.Image


def is_pil_image(image: Any) -> TypeGuard[PIL.Image.Image]:
    """Whether this is a Pillow image; does not import Pillow, for where it was never imported there is none."""
    cls = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return cls is not None and isinstance(image, cls)
