"""Prompts beside images, and grids of them: points, labels and boxes as SAM's models take them.

Coordinates are (x, y) in pixels of the image as it came, boxes (x0, y0, x1, y1); what is returned is in pixels of the
image that the model sees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Size = Sequence[int]
PAD = -10
"""Coordinate and label of points that fill up shorter lists; the models know it."""


def prepare_prompts(
    sizes: Sequence[Size],
    seen: Sequence[Size],
    points: Any = None,
    labels: Any = None,
    boxes: Any = None,
    dtype: str = "float32",
) -> dict[str, Array]:
    """Prompts of a batch as arrays; images may have other numbers of points than their neighbours.

    Args:
        sizes: (height, width) of each image as it came.
        seen: (height, width) of each image in the model, without padding.
        points: nested as [image][point][x, y], or [image][object][point][x, y].
        labels: 1 for a point inside, 0 for one outside, nested as the points without their coordinates.
        boxes: nested as [image][box][x0, y0, x1, y1]; as many for each image.
        dtype: of the coordinates.

    Returns:
        `input_points` (B, objects, points, 2), `input_labels` int64 (B, objects, points), `input_boxes` (B, boxes, 4):
        those that are given. Shorter lists are filled up with -10, coordinates and labels alike.

    Raises:
        ValueError: a wrong nesting or number of coordinates, prompts for another number of images, labels that fit no
            points, or other numbers of boxes; it names the image.
    """
    scales = [_ratios(old, new, dtype) for old, new in zip(sizes, seen, strict=True)]
    data: dict[str, Array] = {}
    nested = None if points is None else _per_object(points, len(sizes), "input_points", 2)
    marks = None if labels is None else _per_object(labels, len(sizes), "input_labels", 0)
    if nested is not None:
        shape = _largest(nested)
        data["input_points"] = np.full((len(sizes), *shape, 2), PAD, dtype)
        for image, (objects, scale) in enumerate(zip(nested, scales, strict=True)):
            for index, entry in enumerate(objects):
                data["input_points"][image, index, : len(entry)] = entry.astype(dtype) * scale
    if marks is not None:
        _check_labels(nested, marks)
        data["input_labels"] = np.full((len(sizes), *_largest(marks)), PAD, np.int64)
        for image, objects in enumerate(marks):
            for index, entry in enumerate(objects):
                data["input_labels"][image, index, : len(entry)] = entry
    if boxes is not None:
        data["input_boxes"] = _boxes(boxes, scales, dtype)
    return data


def _ratios(old: Size, new: Size, dtype: str) -> Array:
    """(x, y) of how an image grows; in single precision the reciprocal is rounded too, as torch divides by a tensor."""
    before: Array = np.array([old[1], old[0]], dtype)
    after: Array = np.array([new[1], new[0]], dtype)
    ratios: Array = after / before if dtype == "float64" else (1 / before) * after
    return ratios


def _as_lists(value: Any) -> Any:
    """Nested lists of whatever nests: tensors, arrays, tuples."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_as_lists(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def _depth(value: Any) -> int:
    if not isinstance(value, list):
        return 0
    return 1 + max((_depth(entry) for entry in value), default=0)


def _per_object(given: Any, count: int, name: str, width: int) -> list[list[Array]]:
    """Points (n, 2) or labels (n,) of each object of each image."""
    lists = _as_lists(given)
    flat = 3 if width else 2  # [image][point][x, y], or [image][label]
    depth = _depth(lists)
    if depth not in (flat, flat + 1):
        point = "[point][x, y]" if width else "[point]"
        raise ValueError(f"{name} must nest as [image]{point} or [image][object]{point}; it has {depth} levels")
    if len(lists) != count:
        raise ValueError(f"{name} has prompts of {len(lists)} images; there are {count} images")
    objects = lists if depth == flat + 1 else [[entry] for entry in lists]
    arrays = []
    for image, entries in enumerate(objects):
        arrays.append([np.asarray(entry, np.float64 if width else np.int64) for entry in entries])
        for index, array in enumerate(arrays[-1]):
            if width and array.size and array.shape[-1:] != (width,):
                raise ValueError(f"{name} of image {image}, object {index}: a point is [x, y]; got {array.shape[-1:]}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} of image {image}, object {index} has NaN or infinite values")
            if width and not array.size:
                arrays[-1][index] = array.reshape(0, width)
    return arrays


def _largest(nested: list[list[Array]]) -> tuple[int, int]:
    """The most objects of an image, and the most points of an object."""
    return (
        max((len(objects) for objects in nested), default=0),
        max((len(entry) for objects in nested for entry in objects), default=0),
    )


def _check_labels(points: list[list[Array]] | None, labels: list[list[Array]]) -> None:
    if points is None:
        raise ValueError("input_labels say what input_points are; pass both")
    for image, pair in enumerate(zip(points, labels, strict=True)):
        counts = [[len(entry) for entry in objects] for objects in pair]
        if counts[0] != counts[1]:
            raise ValueError(
                f"image {image} has {counts[0]} points and {counts[1]} labels for each object; give each a label"
            )


