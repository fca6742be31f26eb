"""Boxes from the outputs of detection models.

Thresholds are scores, in 0..1. Boxes come out as corners `(x0, y0, x1, y1)`, in pixels of the size that `target_sizes`
gives for each image, in 0..1 where it is None. Sizes are `(height, width)`; the surest way to give them is to give the
images themselves, `target_sizes=images`.

Models see padded batches as one canvas, and predict boxes relative to it. With `pixel_mask`, the mask that went into
the model, boxes come out relative to each image: labels that were made for training and fed back as predictions return
to where they were. Without it, as in the reference, they do so only for images that were not padded.
"""

from __future__ import annotations

from typing import Any

from ._arrays import Array, image_sizes, largest, like, namespace, output, sigmoid, softmax, to_numpy, top
from .padding import mask_sizes

Detections = list[dict[str, Array]]


def object_detection(
    outputs: Any,
    threshold: float = 0.5,
    target_sizes: Any = None,
    pixel_mask: Array | None = None,
    no_object: bool = True,
) -> Detections:
    """Boxes of models that choose one class for each (DETR, Carion et al. 2020; YOLOS).

    Args:
        outputs: with `logits` (B, queries, classes + 1) and `pred_boxes` (B, queries, 4), centre boxes in 0..1.
        threshold: keeps boxes of a larger score, in 0..1.
        target_sizes, pixel_mask: as `select_boxes` takes them.
        no_object: the last class means that there is none.

    Returns:
        as `select_boxes`.
    """
    probabilities = softmax(output(outputs, "logits"))
    scores, labels = largest(probabilities[..., :-1] if no_object else probabilities)
    return select_boxes(scores, labels, output(outputs, "pred_boxes"), threshold, target_sizes, pixel_mask)


def query_class_detection(
    outputs: Any,
    threshold: float = 0.5,
    target_sizes: Any = None,
    top_k: int | None = None,
    pixel_mask: Array | None = None,
) -> Detections:
    """Boxes of models that answer yes or no for each class (Deformable DETR, RT-DETR, ...), best first.

    The best pairs of a query and a class are taken, so that one box can come under several labels.

    Args:
        outputs: with `logits` (B, queries, classes) and `pred_boxes` (B, queries, 4), centre boxes in 0..1.
        threshold: keeps pairs of a larger score, in 0..1.
        target_sizes, pixel_mask: as `select_boxes` takes them.
        top_k: how many pairs are looked at; None for as many as queries.

    Returns:
        as `select_boxes`.
    """
    scores, labels, queries = best_pairs(output(outputs, "logits"), top_k)
    boxes = output(outputs, "pred_boxes")
    return select_boxes(scores, labels, boxes, threshold, target_sizes, pixel_mask, rows=queries)


def open_vocabulary_detection(
    outputs: Any,
    threshold: float = 0.1,
    target_sizes: Any = None,
    square: bool = False,
    pixel_mask: Array | None = None,
) -> Detections:
    """Boxes of models that compare image regions with texts (Grounding DINO, OWL-ViT): the best text for each box.

    Args:
        outputs: with `logits` (B, queries, texts) and `pred_boxes` (B, queries, 4), centre boxes in 0..1.
        threshold: keeps boxes of a larger score, the sigmoid of the largest logit, in 0..1.
        target_sizes, pixel_mask: as `select_boxes` takes them.
        square: images were padded to squares before they were resized (OWLv2), and boxes are relative to these.

    Returns:
        as `select_boxes`; labels are positions of texts.
    """
    scores, labels = largest(output(outputs, "logits"))
    boxes = output(outputs, "pred_boxes")
    return select_boxes(sigmoid(scores), labels, boxes, threshold, target_sizes, pixel_mask, square)


def image_guided_detection(
    outputs: Any,
    threshold: float = 0.0,
    nms_threshold: float = 0.3,
    target_sizes: Any = None,
    square: bool = False,
) -> list[dict[str, Any]]:
    """Boxes that look like a query image (OWL-ViT, Minderer et al. 2022).

    Scores are stretched: the best box of an image has about 1.0 whatever was searched and found, so they compare within
    an image and say nothing of whether there is a hit. The sigmoid of `outputs.logits` does.

    Args:
        outputs: with `logits` (B, queries, 1) and `target_pred_boxes` (B, queries, 4), centre boxes in 0..1.
        threshold: boxes of a smaller score, before it is stretched, are dropped; in 0..1.
        nms_threshold: boxes that overlap a better one by a larger intersection over union are dropped; in 0..1.
        target_sizes, square: as `open_vocabulary_detection` takes them.

    Returns:
        for each image `scores` (k,), `labels` None and `boxes` (k, 4), corners.
    """
    scores, _ = largest(output(outputs, "logits"))
    scores, boxes = sigmoid(scores), corners(output(outputs, "target_pred_boxes"))
    xp = namespace(scores)
    scaled = boxes if target_sizes is None else boxes * _scales(target_sizes, boxes, None, square)[:, None, :]
    results = []
    for i in range(scores.shape[0]):
        kept = scores[i] if nms_threshold >= 1 else suppress_overlaps(scores[i], boxes[i], nms_threshold)
        kept = xp.where(kept < threshold, xp.zeros_like(kept), kept)
        best = xp.max(kept) + 1e-6
        # From a tenth of the best score, which becomes 0, to the best one, which becomes 1.
        stretched = xp.clip((kept - best * 0.1) / (best * 0.9), 0.0, 1.0)
        shown = stretched > 0
        results.append({"scores": stretched[shown], "labels": None, "boxes": scaled[i][shown]})
    return results


