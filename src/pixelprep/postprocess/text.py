"""Text in pictures: where its lines stand, what they say, and the structure of tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.extras import required
from ._arrays import Array, image_sizes, is_torch, like, namespace, output, to_numpy

Points = np.ndarray[Any, Any]


def text_detection(
    outputs: Any,
    threshold: float = 0.3,
    target_sizes: Any = None,
    box_threshold: float = 0.6,
    max_candidates: int = 1000,
    min_size: float = 3,
    unclip_ratio: float = 1.5,
    *,
    reading_order: bool = False,
) -> list[dict[str, Array]]:
    """Quadrilaterals around lines of text (differentiable binarisation, arXiv:1911.08947).

    Args:
        outputs: with `last_hidden_state` (B, 1, H, W), the probability that a pixel is text.
        threshold: probability above which a pixel is text.
        target_sizes: one (height, width) per image, in any form: the pages' own sizes.
        box_threshold: least mean probability inside a quadrilateral.
        max_candidates: most pieces of text to look at in one image.
        min_size: least shorter side in pixels of the map; the result's is two more.
        unclip_ratio: how far quadrilaterals grow: their area over their perimeter, times this.
        reading_order: sort lines from the top to the bottom, those of one height from the left to the right. Else they
            come as OpenCV finds them, mostly from the bottom.

    Returns:
        For each image `boxes` (n, 4, 2), the corners `(x, y)` from the top left clockwise, int16, or int32 on pages of
        more than 32,767 pixels a side; `scores` float32 (n,); `labels` int64 (n,), all 0. A page without text gives
        empty arrays of these types and of three axes.

    Raises:
        ValueError: no sizes, or not one for each image. ImportError: OpenCV is missing.
    """
    if target_sizes is None:
        raise ValueError("text detection needs `target_sizes`: one (height, width) per image, that of the page")
    maps = output(outputs, "last_hidden_state")
    xp = namespace(maps)
    results = []
    for probabilities, (height, width) in zip(maps, image_sizes(target_sizes, len(maps)), strict=True):
        plane = _floats(probabilities[0])
        found = _text_boxes(plane, threshold, box_threshold, max_candidates, min_size, unclip_ratio)
        boxes = _on_page([box for box, _ in found], plane.shape, (height, width))
        scores = np.array([score for _, score in found], dtype=np.float32)
        if reading_order:
            order = sorted_lines(boxes)
            boxes, scores = boxes[order], scores[order]
        wide = max(height, width) > np.iinfo(np.int16).max
        results.append(
            {
                "boxes": like(boxes, maps, xp.int32 if wide else xp.int16),
                "scores": like(scores, maps, xp.float32),
                "labels": like(np.zeros(len(scores), dtype=np.int64), maps, xp.int64),
            }
        )
    return results


def sorted_lines(boxes: Any) -> list[int]:
    """Indices of quadrilaterals (n, 4, 2) in reading order: line after line, each from the left to the right.

    A quadrilateral is on the line of the one above it if its middle is not below that one's lower half.
    """
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4, 2)
    tops, bottoms, lefts = corners[..., 1].min(1), corners[..., 1].max(1), corners[..., 0].min(1)
    middles = (tops + bottoms) / 2
    lines: list[list[int]] = []
    for index in np.argsort(middles, kind="stable").tolist():
        first = lines[-1][0] if lines else None
        if first is not None and middles[index] <= (middles[first] + bottoms[first]) / 2:
            lines[-1].append(index)
        else:
            lines.append([index])
    return [index for line in lines for index in sorted(line, key=lambda index: (lefts[index], index))]


def _floats(array: Array) -> Points:
    """float32 on the CPU; torch's bfloat16 has no NumPy type."""
    return to_numpy(array.float() if is_torch(array) else array).astype(np.float32, copy=False)


def _text_boxes(
    plane: Points, threshold: float, box_threshold: float, max_candidates: int, min_size: float, ratio: float
) -> list[tuple[Points, float]]:
    """Quadrilaterals in pixels of the map, with their scores."""
    cv2 = required("cv2", "text detection")
    dark = ((plane > threshold) * 255).astype(np.uint8)
    contours = cv2.findContours(dark, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[-2]
    found = []
    for contour in contours[:max_candidates]:
        box, side = _least_rectangle(cv2, contour)
        if side < min_size or not side:
            continue
        score = _mean_inside(cv2, plane, box)
        if score < box_threshold:
            continue
        box, side = _least_rectangle(cv2, _grown(cv2, box, ratio)[:, np.newaxis])
        if side >= min_size + 2:
            found.append((box, score))
    return found


def _least_rectangle(cv2: Any, contour: Points) -> tuple[Points, float]:
    """The smallest rectangle around points, its corners from the top left clockwise, and its shorter side."""
    rectangle = cv2.minAreaRect(contour)
    points = sorted(cv2.boxPoints(rectangle), key=lambda point: point[0])
    left, right = ((b, a) if b[1] <= a[1] else (a, b) for a, b in (points[:2], points[2:]))
    return np.array([left[0], right[0], right[1], left[1]]), min(rectangle[1])


def _mean_inside(cv2: Any, plane: Points, box: Points) -> float:
    """The mean of a map over the pixels of a quadrilateral."""
    (left, top), (right, bottom) = (
        [max(0, min(whole(edge), side - 1)) for edge, side in zip(edges, plane.shape[::-1], strict=True)]
        for whole, edges in ((math.floor, box.min(0)), (math.ceil, box.max(0)))
    )
    mask = np.zeros((bottom - top + 1, right - left + 1), dtype=np.uint8)
    outline = (box - np.array([left, top], dtype=np.float32)).astype(np.int32)
    cv2.fillPoly(mask, outline[np.newaxis], 1)
    return float(cv2.mean(plane[top : bottom + 1, left : right + 1], mask)[0])


def _grown(cv2: Any, box: Points, ratio: float) -> Points:
    """A polygon whose edges have moved outwards by its area over its perimeter, times a ratio; corners meet again."""
    box = box.astype(np.float32)
    distance = cv2.contourArea(box) * ratio / cv2.arcLength(box, True)
    x, y = box.T
    edges = np.roll(box, -1, axis=0) - box
    along = edges / np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-6)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1)
    if not x @ np.roll(y, -1) - y @ np.roll(x, -1) > 0:
        outward = -outward
    moved = box + distance * outward
    before, moved_before = np.roll(along, 1, axis=0), np.roll(moved, 1, axis=0)
    turn = _cross(before, along)
    straight = np.abs(turn) < 1e-6
    steps = _cross(moved - moved_before, along) / np.where(straight, np.float32(1), turn)
    corners = moved_before + before * steps[:, np.newaxis]
    aside = box + 0.5 * distance * (np.roll(outward, 1, axis=0) + outward)
    return np.asarray(np.where(straight[:, np.newaxis], aside, corners), dtype=np.float32)


