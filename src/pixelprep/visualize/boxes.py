"""Boxes, regions of documents, prompts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from ._canvas import Canvas
from ._colors import PALETTE, Color, color_of
from ._results import Names, caption, labels_of, scores_of, to_array


def draw_boxes(
    image: Any,
    result: Mapping[str, Any],
    names: Names = None,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """Boxes with names and scores, a colour for each class; the best lie on top.

    Args:
        image: the original. result: one entry of what `post_process_object_detection` returns: `boxes` (n, 4), corners
            in pixels, `scores`, `labels`.
        names: of the classes: `model.config.id2label`, or a list.
        path: a file to write, too. scale: enlarges by a whole factor; None as needed. font: a font file.

    Raises:
        ValueError: the boxes lie in 0..1.
    """
    canvas = Canvas(image, scale, font)
    boxes = _pixels(result["boxes"], canvas.size)
    scores, labels = scores_of(result, len(boxes)), labels_of(result, len(boxes))
    order = sorted(range(len(boxes)), key=lambda index: scores[index] or 0.0)
    colors = _class_colors(labels)
    for index in order:
        x0, y0, x1, y1 = boxes[index]
        canvas.outline([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colors[index])
    for index in reversed(order):
        canvas.label(caption(labels[index], scores[index], names), boxes[index][0], boxes[index][1], colors[index])
    return canvas.finish(path)


def draw_layout(
    image: Any,
    result: Mapping[str, Any],
    names: Names = None,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """Regions of a document, numbered in reading order: polygons where the result has them, else boxes.

    Args:
        image: the original. result: one entry of what `post_process_object_detection` of PP-DocLayout returns.
        names, path, scale, font: as `draw_boxes`.
    """
    canvas = Canvas(image, scale, font)
    boxes = _pixels(result["boxes"], canvas.size)
    scores, labels = scores_of(result, len(boxes)), labels_of(result, len(boxes))
    colors = _class_colors(labels)
    outlines = result.get("polygon_points")
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        box = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        canvas.outline(box if outlines is None else to_array(outlines[index]).tolist(), colors[index])
    for index, box in enumerate(boxes):
        text = f"{index + 1} {caption(labels[index], scores[index], names)}"
        canvas.label(text, box[0], box[1], colors[index])
    return canvas.finish(path)


def draw_prompts(
    image: Any,
    points: Any = None,
    labels: Any = None,
    boxes: Any = None,
    mask: Any = None,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """What a promptable model was asked (SAM): points, boxes, a mask.

    Args:
        image: the original. points: (..., 2), (x, y) in pixels. labels: of the points, 1 for "this" (blue, a plus),
            0 for "not this" (orange, a minus); others, which pad, are left out; None for 1 everywhere.
        boxes: (..., 4), corners in pixels. mask: (H, W) of the original's size.
        path, scale: as `draw_boxes`.

    Raises:
        ValueError: not one label for each point.
    """
    canvas = Canvas(image, scale)
    if mask is not None:
        canvas.tint(to_array(mask).squeeze() > 0, PALETTE[2])
    for x0, y0, x1, y1 in [] if boxes is None else to_array(boxes).reshape(-1, 4):
        canvas.outline([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], PALETTE[2])
    if points is not None:
        places = to_array(points).reshape(-1, 2)
        kinds = np.ones(len(places), int) if labels is None else to_array(labels).reshape(-1)
        if len(kinds) != len(places):
            raise ValueError(f"got {len(kinds)} labels for {len(places)} points; give one for each")
        for point, kind in zip(places, kinds, strict=True):
            if kind in (0, 1):
                canvas.dot(point.tolist(), PALETTE[4] if kind else PALETTE[5], 2.5, "+" if kind else "-")
    return canvas.finish(path)


def _class_colors(labels: list[Any]) -> list[Color]:
    """A colour for each object, the same for the same class: by its number, texts in the order they come."""
    known: dict[str, int] = {}
    return [color_of(known.setdefault(x, len(known)) if isinstance(x, str) else int(x or 0)) for x in labels]


def _pixels(boxes: Any, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Corner boxes (n, 4).

    Raises:
        ValueError: they lie in 0..1.
    """
    corners = to_array(boxes).reshape(-1, 4)
    if len(corners) and np.abs(corners).max() <= 1.5 and max(size) > 4:
        raise ValueError(
            "the boxes lie in 0..1; give post-processing the size of the original, target_sizes=[image], for pixels"
        )
    return corners
