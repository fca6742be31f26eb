"""Regions of documents in reading order (PP-DocLayout V2 to V4), with polygons or quadrilaterals around them.

Thresholds are scores, in 0..1. One region can come under several labels, with one rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.extras import required
from ._arrays import Array, image_sizes, like, namespace, output, sigmoid, to_numpy
from .detection import best_pairs, corners, scale_boxes
from .reading_order import reading_order

SHARP = 1.0  # degrees around the angle at which a corner is moved outwards
SMOOTH = 0.004  # of a contour's length: how far a polygon may leave it
STRIDE = 4  # pixels of the model's input to one of its masks


def layout_detection(
    outputs: Any, threshold: float = 0.5, target_sizes: Any = None, polygons_of: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """Regions of PP-DocLayout V2 and V3 in reading order.

    Args:
        outputs: with `logits` (B, queries, classes), `pred_boxes` (B, queries, 4), centre boxes in 0..1, `order_logits`
            (B, queries, queries), and for polygons `out_masks` (B, queries, h, w).
        threshold: keeps pairs of a region and a class of this score or a larger one, in 0..1; also from which
            probability a pixel belongs to a mask.
        target_sizes: (height, width) of each image, in any form that `object_detection` takes; None leaves boxes in
            0..1.
        polygons_of: (height, width) of the model's input; adds polygons, which need `target_sizes` and OpenCV.

    Returns:
        for each image `scores`, `labels` and `order_seq` (k,), `boxes` (k, 4), corners, and for polygons
        `polygon_points`, an array (points, 2) of (x, y) for each.

    Raises:
        ValueError: not one target size per image, or none with polygons. ImportError: OpenCV is missing.
    """
    xp = namespace(output(outputs, "logits"))
    scores, labels, queries = best_pairs(output(outputs, "logits"))
    if polygons_of is not None and target_sizes is None:
        raise ValueError("polygons are in pixels of the images: pass target_sizes, one (height, width) per image")
    boxes = scale_boxes(corners(output(outputs, "pred_boxes")), target_sizes)
    ranks = _ranks(output(outputs, "order_logits"))
    results = []
    for i, keep in enumerate(scores >= threshold):
        kept = queries[i][keep]
        order = xp.argsort(ranks[i][kept])
        kept = kept[order]
        result = {"scores": scores[i][keep][order], "labels": labels[i][keep][order], "boxes": boxes[i][kept]}
        if polygons_of is not None:
            masks = to_numpy(sigmoid(output(outputs, "out_masks")[i][kept]) > threshold)
            sizes = image_sizes(target_sizes, scores.shape[0])[i]
            scales = [model / STRIDE / image for model, image in zip(polygons_of, sizes, strict=True)]
            result["polygon_points"] = [
                _polygon(*pair, scales) for pair in zip(to_numpy(result["boxes"]), masks, strict=True)
            ]
        results.append({**result, "order_seq": ranks[i][kept]})
    return results


def _ranks(order_logits: Array) -> Array:
    """The place of each query in reading order, from the votes of each pair: (B, queries), int64."""
    xp = namespace(order_logits)
    before = sigmoid(order_logits)
    after = 1.0 - xp.permute_dims(before, (0, 2, 1))
    votes = xp.sum(xp.triu(before, k=1), axis=1) + xp.sum(xp.tril(after, k=-1), axis=1)
    return xp.argsort(xp.argsort(votes, axis=1), axis=1)


def _polygon(box: np.ndarray[Any, Any], mask: np.ndarray[Any, Any], scales: Sequence[float]) -> np.ndarray[Any, Any]:
    """The outline of a mask in its box, (points, 2); the box itself where that has fewer than four points.

    Args:
        box: corners in pixels of the image. mask: (h, w), of the whole image. scales: from the image to the mask.
    """
    x0, y0, x1, y1 = (int(side) for side in box.astype(np.int32))
    corners_of_box = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    rows, columns = (
        [round(side * scale) for side in pair] for pair, scale in zip([(y0, y1), (x0, x1)], scales, strict=True)
    )
    top, bottom = np.clip(rows, 0, mask.shape[0])
    left, right = np.clip(columns, 0, mask.shape[1])
    part = mask[top:bottom, left:right]
    if x1 <= x0 or y1 <= y0 or not part.any():
        return corners_of_box
    cv2 = required("cv2", "a polygon around a mask")
    part = cv2.resize(part.astype(np.uint8), (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return corners_of_box
    largest = max(contours, key=cv2.contourArea)
    outline = cv2.approxPolyDP(largest, SMOOTH * cv2.arcLength(largest, True), True)
    vertices = convex_vertices(np.atleast_2d(outline.squeeze()))
    return corners_of_box if len(vertices) < 4 else np.asarray(vertices) + np.array([x0, y0], np.int32)


def convex_vertices(polygon: Any, sharp_angle_thresh: float = 45) -> list[tuple[Any, ...]]:
    """The vertices of a polygon (n, 2) that are no dents; those of about a given angle are moved outwards.

    Args:
        polygon: points (x, y), y downwards, counter-clockwise as seen.
        sharp_angle_thresh: degrees; a vertex within one degree of it moves along its bisector by the mean length of its
            edges.
    """
    points = np.asarray(polygon)
    vertices = []
    for index, point in enumerate(points):
        first, second = points[index - 1] - point, points[(index + 1) % len(points)] - point
        if first[1] * second[0] - first[0] * second[1] >= 0:
            continue
        lengths = np.linalg.norm(first), np.linalg.norm(second)
        angle = np.degrees(np.arccos(np.clip((first @ second) / (lengths[0] * lengths[1]), -1.0, 1.0)))
        if abs(angle - sharp_angle_thresh) < SHARP:
            bisector = first / lengths[0] + second / lengths[1]
            point = point + bisector / np.linalg.norm(bisector) * ((lengths[0] + lengths[1]) / 2)
        vertices.append(tuple(point))
    return vertices


def quadrilateral_detection(outputs: Any, threshold: float = 0.5, target_sizes: Any = None) -> list[dict[str, Array]]:
    """Regions of PP-DocLayout V4, quadrilaterals in reading order.

    Args:
        outputs: with `logits` (B, queries, classes), `pred_boxes` (B, queries, 10), a centre and the offsets of four
            corners, shifted by 0.5; `relative_order_logits` and `successor_order_logits` (B, queries, queries).
        threshold: keeps pairs of a region and a class of this score or a larger one, in 0..1.
        target_sizes: (height, width) of each image, in any form that `object_detection` takes.

    Returns:
        for each image `scores`, `labels` and `order_seq` (k,), `boxes` (k, 4), corners of the box around
        `polygon_points` (k, 4, 2), (x, y) from the top left on, clockwise.

    Raises:
        ValueError: not one target size per image, or boxes of other than ten numbers.
    """
    logits, boxes = output(outputs, "logits"), output(outputs, "pred_boxes")
    xp = namespace(logits)
    if target_sizes is None:
        raise ValueError("quadrilaterals are in pixels of the images: pass target_sizes, one (height, width) per image")
    if boxes.shape[-1] != 10:
        raise ValueError(f"pred_boxes must have 10 numbers, a centre and four corners, not {boxes.shape[-1]}")
    sizes = [(width, height) for height, width in image_sizes(target_sizes, logits.shape[0])]
    offsets = xp.reshape(boxes[..., 2:], (*boxes.shape[:-1], 4, 2)) - 0.5
    points = (boxes[..., None, :2] + offsets) * like(sizes, boxes, boxes.dtype)[:, None, None, :]
    scores, labels, queries = best_pairs(logits)
    relative, successor = output(outputs, "relative_order_logits"), output(outputs, "successor_order_logits")
    results = []
    for i, keep in enumerate(scores >= threshold):
        distinct, places = np.unique(to_numpy(queries[i][keep]), return_inverse=True)
        pairs = np.ix_(distinct, distinct)
        ranks = reading_order(to_numpy(relative[i])[pairs], to_numpy(successor[i])[pairs])
        order_seq = like(ranks[places], queries, xp.int64)
        order = xp.argsort(order_seq)
        polygons = points[i][queries[i][keep]][order]
        results.append(
            {
                "scores": scores[i][keep][order],
                "labels": labels[i][keep][order],
                "boxes": xp.concat([xp.min(polygons, axis=-2), xp.max(polygons, axis=-2)], axis=-1),
                "polygon_points": polygons,
                "order_seq": order_seq[order],
            }
        )
    return results
