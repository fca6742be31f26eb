"""What is on an image: questions that its pixels answer, and its size does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import NeedsPixelsError
from ..core.extras import required

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, Any]


def letter_heights(image: Any) -> list[int]:
    """Heights of the letters of a page `(C, H, W)`, from the lowest to the highest.

    A letter is a connected piece of the darker or the lighter part of the page (Otsu's threshold), whichever is
    smaller, but no speck and nothing that spans the page. Pixels are in 0..255.

    Raises:
        ImportError: OpenCV is missing. ValueError: there are no pixels, as in a dry run.
    """
    import numpy as np

    cv2 = required("cv2", "looking for letters")
    grey = _grey(pixels_of(image).astype(np.uint8), pillow=True)
    height, width = grey.shape
    dark = cv2.threshold(np.ascontiguousarray(grey), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1] == 0
    letters = ~dark if dark.mean() > 0.5 else dark
    pieces = cv2.connectedComponentsWithStats(letters.astype(np.uint8), connectivity=8)[2][1:]
    return sorted(
        int(h) for _, _, w, h, area in pieces if area >= 3 and h >= 2 and w < 0.9 * width and h < 0.9 * height
    )


def content_box(image: Any, threshold: int = 200, pillow_grey: bool = False) -> tuple[int, int, int, int]:
    """The box `(top, left, height, width)` of what is darker than a threshold on a page `(C, H, W)`.

    The page's grey levels are stretched to 0..255 first; a page of one level is content everywhere.

    Args:
        image: bytes, or other pixels of any range.
        threshold: content is below it.
        pillow_grey: make grey of colours as Pillow does, in integers; else as torch does, in float32.

    Raises:
        ValueError: there are no pixels, as in a dry run.
    """
    import numpy as np

    grey = _grey(pixels_of(image), pillow_grey)
    low, high = grey.min(), grey.max()
    if low == high:
        return 0, 0, *grey.shape
    kind = np.float64 if pillow_grey else np.float32
    dark = (grey - low).astype(kind) / (high - low).astype(kind) * kind(255) < threshold
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def _grey(pixels: Pixels, pillow: bool) -> Pixels:
    """One plane: luma of three channels, the first of others."""
    import numpy as np

    pixels = pixels.astype(np.uint8) if pixels.dtype.kind == "b" else pixels
    if len(pixels) < 3:
        return np.asarray(pixels[0])
    if pillow:
        if pixels.dtype.kind == "f" and pixels.max() <= 1:
            pixels = pixels * 255
        red, green, blue = pixels[:3].astype(np.uint8).astype(np.int32)
        return np.asarray((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)
    # Each product is added without being rounded first; float64 holds it.
    red, green, blue = (plane.astype(np.float32) for plane in pixels[:3])
    grey = red * np.float32(0.2989)
    for plane, weight in ((green, 0.587), (blue, 0.114)):
        grey = (grey + np.multiply(plane, np.float32(weight), dtype=np.float64)).astype(np.float32)
    return np.asarray(grey.astype(pixels.dtype))


def pixels_of(image: Any) -> Pixels:
    """A backend's array as a NumPy array.

    Raises:
        NeedsPixelsError: it has no pixels, as in a dry run.
    """
    import numpy as np

    if hasattr(image, "detach"):
        return np.asarray(image.detach().cpu().numpy())
    if not (hasattr(image, "__array__") or hasattr(image, "__array_interface__") or hasattr(image, "tolist")):
        raise NeedsPixelsError("what is on an image cannot be told from its size: this needs its pixels")
    return np.asarray(image)
