"""Boxes in a model's text, both ways: in pixels of the original image, and as the tokens that the model writes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..core.names import did_you_mean

Box = tuple[float, float, float, float]
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LabelledBoxes:
    """What a text says of one thing on the image.

    Attributes:
        label: the words beside the boxes; "" where there are none.
        boxes: `(x0, y0, x1, y1)` in pixels of the original image.
        polygons: outlines, as points `(x, y)` in such pixels: regions of text, or masks.
    """

    label: str
    boxes: tuple[Box, ...] = ()
    polygons: tuple[Points, ...] = ()


@dataclass(frozen=True)
class BoxText:
    """How a model writes boxes.

    Attributes:
        write: boxes in parts of the image's sides, and their label, as text.
        read: a text as labels with boxes, or outlines where these are asked for, in such parts.
    """

    write: Callable[[Sequence[Box], str], str]
    read: Callable[[str, bool], Iterator[LabelledBoxes]]


def write_boxes(boxes: Sequence[Box], size: tuple[int, int], model_type: str, label: str = "") -> str:
    """Boxes as a model of this type writes them.

    Args:
        boxes: `(x0, y0, x1, y1)` in pixels of the original image.
        size: its height and width.
        model_type: "kosmos-2", "florence2" or "paligemma".
        label: what they show.

    Raises:
        ValueError: no such model is known to write boxes, or a box has no area or leaves the image.
    """
    height, width = size
    parts = []
    for x0, y0, x1, y1 in boxes:
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise ValueError(
                f"a box is (x0, y0, x1, y1) with 0 <= x0 < x1 <= {width} and 0 <= y0 < y1 <= {height}, the sides of "
                f"the image, not {(x0, y0, x1, y1)}"
            )
        parts.append((x0 / width, y0 / height, x1 / width, y1 / height))
    return _of(model_type).write(parts, label)


def read_boxes(text: str, size: tuple[int, int], model_type: str, *, outlines: bool = False) -> list[LabelledBoxes]:
    """The boxes that a model of this type wrote, in the order of the text.

    Args:
        text: what the model wrote, special tokens kept.
        size: height and width of the original image.
        model_type: "kosmos-2", "florence2" or "paligemma".
        outlines: places are the points of an outline, as Florence-2 answers tasks of text regions and of masks.

    Raises:
        ValueError: no such model is known to write boxes.
    """
    height, width = size
    return [
        LabelledBoxes(
            found.label,
            tuple((x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in found.boxes),
            tuple(tuple((x * width, y * height) for x, y in points) for points in found.polygons),
        )
        for found in _of(model_type).read(text, outlines)
    ]


def _of(model_type: str) -> BoxText:
    if model_type not in BOX_TEXTS:
        raise ValueError(
            f"{model_type!r} is not known to write boxes{did_you_mean(model_type, BOX_TEXTS)}; known: "
            f"{', '.join(BOX_TEXTS)}"
        )
    return BOX_TEXTS[model_type]


# ----------------------------------------------------------------------------------------------------------- Kosmos-2

CELLS = 32
"""Kosmos-2 names cells of a grid of so many each way."""
_OBJECT = re.compile(r"<phrase>(?P<label>[^<]*)</phrase>\s*<object>(?P<boxes>.*?)</object>")
_CORNERS = re.compile(r"<patch_index_(\d{4})><patch_index_(\d{4})>")
_BETWEEN = "</delimiter_of_multi_objects/>"


def _write_cells(boxes: Sequence[Box], label: str) -> str:
    def cell(x: int, y: int) -> str:
        return f"<patch_index_{max(y, 0) * CELLS + max(x, 0):04d}>"

    pairs = [
        cell(math.floor(x0 * CELLS), math.floor(y0 * CELLS))
        + cell(math.ceil(x1 * CELLS) - 1, math.ceil(y1 * CELLS) - 1)
        for x0, y0, x1, y1 in boxes
    ]
    return (f"<phrase>{label}</phrase>" if label else "") + f"<object>{_BETWEEN.join(pairs)}</object>"


def _read_cells(text: str, outlines: bool) -> Iterator[LabelledBoxes]:
    for found in _OBJECT.finditer(text):
        boxes = (_between_cells(int(a), int(b)) for a, b in _CORNERS.findall(found["boxes"]))
        yield LabelledBoxes(found["label"].strip(), tuple(boxes))


def _between_cells(first: int, last: int) -> Box:
    """From the centre of one cell to that of another; from edge to edge where they share a row or a column."""
    (y0, x0), (y1, x1) = divmod(first, CELLS), divmod(last, CELLS)
    start, end = (0.0, 1.0) if x0 == x1 or y0 == y1 else (0.5, 0.5)
    return (x0 + start) / CELLS, (y0 + start) / CELLS, (x1 + end) / CELLS, (y1 + end) / CELLS


# --------------------------------------------------------------------------------------------------------- Florence-2

BINS = 1000
"""Florence-2 names places by thousandths of a side."""
_LABELLED = re.compile(r"(?P<label>[^<]*)(?P<places>(?:<loc_\d+>|<sep>|</?poly>)+)")


def _write_thousandths(boxes: Sequence[Box], label: str) -> str:
    return label + "".join(f"<loc_{min(int(part * BINS), BINS - 1)}>" for box in boxes for part in box)


def _read_thousandths(text: str, outlines: bool) -> Iterator[LabelledBoxes]:
    for found in _LABELLED.finditer(re.sub("</?s>", "", text)):
        boxes: list[Box] = []
        polygons: list[Points] = []
        for group in re.split("<sep>|</?poly>", found["places"]):
            parts = [(int(place) + 0.5) / BINS for place in re.findall(r"\d+", group)]
            if outlines or "<poly>" in found["places"]:
                polygons += [tuple(zip(parts[::2], parts[1::2], strict=False))] if parts else []
            else:
                boxes += zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=False)
        yield LabelledBoxes(found["label"].strip(), tuple(boxes), tuple(polygons))


# ---------------------------------------------------------------------------------------------------------- PaliGemma

STEPS = 1024
"""PaliGemma names places by 1024ths of a side, rows first."""
_DETECTED = re.compile(r"(?P<places>(?:<loc\d{4}>){4})(?:<seg\d{3}>)*\s*(?P<label>[^<;]*)")


def _write_1024ths(boxes: Sequence[Box], label: str) -> str:
    def place(part: float) -> str:
        return f"<loc{min(round(part * STEPS), STEPS - 1):04d}>"

    written = ("".join(map(place, (y0, x0, y1, x1))) for x0, y0, x1, y1 in boxes)
    return " ; ".join(f"{places} {label}".rstrip() for places in written)


def _read_1024ths(text: str, outlines: bool) -> Iterator[LabelledBoxes]:
    for found in _DETECTED.finditer(text):
        y0, x0, y1, x1 = (int(place) / STEPS for place in re.findall(r"\d{4}", found["places"]))
        yield LabelledBoxes(found["label"].strip(), ((x0, y0, x1, y1),))


BOX_TEXTS: dict[str, BoxText] = {
    "kosmos-2": BoxText(_write_cells, _read_cells),
    "florence2": BoxText(_write_thousandths, _read_thousandths),
    "paligemma": BoxText(_write_1024ths, _read_1024ths),
}
"""How each model type writes boxes."""
