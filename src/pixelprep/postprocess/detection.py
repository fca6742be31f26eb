"""Boxes from the outputs of detection models."""

from __future__ import annotations

from typing import Any

from ._arrays import Array, check_sizes, like, namespace, output, softmax


def object_detection(outputs: Any, threshold: float = 0.5, target_sizes: Any = None) -> list[dict[str, Array]]:
    """Boxes of models with a "no object" class, the last one (DETR, Carion et al. 2020; YOLOS).

    Args:
        outputs: with `logits` (B, queries, classes + 1) and `pred_boxes` (B, queries, 4), centre boxes in 0..1.
        threshold: keeps boxes of a larger score, in 0..1.
        target_sizes: as `select_boxes` takes it.

    Returns:
        as `select_boxes`.
    """
    logits = output(outputs, "logits")
    xp = namespace(logits)
    probabilities = softmax(logits)[..., :-1]
    scores, labels = xp.max(probabilities, axis=-1), xp.argmax(probabilities, axis=-1)
    return select_boxes(scores, labels, output(outputs, "pred_boxes"), threshold, target_sizes)


def select_boxes(
    scores: Array, labels: Array, boxes: Array, threshold: float, target_sizes: Any = None
) -> list[dict[str, Array]]:
    """The boxes whose score is above the threshold, as corners.

    Args:
        scores: (B, n), in 0..1. labels: (B, n), int64.
        boxes: (B, n, 4), centre boxes (x, y, width, height) in 0..1.
        threshold: in 0..1.
        target_sizes: one (height, width) per image, a list or an array (B, 2); None leaves boxes in 0..1.

    Returns:
        for each image `scores` (k,), `labels` (k,) and `boxes` (k, 4), corners (x0, y0, x1, y1) in pixels.

    Raises:
        ValueError: not one target size per image.
    """
    xp = namespace(boxes)
    x, y, width, height = (boxes[..., axis] for axis in range(4))
    boxes = xp.stack([x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height], axis=-1)
    if target_sizes is not None:
        boxes = boxes * _scales(target_sizes, boxes)[:, None, :]
    keeps = scores > threshold
    return [
        {"scores": scores[i][keep], "labels": labels[i][keep], "boxes": boxes[i][keep]} for i, keep in enumerate(keeps)
    ]


def _scales(target_sizes: Any, boxes: Array) -> Array:
    """(width, height, width, height) of each image: (B, 4)."""
    xp = namespace(boxes)
    check_sizes(target_sizes, boxes.shape[0])
    if hasattr(target_sizes, "shape"):
        sizes = like(target_sizes, boxes, None)
        if not xp.isdtype(sizes.dtype, "real floating"):
            sizes = xp.astype(sizes, boxes.dtype)
    else:
        sizes = like([(float(height), float(width)) for height, width in target_sizes], boxes, xp.float32)
    return xp.stack([sizes[:, 1], sizes[:, 0], sizes[:, 1], sizes[:, 0]], axis=1)
