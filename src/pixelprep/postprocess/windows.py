"""Back from windows and padding to the image: what EoMT's masks and scores show of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..geometry import shortest_edge, shortest_longest_edge
from ._arrays import Array, like, namespace, output, sigmoid, sizes_or_none, softmax
from ._resizing import MOST_BYTES, resize_planes
from .instances import query_instances
from .segmentation import _best_class, areas_and, contest, holds, query_segmentation_scores

Size = tuple[int, int]


def canvas_size(size: Mapping[str, int]) -> Size:
    """The size in pixels that a model's masks are read at, from a `size` of a shortest and a longest edge.

    Raises:
        ValueError: there is no shortest edge.
    """
    short, long = size.get("shortest_edge"), size.get("longest_edge")
    if not short:
        raise ValueError(f"`size` needs `shortest_edge` here, not {dict(size)}")
    return short, long or short


def _scaled(image: Size, size: Mapping[str, int]) -> Size:
    """What an image of a size became before it was cut or padded."""
    short, long = canvas_size(size)[0], size.get("longest_edge")
    return shortest_longest_edge(*image, short, long) if long else shortest_edge(*image, short)


def _sizes(target_sizes: Any, count: int) -> list[Size]:
    if target_sizes is None:
        raise ValueError("target_sizes is needed: one (height, width) per image tells windows and padding apart")
    return [size for size in sizes_or_none(target_sizes, count) if size is not None]


def merge_windows(
    scores: Array, offsets: Sequence[Any], target_sizes: Any, size: Mapping[str, int], resize: bool = True
) -> list[Array]:
    """Scores of images from those of their windows; where windows overlap, their mean.

    Args:
        scores: (windows, classes, height, width).
        offsets: for each window (image, start, end), in pixels of the resized image's longer side.
        target_sizes: (height, width) of each image.
        size: that images were resized to.
        resize: to `target_sizes` (bilinear).

    Returns:
        (classes, height, width) for each image.
    """
    xp = namespace(scores)
    places = [tuple(int(value) for value in offset) for offset in offsets]
    sizes = _sizes(target_sizes, max(image for image, _, _ in places) + 1)
    merged = []
    for index, image in enumerate(sizes):
        height, width = _scaled(image, size)
        tall = image[0] > image[1]
        whole = like(np.zeros((scores.shape[1], height, width)), scores, scores.dtype)
        counts = like(np.zeros((height, 1) if tall else (width,)), scores, scores.dtype)
        for window, (owner, start, end) in zip(scores, places, strict=True):
            if owner == index:
                view = whole[:, start:end, :] if tall else whole[:, :, start:end]
                view += window[:, : view.shape[1], : view.shape[2]]
                counts[start:end] += 1
        whole = whole / xp.clip(counts, min=1)
        merged.append(resize_planes(whole, image, whole.shape[0]) if resize else whole)
    return merged


def windowed_scores(
    outputs: Any, target_sizes: Any, size: Mapping[str, int] | None, unpad: bool
) -> tuple[list[Array], list[Size]]:
    """Scores (classes, h, w) of each image before they are resized to it, and the images' sizes.

    Args:
        outputs: with `class_queries_logits` and `masks_queries_logits`, and `patch_offsets` where images were cut.
        target_sizes: (height, width) of each image.
        size: that images were resized to; None where masks show whole images.
        unpad: cut off the padding, where images were not cut.
    """
    logits, masks = output(outputs, "class_queries_logits"), output(outputs, "masks_queries_logits")
    if size is None:
        return list(query_segmentation_scores(logits, masks)), _sizes(target_sizes, len(masks))
    xp, canvas = namespace(masks), canvas_size(size)
    resized = xp.stack([resize_planes(planes, canvas, planes.shape[0]) for planes in masks])
    scores = query_segmentation_scores(logits, resized)
    offsets = outputs.get("patch_offsets") if isinstance(outputs, Mapping) else getattr(outputs, "patch_offsets", None)
    if offsets is not None and len(offsets):
        images = max(int(offset[0]) for offset in offsets) + 1
        return merge_windows(scores, offsets, target_sizes, size, resize=False), _sizes(target_sizes, images)
    sizes = _sizes(target_sizes, scores.shape[0])
    cuts = [_scaled(image, size) if unpad else canvas for image in sizes]
    return [item[:, :rows, :columns] for item, (rows, columns) in zip(scores, cuts, strict=True)], sizes


def best_classes(scores: Sequence[Array], sizes: Sequence[Size]) -> list[Array]:
    """The best class of each pixel of each image, int64 (height, width)."""
    return [_best_class(item, size, False) for item, size in zip(scores, sizes, strict=True)]


def resized_scores(scores: Sequence[Array], sizes: Sequence[Size]) -> list[dict[str, Array]]:
    """The best classes, and the scores (classes, height, width) that they come from, for each image."""
    resized = [resize_planes(item, size, item.shape[0]) for item, size in zip(scores, sizes, strict=True)]
    return [{"segmentation": namespace(item).argmax(item, axis=0), "segmentation_scores": item} for item in resized]


def _unpadded(masks: Array, image: Size, size: Mapping[str, int] | None, together: int) -> Array:
    """Mask logits (n, h, w) of an image alone: at the size that the model saw, without the padding."""
    if size is None:
        return masks
    rows, columns = _scaled(image, size)
    return resize_planes(masks, canvas_size(size), together)[:, :rows, :columns]


def padded_panoptic(
    outputs: Any,
    target_sizes: Any,
    size: Mapping[str, int] | None,
    threshold: float = 0.8,
    mask_threshold: float = 0.5,
    overlap_mask_area_threshold: float = 0.8,
    stuff_classes: Sequence[int] | None = None,
) -> list[dict[str, Any]]:
    """Segments of things and stuff; pixels that no mask claims belong to nothing.

    Args:
        outputs: with `class_queries_logits` (B, queries, classes + 1), the last being "no object", and
            `masks_queries_logits` (B, queries, h, w).
        target_sizes: (height, width) of each image.
        size: that images were resized to, and padded at the bottom and the right; None where masks show whole images.
        threshold: queries of a larger score are taken, in 0..1.
        mask_threshold: probability from which a pixel counts to a mask, in 0..1.
        overlap_mask_area_threshold: the share of its mask that a segment must exceed after overlaps, in 0..1.
        stuff_classes: classes whose segments are one.

    Returns:
        for each image `segmentation`, an int64 map (height, width) of ids from 0, -1 for none, and `segments_info`, a
        list of `id`, `label_id` and `score`, rounded to six digits.

    Raises:
        ValueError: not one target size per image.
    """
    logits, masks = output(outputs, "class_queries_logits"), output(outputs, "masks_queries_logits")
    xp, count = namespace(logits), masks.shape[1]
    probabilities = softmax(logits)
    scores, labels = xp.max(probabilities, axis=-1), xp.argmax(probabilities, axis=-1)
    results = []
    for i, image in enumerate(_sizes(target_sizes, logits.shape[0])):
        keep = (labels[i] != logits.shape[-1] - 1) & (scores[i] > threshold)
        kept = _unpadded(masks[i][keep], image, size, count)
        segmentation = like(np.full(image, -1), labels, xp.int64)
        segments: list[dict[str, Any]] = []
        if kept.shape[0]:
            winners, claimed, full = contest(kept, scores[i][keep], mask_threshold, image, sigmoid, count)
            # A segment whose pixels all fall short is none, however large its share.
            shown, _ = areas_and(xp.where(claimed, winners, kept.shape[0]), [*full, 0])
            ids: list[int] = []
            stuff: dict[int, int] = {}
            pairs = zip(*areas_and(winners, full), shown, labels[i][keep], scores[i][keep], strict=False)
            for area, full_area, seen, label, score in pairs:
                good = seen > 0 and holds(area, full_area, overlap_mask_area_threshold)
                known = stuff.get(int(label)) if good else -1
                ids.append(len(segments) if known is None else known)
                if known is None:
                    if int(label) in (stuff_classes or ()):
                        stuff[int(label)] = ids[-1]
                    segments.append({"id": ids[-1], "label_id": int(label), "score": round(float(score), 6)})
            segmentation = xp.where(claimed, like(ids, winners, xp.int64)[winners], segmentation)
        results.append({"segmentation": segmentation, "segments_info": segments})
    return results


def padded_instances(
    outputs: Any, target_sizes: Any, size: Mapping[str, int] | None, threshold: float
) -> list[dict[str, Any]]:
    """Instances of each query's best class; arguments as `padded_panoptic`, results as `instances.query_instances`.

    Ids are floats as masks are, or int64 where masks show whole images.
    """
    logits, masks = output(outputs, "class_queries_logits"), output(outputs, "masks_queries_logits")
    xp, count = namespace(logits), masks.shape[1]
    results = []
    for i, image in enumerate(_sizes(target_sizes, logits.shape[0])):
        probabilities = softmax(logits[i])[..., :-1]
        scores, labels = xp.max(probabilities, axis=-1), xp.argmax(probabilities, axis=-1)
        keep = scores >= threshold - 1e-6  # means only lower a score

        def parts(planes: Array, image: Size, *kept: Array) -> Iterator[tuple[Array, Array, Array]]:
            step = max(MOST_BYTES // (4 * image[0] * image[1]), 2)
            for start in range(0, planes.shape[0], step):
                part = slice(start, start + step)
                shown = resize_planes(_unpadded(planes[part], image, size, count), image, count)
                yield shown, kept[0][part], kept[1][part]

        found = query_instances(parts(masks[i][keep], image, scores[keep], labels[keep]), threshold, image, masks)
        if size is None:
            found["segmentation"] = xp.astype(found["segmentation"], xp.int64)
        results.append(found)
    return results