def suppress_overlaps(scores: Array, boxes: Array, threshold: float) -> Array:
    """Scores (n,) where those of corner boxes (n, 4) that overlap a better one by more than a threshold are 0."""
    xp = namespace(scores)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = to_numpy(scores) != 0
    for i in to_numpy(xp.argsort(-scores)):
        if not alive[i]:
            continue
        shared = xp.clip(
            xp.minimum(boxes[i, 2:], boxes[:, 2:]) - xp.maximum(boxes[i, :2], boxes[:, :2]), min=0, max=None
        )
        shared = shared[:, 0] * shared[:, 1]
        overlaps = to_numpy(shared / (areas[i] + areas - shared)) > threshold
        overlaps[i] = False
        alive[overlaps] = False
    return xp.where(like(alive, scores, xp.bool), scores, xp.zeros_like(scores))


def best_pairs(logits: Array, top_k: int | None = None) -> tuple[Array, Array, Array]:
    """The best pairs of a query and a class of logits (B, queries, classes), best first.

    Returns:
        scores in 0..1, classes and queries: each (B, min(top_k, queries * classes)); None takes as many as queries.
    """
    xp = namespace(logits)
    batch, queries, classes = logits.shape
    scores, pairs = top(xp.reshape(sigmoid(logits), (batch, -1)), queries if top_k is None else top_k)
    return scores, pairs % classes, pairs // classes


def corners(boxes: Array) -> Array:
    """Centre boxes (x, y, width, height) as corners (x0, y0, x1, y1)."""
    x, y, width, height = (boxes[..., axis] for axis in range(4))
    return namespace(boxes).stack([x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height], axis=-1)


def select_boxes(
    scores: Array,
    labels: Array,
    boxes: Array,
    threshold: float,
    target_sizes: Any = None,
    pixel_mask: Array | None = None,
    square: bool = False,
    rows: Array | None = None,
) -> Detections:
    """The boxes whose score is above the threshold, as corners.

    Args:
        scores: (B, n), in 0..1. labels: (B, n), int64.
        boxes: (B, n, 4), centre boxes (x, y, width, height) in 0..1.
        threshold: in 0..1.
        target_sizes: (height, width) of each image, as `_arrays.image_sizes` reads it; None leaves boxes in 0..1.
        pixel_mask: (B, H, W), 1 on the image and 0 on padding: boxes become relative to images, not to padded ones.
        square: boxes are relative to squares around the images.
        rows: (B, n), which box each score belongs to; None where they stand in one order, of any number of boxes.

    Returns:
        for each image `scores` (k,), `labels` (k,) and `boxes` (k, 4), corners (x0, y0, x1, y1) in pixels.

    Raises:
        ValueError: not one target size, or not one mask, per image.
    """
    boxes = scale_boxes(corners(boxes), target_sizes, pixel_mask, square)
    xp, results = namespace(boxes), []
    for i, keep in enumerate(scores > threshold):
        kept = xp.nonzero(keep)[0]
        chosen = kept if rows is None else rows[i][kept]
        results.append({"scores": scores[i][kept], "labels": labels[i][kept], "boxes": boxes[i][chosen]})
    return results


def scale_boxes(boxes: Array, target_sizes: Any = None, pixel_mask: Array | None = None, square: bool = False) -> Array:
    """Corner boxes (B, n, 4) in 0..1 of what the model saw as pixels of images; see `select_boxes`."""
    if target_sizes is None and pixel_mask is None:
        return boxes
    return boxes * _scales(target_sizes, boxes, pixel_mask, square)[:, None, :]


def _scales(target_sizes: Any, boxes: Array, pixel_mask: Array | None, square: bool) -> Array:
    """(width, height, width, height) of what each image's boxes are relative to: (B, 4)."""
    batch_size = boxes.shape[0]
    sizes = [(1.0, 1.0)] * batch_size if target_sizes is None else image_sizes(target_sizes, batch_size)
    if square:
        sizes = [(max(size), max(size)) for size in sizes]
    if pixel_mask is not None:
        seen = mask_sizes(pixel_mask, batch_size)
        canvas = pixel_mask.shape[-2:]
        sizes = [
            (height * canvas[0] / rows, width * canvas[1] / columns)
            for (height, width), (rows, columns) in zip(sizes, seen, strict=True)
        ]
    return like([(width, height, width, height) for height, width in sizes], boxes, boxes.dtype)
