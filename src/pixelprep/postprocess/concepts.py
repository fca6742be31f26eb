"""What a model finds of a concept in words (SAM 3): boxes, masks, and one map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..image_processing_outputs import BatchFeature
from ._arrays import Array, image_sizes, like, namespace, output, sigmoid, sizes_or_none
from ._resizing import resize_planes, resized_in_parts


def concept_maps(
    outputs: Any, target_sizes: Any = None, threshold: float = 0.5, return_segmentation_scores: bool = False
) -> list[Any]:
    """Where a concept is: int64 maps (height, width) of 0 and 1.

    Args:
        outputs: with `semantic_seg` (B, 1, H, W), logits.
        target_sizes: (height, width) of each image, to which probabilities are resized (bilinear); None for (H, W).
        threshold: probability above which a pixel belongs to it, in 0..1.
        return_segmentation_scores: gives `segmentation`, and probabilities as `segmentation_scores` (1, height, width).

    Raises:
        ValueError: not one target size per image, or the model was run without that output.
    """
    probabilities = sigmoid(output(outputs, "semantic_seg"))
    xp, results = namespace(probabilities), []
    for planes, size in zip(probabilities, sizes_or_none(target_sizes, probabilities.shape[0]), strict=True):
        scores = resize_planes(planes, size, planes.shape[0])
        segmentation = xp.astype(scores[0] > threshold, xp.int64)
        entry = BatchFeature({"segmentation": segmentation, "segmentation_scores": scores})
        results.append(entry if return_segmentation_scores else segmentation)
    return results


def concept_boxes(outputs: Any, threshold: float = 0.3, target_sizes: Any = None) -> list[dict[str, Array]]:
    """Boxes of a concept.

    Args:
        outputs: with `pred_logits` (B, queries), `pred_boxes` (B, queries, 4), corners in 0..1, and perhaps
            `presence_logits` (B, 1), whose probability multiplies all scores.
        threshold: keeps boxes of a larger score, in 0..1.
        target_sizes: (height, width) of each image; None leaves boxes in 0..1.

    Returns:
        for each image `scores` (n,) and `boxes` (n, 4), corners in pixels.

    Raises:
        ValueError: not one target size per image.
    """
    scores, boxes = _scores(outputs), _boxes(outputs, target_sizes)
    keeps = scores > threshold
    return [{"scores": scores[i][keep], "boxes": boxes[i][keep]} for i, keep in enumerate(keeps)]


def concept_instances(
    outputs: Any, threshold: float = 0.3, mask_threshold: float = 0.5, target_sizes: Any = None
) -> list[dict[str, Array]]:
    """Boxes and masks of a concept, as `concept_boxes` with `pred_masks` (B, queries, H, W), logits.

    Args:
        outputs, threshold, target_sizes: as there; masks are resized (bilinear), those that are kept only.
        mask_threshold: probability above which a pixel belongs to a mask, in 0..1.

    Returns:
        for each image `scores`, `boxes` and `masks`, int64 (n, height, width) of 0 and 1, of the image's size even if
        there are none.
    """
    masks = output(outputs, "pred_masks")
    scores, boxes = _scores(outputs), _boxes(outputs, target_sizes)
    xp, results = namespace(masks), []
    for i, size in enumerate(sizes_or_none(target_sizes, masks.shape[0])):
        keep = scores[i] > threshold
        parts = [part > mask_threshold for _, part in resized_in_parts(sigmoid(masks[i][keep]), size)]
        empty = like(np.zeros((0, *(size or masks.shape[-2:]))), masks, xp.bool)
        shown = xp.astype(xp.concat([empty, *parts]), xp.int64)
        results.append({"scores": scores[i][keep], "boxes": boxes[i][keep], "masks": shown})
    return results


def _scores(outputs: Any) -> Array:
    """The probability of each query, (B, queries)."""
    scores = sigmoid(output(outputs, "pred_logits"))
    name = "presence_logits"
    presence = outputs.get(name) if isinstance(outputs, Mapping) else getattr(outputs, name, None)
    return scores if presence is None else scores * sigmoid(output(outputs, name))


def _boxes(outputs: Any, target_sizes: Any) -> Array:
    boxes = output(outputs, "pred_boxes")
    if target_sizes is None:
        return boxes
    sizes = image_sizes(target_sizes, boxes.shape[0])
    scales = [[width, height, width, height] for height, width in sizes]
    return boxes * like(np.array(scales, np.float32), boxes, boxes.dtype)[:, None, :]
