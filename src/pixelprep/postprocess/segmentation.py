"""Label maps and segments from the outputs of segmentation models."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import numpy as np

from ..image_processing_outputs import BatchFeature
from ._arrays import Array, is_torch, like, namespace, output, sigmoid, sizes_or_none, softmax, to_numpy
from ._resizing import resize_planes, resized_in_parts
from .run_lengths import segment_run_lengths


def semantic_segmentation(
    scores: Array, target_sizes: Any = None, return_segmentation_scores: bool = False, antialias: bool = False
) -> list[Array] | list[BatchFeature]:
    """The best class of each pixel.

    Args:
        scores: (B, classes, H, W): a model's logits, or what `query_segmentation_scores` returns.
        target_sizes: (height, width) of each image, to which scores are resized (bilinear) first; None for (H, W).
        return_segmentation_scores: returns the resized scores too.
        antialias: whether resizing smooths what it shrinks.

    Returns:
        for each image an int64 map (height, width) of classes; or `segmentation`, that map, and `segmentation_scores`
        (classes, height, width). Without scores, no more than `_resizing.MOST_BYTES` of them are resized at a time.

    Raises:
        ValueError: not one target size per image.
    """
    sizes = sizes_or_none(target_sizes, scores.shape[0])
    if not return_segmentation_scores:
        return [_best_class(item, size, antialias) for item, size in zip(scores, sizes, strict=True)]
    xp, count = namespace(scores), scores.shape[1]
    resized = [resize_planes(item, size, count, antialias) for item, size in zip(scores, sizes, strict=True)]
    return [BatchFeature({"segmentation": xp.argmax(item, axis=0), "segmentation_scores": item}) for item in resized]


def _best_class(scores: Array, size: tuple[int, int] | None, antialias: bool) -> Array:
    """The first plane (n, h, w) of the largest value at each pixel of the resized planes, int64."""
    xp = namespace(scores)
    finite = bool(xp.all(xp.isfinite(scores)))
    best = classes = None
    for start, part in resized_in_parts(scores, size, antialias=antialias):
        if finite and best is not None:
            best = _rise(best, classes, part, start)
        elif finite:
            best, classes = xp.asarray(part[0], copy=True), xp.zeros_like(part[0], dtype=xp.int64)
            best = _rise(best, classes, part[1:], 1)
        else:
            values, indices = xp.max(part, axis=0), xp.argmax(part, axis=0) + start
            better = True if best is None else values > best
            best = values if best is None else xp.where(better, values, best)
            classes = indices if classes is None else xp.where(better, indices, classes)
    return classes


def _rise(best: Array, classes: Array, planes: Array, start: int) -> Array:
    """The larger of the best values (h, w) and those of planes (n, h, w); `classes` is told where they are larger.

    Plane by plane, which is several times faster than a reduction along the first axis; values are finite.
    """
    xp = namespace(best)
    for index in range(planes.shape[0]):
        better = planes[index] > best
        if is_torch(better):
            classes.masked_fill_(better, start + index)
        else:
            classes[better] = start + index
        best = xp.maximum(best, planes[index])
    return best


def query_segmentation_scores(class_logits: Array, mask_logits: Array, no_object: bool = True) -> Array:
    """Each class's score at each pixel, from models that predict a class and a mask per query (Cheng et al. 2021).

    Args:
        class_logits: (B, queries, classes + 1), the last class being "no object".
        mask_logits: (B, queries, H, W).
        no_object: whether there is such a class.

    Returns:
        (B, classes, H, W): the sum over queries of class probability times mask probability.
    """
    xp = namespace(class_logits)
    probabilities = softmax(class_logits)
    probabilities = probabilities[..., :-1] if no_object else probabilities
    return xp.einsum("bqc,bqhw->bchw", probabilities, sigmoid(mask_logits))


def resize_masks(masks: Array, size: tuple[int, int] | None) -> Array:
    """Mask logits (B, queries, H, W) at the size that they are read at (bilinear); None leaves them."""
    if size is None:
        return masks
    return namespace(masks).stack([resize_planes(planes, size, planes.shape[0]) for planes in masks])


def instance_segmentation(
    outputs: Any,
    threshold: float = 0.5,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float = 0.8,
    target_sizes: Any = None,
    return_coco_annotation: bool | str | None = False,
) -> list[dict[str, Any]]:
    """`panoptic_segmentation` with no label fused, or its segments as run lengths.

    Args:
        outputs, threshold, mask_threshold, overlap_mask_area_threshold, target_sizes: as there.
        return_coco_annotation: `segmentation` is a list of run lengths, one per segment, that COCO's library reads;
            with "reference" the reference's form, see `run_lengths.run_length_encode`.
    """
    results = panoptic_segmentation(outputs, threshold, mask_threshold, overlap_mask_area_threshold, (), target_sizes)
    for result in results if return_coco_annotation else []:
        ids = [segment["id"] for segment in result["segments_info"]]
        result["segmentation"] = segment_run_lengths(result["segmentation"], ids, return_coco_annotation or True)
    return results


def panoptic_segmentation(
    outputs: Any,
    threshold: float = 0.5,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float = 0.8,
    label_ids_to_fuse: Container[int] | None = None,
    target_sizes: Any = None,
    void_unclaimed: bool = False,
    antialias: bool = False,
    mask_size: tuple[int, int] | None = None,
) -> list[dict[str, Any]]:
    """Segments of models that predict a class and a mask per query (DETR, Carion et al. 2020).

    Args:
        outputs: with `logits` (B, queries, classes + 1), the last class being "no object", and `pred_masks`
            (B, queries, H, W), logits.
        threshold: queries of a larger score are taken, in 0..1.
        mask_threshold, overlap_mask_area_threshold, label_ids_to_fuse: as `compute_segments`.
        void_unclaimed, antialias: as `compute_segments`.
        target_sizes: (height, width) of each image, to which masks are resized (bilinear); None for (H, W).
        mask_size: (height, width) to which mask logits are resized first.

    Returns:
        for each image `segmentation` and `segments_info` as `compute_segments` returns them; with no query above the
        threshold a map of -1, and no segments. Queries below it are never resized.

    Raises:
        ValueError: not one target size per image.
    """
    logits, masks = output(outputs, "logits"), output(outputs, "pred_masks")
    xp = namespace(logits)
    probabilities = softmax(logits)
    scores, labels = xp.max(probabilities, axis=-1), xp.argmax(probabilities, axis=-1)
    keeps = (labels != logits.shape[-1] - 1) & (scores > threshold)
    results = []
    for i, size in enumerate(sizes_or_none(target_sizes, logits.shape[0])):
        segmentation, segments = compute_segments(
            sigmoid(resize_planes(masks[i][keeps[i]], mask_size, masks.shape[1])),
            scores[i][keeps[i]],
            labels[i][keeps[i]],
            mask_threshold,
            overlap_mask_area_threshold,
            label_ids_to_fuse or (),
            size,
            void_unclaimed,
            antialias,
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
    void_unclaimed: bool = False,
    antialias: bool = False,
) -> tuple[Array, list[dict[str, Any]]]:
    """Give each pixel to the query of the largest score times mask probability, and number the queries that hold.

    Args:
        mask_probabilities: (queries, H, W), in 0..1. scores: (queries,), in 0..1. labels: (queries,), int64.
        mask_threshold: the weighted probability from which a pixel counts to a mask, in 0..1.
        overlap_mask_area_threshold: the share of its mask that a segment must exceed after overlaps, in 0..1.
        label_ids_to_fuse: classes whose segments get one id, "stuff".
        target_size: (height, width) to which masks are resized first.
        void_unclaimed: pixels whose winner's own probability is below `mask_threshold` belong to nothing; without it
            some segment has them, as in the reference.
        antialias: whether resizing smooths what it shrinks.

    Returns:
        an int32 map (height, width) of segment ids from 1, 0 for none (-1 everywhere where there are no queries); and
        per id one `id`, `label_id`, `was_fused` and `score`, rounded to six digits: of the first of what was fused.
    """
    xp = namespace(mask_probabilities)
    if not mask_probabilities.shape[0]:
        return like(
            np.full(target_size or mask_probabilities.shape[1:], -1, np.int32), mask_probabilities, xp.int32
        ), []
    winners, claimed, full_areas = contest(
        mask_probabilities, scores, mask_threshold, target_size, antialias=antialias, claims=void_unclaimed
    )
    ids: list[int] = []
    segments: list[dict[str, Any]] = []
    fused: dict[int, int] = {}
    for area, full_area, label, score in zip(*areas_and(winners, full_areas), labels, scores, strict=True):
        if not holds(area, full_area, overlap_mask_area_threshold):
            ids.append(0)
            continue
        label_id, was_fused = int(label), int(label) in label_ids_to_fuse
        if label_id in fused:
            ids.append(fused[label_id])
            continue
        ids.append(len(segments) + 1)
        if was_fused:
            fused[label_id] = ids[-1]
        segments.append({"id": ids[-1], "label_id": label_id, "was_fused": was_fused, "score": round(float(score), 6)})
    segmentation = like(ids, winners, xp.int32)[winners]
    return xp.where(claimed, segmentation, 0) if void_unclaimed else segmentation, segments


def contest(
    masks: Array,
    scores: Array,
    mask_threshold: float,
    size: tuple[int, int] | None,
    activate: Callable[[Array], Array] | None = None,
    together: int | None = None,
    antialias: bool = False,
    claims: bool = True,
) -> tuple[Array, Array, list[int]]:
    """Which query has each pixel: the one of the largest score times mask.

    Args:
        masks: (queries, h, w), at least one. scores: (queries,).
        mask_threshold: from which a pixel counts to a mask.
        size: (height, width) to which masks are resized, a few at a time.
        activate: what makes probabilities of resized masks; the area of a mask is then counted without its score.
        together, antialias: as `resized_in_parts`.
        claims: whether the second result is wanted.

    Returns:
        int64 indices (height, width); where the winner's own value reaches the threshold; and the area of each mask.
    """
    xp = namespace(masks)
    best = winners = claimed = None
    full_areas: list[int] = []
    for start, resized in resized_in_parts(masks, size, together, antialias):
        part = resized if activate is None else activate(resized)
        for index in range(part.shape[0]):  # plane by plane: faster than a reduction over planes
            plane = part[index]
            value = xp.astype(plane * scores[start + index], part.dtype, copy=False)
            counted = (value if activate is None else plane) >= mask_threshold
            full_areas.append(int(xp.sum(counted)))
            reached = plane >= mask_threshold if claims else None
            if best is None:
                best, winners, claimed = value, xp.zeros_like(value, dtype=xp.int32), reached
                continue
            better = value > best
            best, winners = xp.where(better, value, best), xp.where(better, start + index, winners)
            claimed = xp.where(better, reached, claimed) if claims else None
    return xp.astype(winners, xp.int64), claimed, full_areas


def areas_and(winners: Array, full_areas: list[int]) -> tuple[list[int], list[int]]:
    """How many pixels each query has won, and the areas as they are."""
    flat, count = winners.reshape(-1), len(full_areas)
    won = flat.bincount(minlength=count) if is_torch(flat) else np.bincount(to_numpy(flat), minlength=count)
    return [int(area) for area in won], full_areas


def holds(area: int, full_area: int, share: float) -> bool:
    """Whether what is left of a mask is more than a share of it, in the reference's single precision: 4 / 5 > 0.8."""
    return area > 0 and full_area > 0 and float(np.float32(area) / np.float32(full_area)) > share
