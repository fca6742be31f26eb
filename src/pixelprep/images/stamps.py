"""Times of frames, written into their pictures by Pillow (ERNIE 4.5 VL)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .content import pixels_of

if TYPE_CHECKING:
    import PIL.Image

SHARE = 0.1
"""Of the letters' size in the frame's shorter side, and of their border in it."""


def stamped(image: Any, seconds: float, font: str) -> PIL.Image.Image:
    """A frame `(3, H, W)` as a picture with its time in the top left corner: black letters with a white border.

    Args:
        image: a backend's array: bytes, or floats in 0..1 or 0..255, which are truncated to bytes.
        seconds: the time.
        font: path or name of a TrueType font.

    Raises:
        FileNotFoundError: there is no such font. NeedsPixelsError: there are no pixels, as in a dry run.
    """
    import numpy as np
    import PIL.Image
    from PIL import ImageDraw, ImageFont

    pixels = pixels_of(image)
    if pixels.dtype.kind == "f" and pixels.size and pixels.max() <= 1:
        pixels = pixels * pixels.dtype.type(255)
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    picture = PIL.Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    size = max(int(min(picture.size) * SHARE), 1)
    try:
        letters = ImageFont.truetype(font, size)
    except OSError as error:
        raise FileNotFoundError(
            f"the font {font!r} cannot be read ({error}); it lies beside the JSON of a checkpoint: load the processor "
            "with from_pretrained, pass font='path of a .ttf file', or draw_on_frames=False"
        ) from error
    black, white = (0, 0, 0), (255, 255, 255)
    ImageDraw.Draw(picture).text(
        (0, 0), written(seconds), font=letters, fill=black, stroke_width=int(size * SHARE), stroke_fill=white
    )
    return picture


def written(seconds: float) -> str:
    """A time as "time: 00:01:02.50"; what rounds to a whole minute is one."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{rest:05.2f}"
    return written(round(seconds)) if text == "60.00" else f"time: {int(hours):02d}:{int(minutes):02d}:{text}"
