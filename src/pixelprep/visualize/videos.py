"""A contact sheet: the frames that a model sees of a video, one after the other, with their times."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from ._canvas import font_of
from .plans import seen

if TYPE_CHECKING:
    from ..plans import Plan

WIDEST = 1920  # pixels of a sheet
LARGEST, SMALLEST = 480, 48  # pixels of the longer side of a frame on it
GAP = 4
GROUND, INK = (32, 32, 32), (235, 235, 235)


def draw_clip(
    video: Any,
    plan: Plan,
    *,
    columns: int | None = None,
    path: str | os.PathLike[str] | None = None,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """The frames that reach the model, resized and cropped as it sees them, with the time and number of each.

    Args:
        video: as the processor takes it.
        plan: of a call with it alone.
        columns: frames in a row; None as they fit.
        path: a file to write, too. font: a font file.

    Raises:
        ValueError: the plan is of no video or of several, or of one of another size.
    """
    if len(plan.videos) != 1:
        raise ValueError(f"a contact sheet is of one video; this plan is of {len(plan.videos)}")
    frames, told = seen(plan, video), plan.videos[0]
    labels = [
        f"#{index}" if told.timestamps is None else f"{told.timestamps[place]:.2f} s  #{index}"
        for place, index in enumerate(told.indices)
    ]
    labels += ["copy"] * (len(frames) - len(labels))  # of the last, where patches reach over several
    width, height = frames[0].size
    columns = columns or max(1, min(len(frames), round(math.sqrt(len(frames) * 1.6 * height / width))))
    longer = min(LARGEST, max(SMALLEST, (WIDEST // columns - GAP) * max(width, height) // width))
    shrink = min(1.0, longer / max(width, height))
    cell = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    letters = max(10, min(18, cell[0] // 9))
    line, rows = letters + 6, -(-len(frames) // columns)
    across = max(cell[0], letters * 9)
    sheet = Image.new("RGB", (columns * (across + GAP) + GAP, rows * (cell[1] + line + GAP) + GAP), GROUND)
    draw, written = ImageDraw.Draw(sheet), font_of(letters, None if font is None else str(font))
    for place, (frame, label) in enumerate(zip(frames, labels, strict=True)):
        x, y = GAP + place % columns * (across + GAP), GAP + place // columns * (cell[1] + line + GAP)
        sheet.paste(frame.resize(cell, Image.Resampling.BOX) if frame.size != cell else frame, (x, y))
        draw.text((x, y + cell[1] + 2), label, INK, written)
    if path is not None:
        sheet.save(path)
    return sheet
