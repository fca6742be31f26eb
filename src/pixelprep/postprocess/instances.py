"""Instances that may overlap: of models whose queries each give a class and a mask (MaskFormer, Mask2Former, EoMT)."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping
from typing import Any

import numpy as np

from ._arrays import Array, is_torch, like, namespace, output, sigmoid, sizes_or_none, softmax, to_numpy
from ._resizing import nearest, resize_planes
from .run_lengths import coco_run_lengths, segment_run_lengths
from .segmentation import compute_segments


def overlapping_instances(
    outputs: Any,
    threshold: float = 0.5,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float | None = None,
    target_sizes: Any = None,
    return_coco_annotation: bool | str | None = False,
    return_binary_maps: bool | None = False,
    mask_size: tuple[int, int] | None = None,
) -> list[dict[str, Any]]:
    """The best pairs of a query and a class, as many as queries; a pair's score is class times mean mask probability.

    Args:
        outputs: with `logits` (B, queries, classes + 1), the last class being "no object", and `pred_masks`
            (B, queries, H, W), logits.
        threshold: pairs of this score are taken, in 0..1.
        mask_threshold: probability above which a pixel counts to a mask, in 0..1.
        overlap_mask_area_threshold: the share of its mask that an instance must exceed where better ones have taken
            their pixels, in 0..1; None keeps all.
        target_sizes: (height, width) of each image, to which masks are resized (nearest); None for (H, W).
        return_coco_annotation: `segmentation` is a list of run lengths, one per instance with its overlaps, that COCO's
            library reads; with "reference" the reference's form, see `run_lengths.run_length_encode`.
        return_binary_maps: `segmentation` is float32 (instances, height, width), overlaps kept.
        mask_size: (height, width) to which masks are resized (bilinear) first.

    Returns:
        for each image `segmentation`, a float32 map of ids from 0, -1 for none, where a later instance covers an
        earlier one; and `segments_info`, a list of `id`, `label_id`, `was_fused` (no) and `score`, rounded to six
        digits, best first (torch tensors: in the order of `torch.topk`). Only what is taken is resized, one by one.

    Raises:
        ValueError: both forms are asked for, or not one target size per image.
    """
    logits, masks = output(outputs, "logits"), output(outputs, "pred_masks")
    classes, results = logits.shape[-1] - 1, []
    for i, size in enumerate(sizes_or_none(target_sizes, logits.shape[0])):
        scores, indices = _best(softmax(logits[i])[:, :-1], logits.shape[1])
        taken = np.flatnonzero(to_numpy(scores).astype(np.float64) >= threshold)  # means only lower a score
        chosen = [int(index) for index in to_numpy(indices)[taken]]
        labels = [index % classes for index in chosen]
        forms = return_coco_annotation, return_binary_maps, overlap_mask_area_threshold
        canvas = _Canvas(size or mask_size or masks.shape[-2:], masks, *forms)
        for start in range(0, len(chosen), _ROWS):
            queries = [index // classes for index in chosen[start : start + _ROWS]]
            planes = resize_planes(masks[i][_index(queries, masks)], mask_size, logits.shape[1])
            found = _scored(planes, scores[_index(taken[start : start + _ROWS], scores)], mask_threshold)
            for label, (score, mask) in zip(labels[start : start + _ROWS], found, strict=True):
                if score >= threshold:
                    canvas.add(nearest(mask, size), {"label_id": label, "was_fused": False, "score": score})
        results.append(canvas.result())
    return results


def pair_segmentation(
    outputs: Any,
    threshold: float | None = 0.5,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float = 0.8,
    target_sizes: Any = None,
    return_coco_annotation: bool | str | None = False,
    things: Container[int] | None = None,
    numbers: Mapping[int, int] | None = None,
) -> list[dict[str, Any]]:
    """Segments of the best pairs of a query and a class, as many as queries, each pixel to one of them (OneFormer).

    Args:
        outputs: with `logits` (B, queries, classes + 1), the last class being "no object", and `pred_masks`
            (B, queries, H, W), logits.
        threshold: pairs of a larger class probability are taken; None takes all.
        mask_threshold: mask logit times score from which a pixel counts to a mask: a logit, as in the reference.
        overlap_mask_area_threshold: the share of its mask that a segment must exceed after overlaps, in 0..1.
        target_sizes: (height, width) of each image, to which masks are resized (bilinear, smooth); None for (H, W).
        return_coco_annotation: as `segmentation.instance_segmentation`.
        things: classes that are taken; None takes all.
        numbers: other numbers for classes in the result.

    Returns:
        for each image `segmentation` and `segments_info` as `segmentation.compute_segments` returns them.

    Raises:
        ValueError: not one target size per image.
    """
    logits, masks = output(outputs, "logits"), output(outputs, "pred_masks")
    classes, results = logits.shape[-1] - 1, []
    for i, size in enumerate(sizes_or_none(target_sizes, logits.shape[0])):
        scores, indices = _best(softmax(logits[i])[:, :-1], logits.shape[1])
        labels = [int(index) % classes for index in indices]
        taken = [
            place
            for place, (label, score) in enumerate(zip(labels, scores, strict=True))
            if (threshold is None or score > threshold) and (things is None or label in things)
        ]
        named = [labels[place] if numbers is None else numbers[labels[place]] for place in taken]
        queries = _index([int(indices[place]) // classes for place in taken], masks)
        segmentation, segments = compute_segments(
            masks[i][queries],
            scores[_index(taken, scores)],
            _index(named, scores),
            mask_threshold,
            overlap_mask_area_threshold,
            (),
            size,
            antialias=True,
        )
        if return_coco_annotation:
            ids = [segment["id"] for segment in segments]
            segmentation = segment_run_lengths(segmentation, ids, return_coco_annotation)
        results.append({"segmentation": segmentation, "segments_info": segments})
    return results


# Rows of masks that are summed together. Two at least: torch sums a single one in another order.
_ROWS = 8


def _best(scores: Array, count: int) -> tuple[Array, Array]:
    """The largest entries of (queries, classes) and their flat indices, as many as asked for."""
    flat = scores.reshape(-1)
    if is_torch(flat):
        values, indices = flat.topk(min(count, flat.shape[0]), sorted=False)
        return values, indices
    indices = np.argsort(-to_numpy(flat), kind="stable")[:count]
    return flat[_index(indices, flat)], indices


def _index(places: Any, alike: Array) -> Array:
    """Indices of the library and on the device of an array."""
    return like(places, alike, namespace(alike).int64)


def _scored(masks: Array, scores: Array, mask_threshold: float = 0.5) -> Iterable[tuple[float, Array]]:
    """For each mask (n, H, W) of logits its score times its mean probability where it is, and where that is (bool)."""
    if not masks.shape[0]:
        return
    xp = namespace(masks)
    edge = math.inf if mask_threshold >= 1 else -math.inf if mask_threshold <= 0 else _logit(mask_threshold)
    inside = masks > edge
    rows = masks if masks.shape[0] > 1 else xp.concat([masks, masks])
    ones = xp.astype((rows > edge).reshape(rows.shape[0], -1), masks.dtype)
    total = xp.sum(sigmoid(rows).reshape(rows.shape[0], -1) * ones, axis=1)
    means = total / (xp.sum(ones, axis=1) + 1e-6)
    for score, mask in zip(scores * means[: masks.shape[0]], inside, strict=True):
        yield float(score), mask


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


class _Canvas:
    """An image's instances as they are found; masks are kept only where the result needs them."""

    def __init__(
        self,
        size: Any,
        like: Array,
        run_lengths: bool | str | None = None,
        binary: bool | None = None,
        share: float | None = None,
    ) -> None:
        if run_lengths and binary:
            raise ValueError("return_coco_annotation and return_binary_maps are two forms of one result; ask for one")
        self.size = (int(size[0]), int(size[1]))
        self.like, self.run_lengths, self.binary, self.share = like, run_lengths, binary, share
        self.painted = _filled(-1, self.size, like)
        self.masks: list[Array] = []
        self.segments: list[dict[str, Any]] = []

    def add(self, mask: Array, segment: dict[str, Any]) -> None:
        """Take an instance with a mask (height, width), bool, if it has a pixel."""
        xp = namespace(mask)
        if not bool(xp.any(mask)):
            return
        self.segments.append(segment)
        if self.share is None and not self.binary and self.run_lengths in (None, False, "reference"):
            self.painted = xp.where(mask, like(len(self.segments) - 1, self.like, xp.float32), self.painted)
        else:
            self.masks.append(mask)

    def result(self) -> dict[str, Any]:
        """`segmentation` in the form asked for, and `segments_info`."""
        keep = range(len(self.segments)) if self.share is None else self._not_covered(self.share)
        segments = [{"id": id, **self.segments[index]} for id, index in enumerate(keep)]
        for segment in segments:
            segment["score"] = round(segment["score"], 6)
        masks = [self.masks[index] for index in keep] if self.masks else []
        return {"segmentation": self._drawn(masks), "segments_info": segments}

    def _drawn(self, masks: list[Array]) -> Any:
        xp = namespace(self.like)
        if self.run_lengths and self.run_lengths != "reference":
            segment_run_lengths(np.zeros((1, 1)), (), self.run_lengths)  # refuses other names
            return [coco_run_lengths(mask) for mask in masks]
        if self.binary:
            return xp.astype(xp.stack(masks), xp.float32) if masks else _filled(0, (0, *self.size), self.like)
        for id, mask in enumerate(masks):
            self.painted = xp.where(mask, like(id, self.like, xp.float32), self.painted)
        return segment_run_lengths(self.painted, (), "reference") if self.run_lengths else self.painted

    def _not_covered(self, share: float) -> list[int]:
        """The instances of which better ones leave more than a share, in the order they have."""
        free = np.ones(self.size, np.bool_)
        kept = []
        for index in sorted(range(len(self.masks)), key=lambda index: -self.segments[index]["score"]):
            mask = to_numpy(self.masks[index])
            left = mask & free
            if left.sum() > share * mask.sum():
                kept.append(index)
                free &= ~left
        return sorted(kept)


def _filled(value: float, shape: tuple[int, ...], alike: Array) -> Array:
    """A float32 array of one value."""
    return like(np.full(shape, value, np.float32), alike, namespace(alike).float32)


def query_instances(
    masks: Iterable[tuple[Array, Array, Array]], threshold: float, size: tuple[int, int], alike: Array
) -> dict[str, Any]:
    """One image's instances, each query's best class (EoMT).

    Args:
        masks: parts of the queries: logits (n, height, width) of the image's size, scores (n,) and labels (n,).
        threshold: queries of this score times their mean mask probability are taken, in 0..1.
        size: (height, width).
        alike: an array of the library and on the device that the result is to be.
    """
    canvas = _Canvas(size, alike)
    for planes, scores, labels in masks:
        for label, (score, mask) in zip(labels, _scored(planes, scores), strict=True):
            if score >= threshold:
                canvas.add(mask, {"label_id": int(label), "score": score})
    return canvas.result()
