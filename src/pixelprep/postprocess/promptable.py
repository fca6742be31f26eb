"""Masks of models that are asked with points and boxes (SAM): back to the original image, filtered, as run lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._arrays import Array, is_torch, like, namespace, sizes_or_none, to_numpy
from ._resizing import MOST_BYTES, resize_planes
from .components import without_small_parts

Size = tuple[int, int]


def masks_of_images(
    masks: Any,
    original_sizes: Any,
    seen_sizes: Any = None,
    canvas: Size | None = None,
    mask_threshold: float = 0.0,
    binarize: bool = True,
    max_hole_area: float = 0.0,
    max_sprinkle_area: float = 0.0,
    apply_non_overlapping_constraints: bool = False,
) -> list[Array]:
    """Mask logits at the size of the original images.

    Args:
        masks: logits of each image, (objects, masks, h, w), in a list or as one array.
        original_sizes: (height, width) of each image.
        seen_sizes: (height, width) of each image on the canvas, if it was padded.
        canvas: (height, width) that padded images have.
        mask_threshold: a logit, not a probability: 0.0 is a probability of a half.
        binarize: gives bool masks of what is above the threshold, else the logits, float32.
        max_hole_area, max_sprinkle_area: parts of the background or of a mask of at most so many pixels of the given
            logits are filled or removed; 0 leaves all.
        apply_non_overlapping_constraints: objects share no pixel: the largest logit has it.

    Returns:
        for each image (objects, masks, height, width). Without that constraint, no more than `_resizing.MOST_BYTES` of
        logits are resized at a time, so that bool masks need a byte a pixel and little more.

    Raises:
        TypeError: masks are no arrays. ValueError: not one size per image.
    """
    listed = list(masks)
    sizes = sizes_or_none(original_sizes, len(listed))
    seen = sizes_or_none(seen_sizes, len(listed))
    results = []
    for index, (logits, size, cut) in enumerate(zip(listed, sizes, seen, strict=True)):
        if not hasattr(logits, "shape") or len(logits.shape) < 3:
            raise TypeError(f"masks[{index}] must be an array (objects, masks, h, w); got {type(logits).__name__}")
        xp = namespace(logits)
        logits = xp.astype(logits, xp.float32) if logits.dtype.itemsize == 2 else logits
        if max_hole_area > 0 or max_sprinkle_area > 0:
            logits = _smoothed(logits, mask_threshold, max_hole_area, max_sprinkle_area)
        limit = mask_threshold if binarize and not apply_non_overlapping_constraints else None
        resized = _resized(logits, size or logits.shape[-2:], cut, canvas, limit)
        if apply_non_overlapping_constraints:
            resized = _apart(resized)
            resized = resized > mask_threshold if binarize else resized
        results.append(resized)
    return results


def _resized(logits: Array, size: Size, cut: Size | None, canvas: Size | None, threshold: float | None) -> Array:
    """Planes of (..., h, w) by way of a canvas and a cut of it, a few at a time; bool with a threshold."""
    xp = namespace(logits)
    lead, together = logits.shape[:-2], logits.shape[-3]
    flat = logits.reshape(-1, *logits.shape[-2:])
    largest = max(size[0] * size[1], 0 if canvas is None else canvas[0] * canvas[1])
    step = max(MOST_BYTES // (largest * flat.dtype.itemsize) // 3 * 3, 3)
    parts = []
    for start in range(0, flat.shape[0], step):
        part = flat[start : start + step]
        if canvas is not None and cut is not None:
            part = resize_planes(part, canvas, together)[:, : cut[0], : cut[1]]
        part = resize_planes(part, (int(size[0]), int(size[1])), together)
        parts.append(part if threshold is None else part > threshold)
    if not parts:
        kind = xp.float32 if threshold is None else xp.bool
        return like(np.zeros((*lead, *size)), logits, kind)
    return xp.concat(parts).reshape(*lead, *size)


def _smoothed(logits: Array, threshold: float, hole: float, sprinkle: float) -> Array:
    planes = to_numpy(logits).reshape(-1, *logits.shape[-2:])
    changed = np.array([without_small_parts(plane, threshold, hole, sprinkle) for plane in planes])
    return like(changed.reshape(logits.shape), logits, logits.dtype)


def _apart(logits: Array) -> Array:
    """Logits (objects, masks, H, W) that are at most -10 for all objects but the best of each pixel."""
    xp = namespace(logits)
    if logits.shape[0] <= 1:
        return logits
    best = xp.argmax(logits, axis=0)
    order = like(np.arange(logits.shape[0]), logits, xp.int64)[:, None, None, None]
    return xp.where(best[None] == order, logits, xp.clip(logits, max=-10.0))


def filter_masks(
    masks: Array,
    iou_scores: Array,
    original_size: Sequence[int],
    cropped_box_image: Sequence[float],
    pred_iou_thresh: float = 0.88,
    stability_score_thresh: float = 0.95,
    mask_threshold: float = 0,
    stability_score_offset: float = 1,
) -> tuple[list[dict[str, Any]], Array, Array]:
    """The masks of a crop that are sure, steady, and not cut off by it.

    Args:
        masks: logits (batch, masks, h, w) at the crop's size. iou_scores: (batch, masks), in 0..1.
        original_size: (height, width) of the whole image.
        cropped_box_image: the crop, (x0, y0, x1, y1) in pixels of the whole image.
        pred_iou_thresh: keeps masks of a larger score; 0 keeps all.
        stability_score_thresh: keeps masks whose area changes little when the threshold moves by
            `stability_score_offset` up and down: the smaller must be a larger share of the larger; 0 keeps all.
        mask_threshold: a logit. stability_score_offset: a logit.

    Returns:
        run lengths (`mask_to_rle`) of masks of the whole image, scores (n,), and corner boxes int64 (n, 4) in pixels of
        the whole image, the last pixel included.

    Raises:
        ValueError: other numbers of masks than of scores.
    """
    xp = namespace(masks)
    masks, scores = masks.reshape(-1, *masks.shape[-2:]), iou_scores.reshape(-1)
    if masks.shape[0] != scores.shape[0]:
        raise ValueError(f"there are {masks.shape[0]} masks and {scores.shape[0]} scores; each mask has one")
    if is_torch(masks):
        scores = scores.to(masks.device)
    keep = scores > pred_iou_thresh if pred_iou_thresh > 0 else scores == scores
    masks, scores = masks[keep], scores[keep]
    if stability_score_thresh > 0:
        small, large = (
            xp.astype(xp.sum(masks > mask_threshold + sign * stability_score_offset, axis=(1, 2)), xp.float32)
            for sign in (1, -1)
        )
        steady = xp.where(large > 0, small / xp.clip(large, min=1), 0) > stability_score_thresh
        masks, scores = masks[steady], scores[steady]
    inside = masks > mask_threshold
    boxes = mask_boxes(to_numpy(inside))
    height, width = (int(side) for side in original_size)
    left, top, right, bottom = (int(side) for side in cropped_box_image)
    boxes = boxes + np.array([left, top, left, top])
    near = np.abs(boxes - np.array([left, top, right, bottom])) <= 20
    near &= np.abs(boxes - np.array([0, 0, width, height])) > 20
    whole = np.flatnonzero(~near.any(axis=1))
    planes = np.zeros((len(whole), height, width), np.bool_)
    planes[:, top:bottom, left:right] = to_numpy(inside)[whole]
    kept = like(whole, scores, xp.int64)
    return mask_to_rle(planes), scores[kept], like(boxes[whole], masks, xp.int64)


def mask_boxes(masks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Corner boxes (x0, y0, x1, y1) of bool masks (n, H, W), the last pixel included, int64; zeros for an empty one."""
    height, width = masks.shape[1:]
    rows: np.ndarray[Any, Any] = np.any(masks, axis=2)
    columns: np.ndarray[Any, Any] = np.any(masks, axis=1)
    boxes = [
        columns.argmax(axis=1),
        rows.argmax(axis=1),
        width - 1 - columns[:, ::-1].argmax(axis=1),
        height - 1 - rows[:, ::-1].argmax(axis=1),
    ]
    found: np.ndarray[Any, Any] = np.any(rows, axis=1)
    corners: np.ndarray[Any, Any] = np.stack(boxes, axis=1).astype(np.int64)
    corners[~found] = 0
    return corners