def concept_examples(sizes: Any, boxes: Any, labels: Any) -> dict[str, Array]:
    """Boxes that show a concept, and boxes that show what it is not (SAM 3).

    Args:
        sizes: (height, width) of each image as it came.
        boxes: nested as [image][box][x0, y0, x1, y1]; an image without any has an empty list or None.
        labels: nested as [image][box]: 1 for the concept, 0 for what it is not.

    Returns:
        `input_boxes` float32 (B, boxes, 4), centre boxes in 0..1, and `input_boxes_labels` int64 (B, boxes). Shorter
        lists are filled up: labels with -10, boxes with what -10 becomes, (-10, -10, 0, 0).

    Raises:
        ValueError: boxes or labels of another number of images, or labels that fit no boxes; it names the image.
    """
    nested, marks = ([entry or [] for entry in _as_lists(given) or []] for given in (boxes, labels))
    sizes = _as_lists(sizes)
    for name, entries in (("input_boxes", nested), ("input_boxes_labels", marks)):
        if len(entries) != len(sizes):
            raise ValueError(f"{name} has prompts of {len(entries)} images; there are {len(sizes)} images")
    most = max(map(len, nested), default=0)
    examples: dict[str, Array] = {
        "input_boxes": np.tile(np.array([PAD, PAD, 0, 0], np.float32), (len(sizes), most, 1)),
        "input_boxes_labels": np.full((len(sizes), most), PAD, np.int64),
    }
    for image, (entries, labelled, (height, width)) in enumerate(zip(nested, marks, sizes, strict=True)):
        if len(entries) != len(labelled):
            raise ValueError(f"image {image} has {len(entries)} boxes and {len(labelled)} labels; give each a label")
        if entries:
            corners = _corners(entries, image) / np.array([width, height, width, height], np.float32)
            first, last = corners[:, :2], corners[:, 2:]
            examples["input_boxes"][image, : len(entries)] = np.concatenate([(first + last) / 2, last - first], axis=1)
            examples["input_boxes_labels"][image, : len(entries)] = labelled
    return examples


def _corners(boxes: Any, image: int) -> Array:
    array = np.asarray(boxes, np.float32)
    if array.shape[-1:] != (4,) or not np.isfinite(array).all():
        raise ValueError(f"input_boxes of image {image} must be finite [x0, y0, x1, y1]; got {boxes!r:.80}")
    return array


def _boxes(given: Any, scales: Sequence[Array], dtype: str) -> Array:
    lists = _as_lists(given)
    if _depth(lists) != 3:
        raise ValueError(f"input_boxes must nest as [image][box][x0, y0, x1, y1]; it has {_depth(lists)} levels")
    if len(lists) != len(scales):
        raise ValueError(f"input_boxes has prompts of {len(lists)} images; there are {len(scales)} images")
    counts = [len(boxes) for boxes in lists]
    if len(set(counts)) > 1:
        raise ValueError(
            f"the images have {', '.join(map(str, counts))} boxes; the model takes as many for each. Repeat a box of "
            "the images that have fewer and leave its masks out, or call the processor for images of one count together"
        )
    out = []
    for image, (boxes, scale) in enumerate(zip(lists, scales, strict=True)):
        out.append(_corners(boxes, image).astype(dtype) * np.concatenate([scale, scale]))
    return np.stack(out)


def crop_boxes(height: int, width: int, layers: int, overlap_ratio: float) -> tuple[list[list[int]], list[int]]:
    """The image and overlapping crops of it, (x0, y0, x1, y1), with the layer of each: layer i has `4 ** i` crops."""
    boxes, owners = [[0, 0, width, height]], [0]
    for layer in range(1, layers + 1):
        count = 2**layer
        overlap = int(overlap_ratio * min(height, width) * (2 / count))
        rows, columns = (math.ceil((overlap * (count - 1) + side) / count) for side in (height, width))
        for left in ((columns - overlap) * index for index in range(count)):
            for top in ((rows - overlap) * index for index in range(count)):
                boxes.append([left, top, min(left + columns, width), min(top + rows, height)])
                owners.append(layer)
    return boxes, owners


def point_grid(count: int, dtype: str) -> Array:
    """`count * count` points (x, y) in the middle of the cells of a grid over 0..1, row by row."""
    first = 1 / (2 * count)
    side = np.linspace(first, 1 - first, count) if dtype == "float64" else _linspace(first, 1 - first, count)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def _linspace(start: float, end: float, count: int) -> Array:
    """Equal steps from both ends to the middle in single precision, as torch takes them."""
    if count == 1:
        return np.array([start], np.float32)
    first, last = np.float32(start), np.float32(end)
    step = np.float64((last - first) / np.float32(count - 1))
    index = np.arange(count)
    up, down = np.float64(first) + step * index, np.float64(last) - step * (count - 1 - index)
    return np.where(index < count // 2, up, down).astype(np.float32)


def crop_prompts(
    boxes: Sequence[Sequence[int]], layers: Sequence[int], target: int, counts: Sequence[int], dtype: str
) -> dict[str, Array]:
    """A grid of points in each crop, in pixels of the crop with its longer side resized.

    Returns:
        `boxes` float32 (crops, 4), `points` (1, points, crops, 2) and `labels` int64 (1, points, crops), all 1.

    Raises:
        ValueError: crops of other numbers of points, which no array holds, or of none.
    """
    if min(counts) < 1:
        raise ValueError(f"a grid has at least one point a side; the layers have {', '.join(map(str, counts))}")
    if len(set(counts)) > 1:
        raise ValueError(
            f"layers of {', '.join(map(str, counts))} points a side make no one array; leave "
            "crop_n_points_downscale_factor at 1, or call for each layer's number alone"
        )
    grids = []
    for (left, top, right, bottom), layer in zip(boxes, layers, strict=True):
        height, width = bottom - top, right - left
        scale = target / max(height, width)
        ratios = [int(side * scale + 0.5) / side for side in (width, height)]
        points = point_grid(counts[layer], dtype) * np.array([width, height], dtype)
        grids.append(points * np.array(ratios, dtype))
    points = np.stack(grids).transpose(1, 0, 2)[None]
    return {
        "boxes": np.array(boxes, np.float32),
        "points": points,
        "labels": np.ones(points.shape[:-1], np.int64),
    }
