"""Keypoints of images and matches of pairs of images, in pixels."""

from __future__ import annotations

from typing import Any

from ._arrays import Array, like, namespace, output, to_numpy


def keypoint_detection(outputs: Any, target_sizes: Any) -> list[dict[str, Array]]:
    """Keypoints of each image.

    Args:
        outputs: with `keypoints` (B, n, 2), (x, y) in 0..1; `scores` (B, n); `descriptors` (B, n, D); `mask` (B, n),
            not 0 where there is a keypoint.
        target_sizes: one (height, width) per image.

    Returns:
        for each image `keypoints` (k, 2) int32, x and y in pixels; `scores` (k,); `descriptors` (k, D).

    Raises:
        ValueError: not one target size per image.
    """
    points, mask = output(outputs, "keypoints"), output(outputs, "mask")
    pixels = _in_pixels(points, _pairs(target_sizes, (mask.shape[0], 2), "one (height, width) per image"))
    rest = {name: output(outputs, name) for name in ("scores", "descriptors")}
    results = []
    for image in range(mask.shape[0]):
        kept = mask[image] != 0
        found = {"keypoints": pixels[image][kept]}
        results.append(found | {name: values[image][kept] for name, values in rest.items()})
    return results


def keypoint_matching(outputs: Any, target_sizes: Any, threshold: float = 0.0) -> list[dict[str, Array]]:
    """Matching keypoints of each pair (SuperGlue, LightGlue).

    Args:
        outputs: with `keypoints` (B, 2, n, 2), (x, y) in 0..1; `mask` (B, 2, n); `matches` (B, 2, n), which keypoint of
            the other image, -1 for none; `matching_scores` (B, 2, n).
        target_sizes: (height, width) of both images of each pair: (B, 2, 2).
        threshold: keeps matches of a larger score.

    Returns:
        for each pair `keypoints0` and `keypoints1` (m, 2) int32, x and y in pixels, and `matching_scores` (m,).

    Raises:
        ValueError: not two target sizes per pair.
    """
    points, mask = output(outputs, "keypoints"), output(outputs, "mask")
    matches, scores = output(outputs, "matches"), output(outputs, "matching_scores")
    pixels = _in_pixels(points, _pair_sizes(target_sizes, points.shape[0]))
    results = []
    for pair in range(points.shape[0]):
        first, second = (pixels[pair][side][mask[pair][side] > 0] for side in range(2))
        there = mask[pair][0] > 0
        partners, certain = matches[pair][0][there], scores[pair][0][there]
        valid = (certain > threshold) & (partners > -1) & (partners < second.shape[0])
        xp = namespace(partners)
        partners = xp.astype(partners[valid], xp.int64)
        results.append({"keypoints0": first[valid], "keypoints1": second[partners], "matching_scores": certain[valid]})
    return results


def dense_keypoint_matching(outputs: Any, target_sizes: Any, threshold: float = 0.0) -> list[dict[str, Array]]:
    """Matching keypoints of each pair, which stand at one place in both lists (LoFTR).

    Arguments and results are those of `keypoint_matching`, without a `mask`.
    """
    points = output(outputs, "keypoints")
    matches, scores = output(outputs, "matches"), output(outputs, "matching_scores")
    pixels = _in_pixels(points, _pair_sizes(target_sizes, points.shape[0]))
    results = []
    for pair in range(points.shape[0]):
        valid = (scores[pair] > threshold) & (matches[pair] > -1)
        results.append(
            {
                "keypoints0": pixels[pair][0][valid[0]],
                "keypoints1": pixels[pair][1][valid[1]],
                "matching_scores": scores[pair][0][valid[0]],
            }
        )
    return results


def _in_pixels(points: Array, sizes: Any) -> Array:
    """Points (..., n, 2), (x, y) in 0..1, as whole pixels of images of (height, width); truncated."""
    xp = namespace(points)
    scales = like([[*pair[::-1]] for pair in sizes.reshape(-1, 2).tolist()], points, points.dtype)
    return xp.astype(points * xp.reshape(scales, (*sizes.shape[:-1], 1, 2)), xp.int32)


def _pair_sizes(target_sizes: Any, count: int) -> Any:
    return _pairs(target_sizes, (count, 2, 2), "(height, width) of both images of each pair")


def _pairs(target_sizes: Any, shape: tuple[int, ...], what: str) -> Any:
    import numpy as np

    if hasattr(target_sizes, "shape"):
        sizes = np.asarray(to_numpy(target_sizes))
    else:
        sizes = np.asarray(
            [[to_list(entry) for entry in pair] if len(shape) == 3 else to_list(pair) for pair in target_sizes]
        )
    if sizes.shape != shape:
        raise ValueError(f"`target_sizes` must hold {what}: a shape of {shape}, not {sizes.shape}")
    return sizes


def to_list(size: Any) -> list[int]:
    """A (height, width) of any kind as a list."""
    return [int(side) for side in size]
