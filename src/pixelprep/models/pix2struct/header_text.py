"""Questions drawn above pictures, as in the training of Pix2Struct (arXiv:2210.03347)."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from ...image_utils import ChannelDimension, is_pil_image

if TYPE_CHECKING:
    import PIL.Image

FONT_SIZE = 36
LINE_LENGTH = 80
MARGIN = 5


def with_header(
    image: Any,
    text: str,
    font_path: str | None = None,
    font_bytes: bytes | None = None,
    data_format: ChannelDimension | None = None,
) -> PIL.Image.Image:
    """The image, RGB, below a white band with black text; the narrower of both is enlarged to the other's width.

    Args:
        image: a PIL image, or an array or tensor of bytes (or of floats in 0..1).
        text: wrapped to lines of 80 characters.
        font_path, font_bytes: a TrueType font; without one that which Pillow ships (the published models saw Arial).
        data_format: layout of an array; None infers it.
    """
    from PIL import Image

    picture = image if is_pil_image(image) else _picture(image, data_format)
    band = _band(text, font_path, font_bytes)
    width = max(band.width, picture.width)
    band = band.resize((width, int(band.height * (width / band.width))))
    picture = picture.resize((width, int(picture.height * (width / picture.width))))
    whole = Image.new("RGB", (width, band.height + picture.height), "white")
    whole.paste(band, (0, 0))
    whole.paste(picture, (0, band.height))
    return whole


def _picture(image: Any, data_format: ChannelDimension | None) -> PIL.Image.Image:
    import numpy as np
    from PIL import Image

    from ...ops import get_ops

    pixels = get_ops("reference").from_image(image, data_format, None)
    if pixels.dtype.kind == "f":
        pixels = np.clip(pixels * 255, 0, 255)
    pixels = pixels.astype(np.uint8).transpose(1, 2, 0)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else np.ascontiguousarray(pixels))


def _band(text: str, font_path: str | None, font_bytes: bytes | None) -> PIL.Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    if font_path is None and font_bytes is None:
        font_bytes = getattr(ImageFont.load_default(FONT_SIZE), "font_bytes", None)
    source = font_path if font_path is not None else io.BytesIO(font_bytes or b"")
    font = ImageFont.truetype(source, encoding="UTF-8", size=FONT_SIZE)
    wrapped = "\n".join(textwrap.wrap(text, LINE_LENGTH))
    _, _, right, bottom = ImageDraw.Draw(Image.new("RGB", (1, 1))).textbbox((0, 0), wrapped, font=font)
    band = Image.new("RGB", (int(right) + 2 * MARGIN, int(bottom) + 2 * MARGIN), "white")
    ImageDraw.Draw(band).text((MARGIN, MARGIN), wrapped, fill="black", font=font)
    return band
