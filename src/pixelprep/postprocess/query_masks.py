"""Segments of models that answer yes or no for each class of a query (RF-DETR)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import Array, like, namespace, output, resize_bilinear, sizes_or_none
from .detection import best_pairs
from .run_lengths import segment_run_lengths


def query_class_segmentation(
    outputs: Any,
    threshold: float = 0.5,
    mask_threshold: float = 0.0,
    target_sizes: Any = None,
    return_coco_annotation: bool | str = False,
    return_binary_maps: bool = False,
    top_k: int | None = None,
) -> list[dict[str, Any]]:
    """Segments of the best pairs of a query and a class; where they overlap, the better one has the pixel.

    Args:
        outputs: with `logits` (B, queries, classes) and `pred_masks` (B, queries, H, W), logits.
        threshold: keeps pairs of a larger score, in 0..1.
        mask_threshold: pixels of a larger mask logit belong to a segment; a logit, not a probability.
        target_sizes: (height, width) of each image, to which masks are resized (bilinear); None for (H, W).
        return_coco_annotation: `segmentation` is one run-length encoding per segment, as COCO's library reads it; with
            "reference" the reference's form, see `run_lengths.run_length_encode`.
        return_binary_maps: `segmentation` is bool (segments, height, width), overlaps kept.
        top_k: how many pairs are looked at; None for as many as queries.

    Returns:
        for each image `segmentation`, an int32 map of segment ids from 1, -1 for none, and `segments_info`, a list of
        `id`, `label_id` and `score`, rounded to six digits.

    Raises:
        ValueError: not one target size per image, or both forms asked for.
    """
    if return_coco_annotation and return_binary_maps:
        raise ValueError("return_coco_annotation and return_binary_maps are two forms of one result; ask for one")
    masks = output(outputs, "pred_masks")
    scores, labels, queries = best_pairs(output(outputs, "logits"), top_k)
    results = []
    for i, size in enumerate(sizes_or_none(target_sizes, masks.shape[0])):
        keep = scores[i] > threshold
        height, width = size or (int(masks.shape[-2]), int(masks.shape[-1]))
        results.append(
            _paint(
                masks[i],
                queries[i][keep],
                scores[i][keep],
                labels[i][keep],
                mask_threshold,
                (height, width),
                return_binary_maps,
            )
        )
        if return_coco_annotation:
            ids = [segment["id"] for segment in results[-1]["segments_info"]]
            results[-1]["segmentation"] = segment_run_lengths(results[-1]["segmentation"], ids, return_coco_annotation)
    return results


def _paint(
    masks: Array,
    queries: Array,
    scores: Array,
    labels: Array,
    mask_threshold: float,
    size: tuple[int, int],
    overlapping: bool,
) -> dict[str, Any]:
    """One image's segments, mask after mask: no more than one is upsampled at a time."""
    xp = namespace(masks)
    segmentation = like(np.full(size, -1, np.int32), masks, xp.int32)
    segments: list[dict[str, Any]] = []
    maps = []
    for query, score, label in zip(queries, scores, labels, strict=True):
        mask = resize_bilinear(masks[int(query)][None], size)[0] > mask_threshold
        claimed = mask if overlapping else mask & (segmentation == -1)
        if not bool(xp.any(claimed)):
            continue
        segments.append({"id": len(segments) + 1, "label_id": int(label), "score": round(float(score), 6)})
        if overlapping:
            maps.append(mask)
        else:
            segmentation = xp.where(claimed, like(len(segments), masks, xp.int32), segmentation)
    if overlapping:
        segmentation = xp.stack(maps) if maps else like(np.zeros((0, *size), np.bool_), masks, xp.bool)
    return {"segmentation": segmentation, "segments_info": segments}