def _cross(first: Points, second: Points) -> Points:
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])


def _on_page(boxes: list[Points], shape: tuple[int, ...], page: tuple[float, float]) -> Points:
    """Corners in whole pixels of the page, from those of the map, cut off at its edges."""
    lengths = [np.float32(side) for side in page[::-1]]
    scales = [length / np.float32(side) for length, side in zip(lengths, shape[::-1], strict=True)]
    corners = np.array(boxes, dtype=np.float32).reshape(-1, 4, 2)
    whole = np.rint(corners * np.array(scales, dtype=np.float32))
    return np.clip(whole, 0, np.array(lengths, dtype=np.float32)).astype(np.int32)


def text_recognition(outputs: Any, character_list: Sequence[str]) -> list[dict[str, Any]]:
    """What lines of text say (connectionist temporal classification).

    Args:
        outputs: with `last_hidden_state` (B, positions, classes), probabilities; class 0 is nothing.
        character_list: what each class means.

    Returns:
        For each line its `text`, repeated classes once, and its `score`, the mean probability of the characters; a
        blank line has the text "" and the score 0.0.

    Raises:
        ValueError: the model knows more characters than the list has.
    """
    probabilities = output(outputs, "last_hidden_state")
    xp = namespace(probabilities)
    results = []
    for line, classes in zip(probabilities, xp.argmax(probabilities, axis=-1), strict=True):
        indices = to_numpy(classes)
        kept = indices != 0
        kept[1:] &= indices[1:] != indices[:-1]
        places = np.flatnonzero(kept)
        if len(places) and indices[places].max() >= len(character_list):
            raise ValueError(
                f"the model's character {int(indices[places].max())} is not in `character_list`, which has "
                f"{len(character_list)}: pass the checkpoint's list"
            )
        best = xp.max(line, axis=-1)[like(places, classes, xp.int64)]
        text = "".join(character_list[index] for index in indices[places])
        results.append({"text": text, "score": float(xp.mean(best)) if text or len(places) else 0.0})
    return results


_SPANS = [f' {name}="{count}"' for name in ("colspan", "rowspan") for count in range(2, 21)]
TABLE_TOKENS = (
    *("sos", "<thead>", "</thead>", "<tbody>", "</tbody>", "<tr>", "</tr>", "<td", ">", "</td>"),
    *(*_SPANS, "<td></td>", "eos"),
)
"""What each class of a table's structure means; the first and the last begin and end it."""


def table_recognition(outputs: Any) -> dict[str, Any] | list[dict[str, Any]]:
    """The structure of tables as HTML.

    Args:
        outputs: with `last_hidden_state` (B, positions, classes), probabilities of `TABLE_TOKENS`.

    Returns:
        `structure`, the tags in order from "<html>" on, and `structure_score`, the mean probability of those between
        "<table>" and "</table>", 0.0 if there are none; for several tables a list of such dictionaries. What the model
        says of the cells' places is not read.
    """
    probabilities = output(outputs, "last_hidden_state")
    xp = namespace(probabilities)
    last = len(TABLE_TOKENS) - 1
    tables = []
    for table, classes in zip(probabilities, xp.argmax(probabilities, axis=-1), strict=True):
        indices = to_numpy(classes).tolist()
        end = next((place for place, index in enumerate(indices) if place and index == last), len(indices))
        places = [place for place in range(end) if indices[place] not in (0, last)]
        tags = [TABLE_TOKENS[indices[place]] for place in places]
        best = xp.max(table, axis=-1)[like(places, classes, xp.int64)]
        tables.append(
            {
                "structure": ["<html>", "<body>", "<table>", *tags, "</table>", "</body>", "</html>"],
                "structure_score": float(xp.mean(best)) if places else 0.0,
            }
        )
    return tables[0] if len(tables) == 1 else tables
