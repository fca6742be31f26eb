"""The words of a page and where they stand, read by tesseract."""

from __future__ import annotations

from typing import Any

from ..core.extras import required
from ..geometry.boxes import thousandths
from .content import pixels_of

PROGRAM = (
    "the program `tesseract` (Debian, Ubuntu: apt-get install tesseract-ocr; macOS: brew install tesseract; Windows: "
    "the installer of UB Mannheim)"
)
OTHERWISE = "; or pass apply_ocr=False, and words and boxes of your own to the tokenizer"


def read_words(image: Any, language: str | None, config: str | None) -> tuple[list[str], list[list[int]]]:
    """The words of a page `(C, H, W)` and their boxes, `[left, top, right, bottom]` in thousandths of the page.

    Args:
        image: a backend's array: bytes, or floats in 0..1 or 0..255.
        language: one that tesseract has data of, or several as "eng+deu"; None is English.
        config: further options of tesseract, such as "--psm 6".

    Raises:
        ImportError: pytesseract or the program is missing; the message names both.
        ValueError: tesseract has no data of the language, or cannot read the page.
    """
    import PIL.Image

    pytesseract = required("pytesseract", "reading words", f", and {PROGRAM}{OTHERWISE}")
    pixels = pixels_of(image)
    if pixels.dtype.kind == "f" and pixels.size and pixels.max() <= 1:
        pixels = pixels * 255
    pixels = pixels.astype("uint8")
    picture = PIL.Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    try:
        found = pytesseract.image_to_data(picture, lang=language, output_type="dict", config=config or "")
    except pytesseract.TesseractNotFoundError as error:
        raise ImportError(
            f"reading words needs {PROGRAM}, which is missing, beside the package pytesseract{OTHERWISE}"
        ) from error
    except pytesseract.TesseractError as error:
        raise _explained(error, language, pytesseract) from error
    words, boxes = [], []
    columns = (found[name] for name in ("text", "left", "top", "width", "height"))
    for word, left, top, width, height in zip(*columns, strict=True):
        if word.strip():
            words.append(word)
            boxes.append(thousandths((left, top, left + width, top + height), picture.height, picture.width))
    return words, boxes


def _explained(error: Exception, language: str | None, pytesseract: Any) -> ValueError:
    """What tesseract's own message means."""
    try:
        installed = pytesseract.get_languages()
    except Exception:  # it could not even be asked
        installed = []
    absent = [name for name in (language or "eng").split("+") if name not in installed]
    if installed and absent:
        return ValueError(
            f"tesseract has no data of the language {absent[0]!r}; it has {', '.join(installed)}. Install it (Debian: "
            f"apt-get install tesseract-ocr-{absent[0]}), pass another `ocr_lang`{OTHERWISE}"
        )
    return ValueError(f"tesseract cannot read the page: {str(error).strip()[:300]}{OTHERWISE}")
