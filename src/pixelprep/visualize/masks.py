"""Masks and segmentations."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from ._canvas import Canvas, edges, require_size
from ._colors import color_of
from ._results import Names, caption, labels_of, name_of, scores_of, to_array

VOID = 255  # "ignore" in maps of bytes


def draw_masks(
    image: Any,
    result: Any,
    names: Names = None,
    opacity: float = 0.5,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """Masks that may overlap, a colour for each, largest first, with names and scores where there are any.

    Args:
        image: the original. result: masks (..., H, W) as `post_process_masks` returns them, a mapping with `masks` and
            perhaps `scores`, `labels`, or a list of COCO's run lengths (needs pycocotools).
        names: of the classes. opacity: of the colour, in 0..1. path, scale, font: as `draw_boxes`.

    Raises:
        ValueError: masks of another size than the image.
    """
    found = result if isinstance(result, Mapping) and "masks" in result else {"masks": result}
    canvas = Canvas(image, scale, font)
    masks = _planes(found["masks"])
    labels, scores = labels_of(found, len(masks)), scores_of(found, len(masks))
    order = sorted(range(len(masks)), key=lambda index: -int(masks[index].sum()))
    for index in order:
        canvas.tint(masks[index], color_of(index), opacity)
    for index in order:
        text = caption(labels[index], scores[index], names)
        if text and masks[index].any():
            canvas.label(text, *_middle(masks[index]), color_of(index))
    return canvas.finish(path)


def draw_segmentation(
    image: Any,
    result: Any,
    names: Names = None,
    opacity: float = 0.6,
    legend: bool = True,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """A segmentation over its image, a colour for each class, lines around segments, and a legend below.

    Args:
        image: the original. result: a map of classes (H, W), as `post_process_semantic_segmentation` returns it, or a
            mapping with `segmentation` (H, W) and `segments_info`, as the panoptic and instance methods do.
        names: of the classes. opacity: of the colours, in 0..1. legend: classes with the share of the image that they
            cover, largest first. path, scale, font: as `draw_boxes`.

    Raises:
        ValueError: a map of another size than the image.
    """
    canvas = Canvas(image, scale, font)
    segments = to_array(result["segmentation"] if isinstance(result, Mapping) else result)
    if isinstance(result, Mapping) and segments.ndim == 3:  # binary maps, later ones on top
        ids = [info["id"] for info in result["segments_info"]]
        stacked, segments = segments, np.full(segments.shape[1:], -1)
        for segment_id, plane in zip(ids, stacked, strict=True):
            segments[plane > 0] = segment_id
    require_size(segments.shape, canvas.size, "segmentation")
    segments = segments.astype(np.int64)
    info = result.get("segments_info") if isinstance(result, Mapping) else None
    classes = {int(i["id"]): int(i["label_id"]) for i in info} if info is not None else _classes(segments)
    pixels = np.asarray(canvas.picture).copy()
    large = segments.repeat(canvas.scale, 0).repeat(canvas.scale, 1)
    for segment_id, label in classes.items():
        plane = large == segment_id
        pixels[plane] = np.rint(pixels[plane] * (1 - opacity) + np.array(color_of(label)) * opacity).astype(np.uint8)
    pixels[edges(large, max(1, canvas.width // 3))] = 255
    canvas.picture = Image.fromarray(pixels)
    if info is not None and len(set(classes.values())) < len(classes):  # several segments of a class: number them
        for segment_id, label in classes.items():
            plane = segments == segment_id
            if plane.any():
                canvas.label(name_of(label, names), *_middle(plane), color_of(label))
    if legend:
        shares = dict.fromkeys(classes.values(), 0)
        for segment_id, label in classes.items():
            shares[label] += int((segments == segment_id).sum())
        ranked = sorted(shares.items(), key=lambda entry: -entry[1])
        canvas.legend([(color_of(k), f"{name_of(k, names)} {_percent(n / segments.size)}") for k, n in ranked if n > 0])
    return canvas.finish(path)


def _classes(segments: np.ndarray[Any, Any]) -> dict[int, int]:
    """The classes of a map, each standing for itself; negative numbers and 255 are none."""
    return {int(label): int(label) for label in np.unique(segments) if label >= 0 and label != VOID}


def _planes(masks: Any) -> list[np.ndarray[Any, Any]]:
    """Bool masks (H, W) from arrays of any rank, lists of them, or COCO's run lengths."""
    if isinstance(masks, list | tuple) and masks and isinstance(masks[0], Mapping):
        from pycocotools import mask as coco

        return [coco.decode(run_lengths).astype(bool) for run_lengths in masks]
    if isinstance(masks, list | tuple):
        return [plane for entry in masks for plane in _planes(entry)]
    array = to_array(masks)
    return list(array.reshape(-1, *array.shape[-2:]) > 0)


def _middle(plane: np.ndarray[Any, Any]) -> tuple[float, float]:
    """A point (x, y) of a mask near its middle."""
    rows, columns = np.nonzero(plane)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return float(columns[nearest]), float(rows[nearest])


def _percent(share: float) -> str:
    return "<1%" if share < 0.005 else f"{share:.0%}"