def mask_to_rle(masks: Array) -> list[dict[str, Any]]:
    """Bool masks (n, H, W) as `{"size": [H, W], "counts": [...]}`: lengths column by column, first of what is not it.

    `pycocotools.mask.frPyObjects(rle, H, W)` reads it.
    """
    encoded = []
    for mask in to_numpy(masks):
        pixels = np.asarray(mask, np.bool_).ravel(order="F")
        edges = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
        counts = np.diff(edges, prepend=0, append=len(pixels)).tolist()
        encoded.append({"size": list(mask.shape), "counts": [0, *counts] if len(pixels) and pixels[0] else counts})
    return encoded


def rle_to_mask(rle: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The bool mask (H, W) that `mask_to_rle` has encoded."""
    height, width = rle["size"]
    pixels = np.repeat(np.arange(len(rle["counts"])) % 2 == 1, rle["counts"])
    return pixels.reshape(width, height).T


def distinct_masks(
    rles: Sequence[dict[str, Any]], scores: Array, boxes: Array, threshold: float
) -> tuple[list[Array], Array, list[dict[str, Any]], Array]:
    """Masks of all crops without doubles: of boxes that overlap, the best score is kept.

    Args:
        rles: as `mask_to_rle` gives them. scores: (n,). boxes: (n, 4), corners.
        threshold: intersection over union above which boxes count as one, in 0..1.

    Returns:
        bool masks (H, W), scores, run lengths and boxes, best first.
    """
    keep = _suppress(to_numpy(boxes).astype(np.float32), to_numpy(scores), threshold)
    xp = namespace(scores)
    index = like(keep, scores, xp.int64)
    chosen = [rles[place] for place in keep]
    masks = [like(rle_to_mask(rle), scores, xp.bool) for rle in chosen]
    return masks, scores[index], chosen, boxes[like(keep, boxes, namespace(boxes).int64)]


def _suppress(boxes: np.ndarray[Any, Any], scores: np.ndarray[Any, Any], threshold: float) -> list[int]:
    """Indices of the boxes that no better one overlaps too much, best first, in single precision."""
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    keep = []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(int(best))
        low, high = np.maximum(boxes[best, :2], boxes[order, :2]), np.minimum(boxes[best, 2:], boxes[order, 2:])
        sides = np.maximum(high - low, np.float32(0))
        shared = sides[:, 0] * sides[:, 1]
        with np.errstate(invalid="ignore"):
            order = order[~((shared / (areas[best] + areas[order] - shared)).astype(np.float64) > threshold)]
    return keep
