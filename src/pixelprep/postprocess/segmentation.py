"""Label maps and segments from the outputs of segmentation models."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np

from ..image_processing_outputs import BatchFeature
from ._arrays import Array, like, namespace, output, resize_bilinear, sigmoid, sizes_or_none, softmax, to_numpy


def semantic_segmentation(
    scores: Array, target_sizes: Any = None, return_segmentation_scores: bool = False
) -> list[Array] | list[BatchFeature]:
    """The best class of each pixel.

    Args:
        scores: (B, classes, H, W): a model's logits, or what `query_segmentation_scores` returns.
        target_sizes: one (height, width) per image, to which scores are resized (bilinear) first; None for (H, W).
        return_segmentation_scores: returns the resized scores too.

    Returns:
        for each image an int64 map (height, width) of classes; or `segmentation`, that map, and `segmentation_scores`
        (classes, height, width).

    Raises:
        ValueError: not one target size per image.
    """
    xp = namespace(scores)
    resized = [
        item if size is None else resize_bilinear(item, size)
        for item, size in zip(scores, sizes_or_none(target_sizes, scores.shape[0]), strict=True)
    ]
    maps = [xp.argmax(item, axis=0) for item in resized]
    if not return_segmentation_scores:
        return maps
    return [
        BatchFeature({"segmentation": labels, "segmentation_scores": item})
        for labels, item in zip(maps, resized, strict=True)
    ]


def query_segmentation_scores(class_logits: Array, mask_logits: Array) -> Array:
    """Each class's score at each pixel, from models that predict a class and a mask per query (Cheng et al. 2021).

    Args:
        class_logits: (B, queries, classes + 1), the last class being "no object".
        mask_logits: (B, queries, H, W).

    Returns:
        (B, classes, H, W): the sum over queries of class probability times mask probability.
    """
    xp = namespace(class_logits)
    return xp.einsum("bqc,bqhw->bchw", softmax(class_logits)[..., :-1], sigmoid(mask_logits))


def instance_segmentation(
    outputs: Any,
    threshold: float = 0.5,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float = 0.8,
    target_sizes: Any = None,
    return_coco_annotation: bool | None = False,
) -> list[dict[str, Any]]:
    """`panoptic_segmentation` with no label fused; `return_coco_annotation` gives maps as `run_length_encode` does."""
    results = panoptic_segmentation(outputs, threshold, mask_threshold, overlap_mask_area_threshold, (), target_sizes)
    for result in results if return_coco_annotation else []:
        # Run lengths say what was found; where no query was good enough the map stays a map, as in the reference.
        if result["segmentation"].dtype == namespace(result["segmentation"]).int32:
            result["segmentation"] = run_length_encode(result["segmentation"])
    return results


def panoptic_segmentation(
    outputs: Any,
    threshold: float = 0.5,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float = 0.8,
    label_ids_to_fuse: Container[int] | None = None,
    target_sizes: Any = None,
) -> list[dict[str, Any]]:
    """Segments of models that predict a class and a mask per query (DETR, Carion et al. 2020).

    Args:
        outputs: with `logits` (B, queries, classes + 1), the last class being "no object", and `pred_masks`
            (B, queries, H, W), logits.
        threshold: queries of a larger score are taken, in 0..1.
        mask_threshold: the weighted probability from which a pixel counts to a mask, in 0..1.
        overlap_mask_area_threshold: the share of its mask that a segment must exceed after overlaps, in 0..1.
        label_ids_to_fuse: classes whose segments get one id, "stuff"; None fuses nothing.
        target_sizes: one (height, width) per image, to which masks are resized (bilinear); None for (H, W).

    Returns:
        for each image `segmentation` and `segments_info` as `compute_segments` returns them; with no query above the
        threshold a float map of -1, and no segments.

    Raises:
        ValueError: not one target size per image.
    """
    logits, masks = output(outputs, "logits"), output(outputs, "pred_masks")
    xp = namespace(logits)
    probabilities, mask_probabilities = softmax(logits), sigmoid(masks)
    scores, labels = xp.max(probabilities, axis=-1), xp.argmax(probabilities, axis=-1)
    keeps = (labels != logits.shape[-1] - 1) & (scores > threshold)

    results = []
    for i, size in enumerate(sizes_or_none(target_sizes, logits.shape[0])):
        if not xp.any(keeps[i]):
            segmentation = like(np.full(size or masks.shape[2:], -1), masks, xp.float32)
            results.append({"segmentation": segmentation, "segments_info": []})
            continue
        segmentation, segments = compute_segments(
            mask_probabilities[i][keeps[i]],
            scores[i][keeps[i]],
            labels[i][keeps[i]],
            mask_threshold,
            overlap_mask_area_threshold,
            label_ids_to_fuse or (),
            size,
        )
        results.append({"segmentation": segmentation, "segments_info": segments})
    return results


def compute_segments(
    mask_probabilities: Array,
    scores: Array,
    labels: Array,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float = 0.8,
    label_ids_to_fuse: Container[int] = (),
    target_size: tuple[int, int] | None = None,
) -> tuple[Array, list[dict[str, Any]]]:
    """Give each pixel to the query of the largest score times mask probability, and number the queries that hold.

    Args:
        mask_probabilities: (queries, H, W), in 0..1. scores: (queries,), in 0..1. labels: (queries,), int64.
        mask_threshold, overlap_mask_area_threshold, label_ids_to_fuse: as in `panoptic_segmentation`.
        target_size: (height, width) to which masks are resized first.

    Returns:
        an int32 map (height, width) of segment ids from 1, 0 for none; and per segment `id`, `label_id`, `was_fused`
        and `score`, rounded to six digits. After a fused segment the next id follows the one that it was fused into,
        so that ids can repeat, as they do in the reference.
    """
    xp = namespace(mask_probabilities)
    if target_size is not None:
        mask_probabilities = resize_bilinear(mask_probabilities, target_size)
    mask_probabilities = xp.astype(mask_probabilities * scores[:, None, None], mask_probabilities.dtype, copy=False)
    winners = xp.argmax(mask_probabilities, axis=0)

    segment_ids, segments = [], []
    fused: dict[int, int] = {}
    last_id = 0
    for query, (label, score) in enumerate(zip(labels, scores, strict=True)):
        area = xp.sum(winners == query)
        full_area = xp.sum(mask_probabilities[query] >= mask_threshold)
        # In single precision, as in the reference: it decides ties such as 4 / 5 > 0.8.
        ratio = xp.astype(area, xp.float32) / xp.astype(xp.clip(full_area, min=1), xp.float32)
        if area == 0 or full_area == 0 or not float(ratio) > overlap_mask_area_threshold:
            segment_ids.append(0)
            continue
        label_id = int(label)
        was_fused = label_id in label_ids_to_fuse
        last_id = fused.get(label_id, last_id + 1)
        if was_fused:
            fused[label_id] = last_id
        segment_ids.append(last_id)
        segments.append({"id": last_id, "label_id": label_id, "was_fused": was_fused, "score": round(float(score), 6)})
    return like(segment_ids, winners, xp.int32)[winners], segments


def run_length_encode(segmentation: Array) -> list[list[int]]:
    """A map (H, W) of ids as run lengths: for each id in rising order `[start, length, start, length, ...]`.

    Starts count pixels row by row, from 1.
    """
    pixels = to_numpy(segmentation).ravel()
    encodings = []
    for segment_id in np.unique(pixels):
        mask = np.concatenate([[False], pixels == segment_id, [False]])
        runs = np.flatnonzero(mask[1:] != mask[:-1]) + 1
        runs[1::2] -= runs[::2]
        encodings.append(runs.tolist())
    return encodings
