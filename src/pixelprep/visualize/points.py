"""Poses, keypoints, matches of two images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from ._canvas import Canvas, to_rgb
from ._colors import PALETTE, color_of, ramp
from ._results import to_array

# COCO's 17 points of a person, from the nose to the ankles, and what joins them.
COCO_SKELETON = (
    *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10)),
    *((1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
)


def draw_poses(
    image: Any,
    poses: Sequence[Mapping[str, Any]],
    threshold: float = 0.3,
    skeleton: Sequence[tuple[int, int]] | None = None,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Persons as points and the lines that join them, a colour for each person.

    Args:
        image: the original. poses: what `post_process_pose_estimation` returns for this image: `keypoints` (k, 2),
            (x, y) in pixels, `scores` (k,), perhaps `labels` (k,), which points they are.
        threshold: points of a smaller score are left out, in 0..1.
        skeleton: pairs of points to join; None for COCO's where the points are among its 17.
        path, scale: as `draw_boxes`.
    """
    canvas = Canvas(image, scale)
    for number, pose in enumerate(poses):
        points = to_array(pose["keypoints"]).reshape(-1, to_array(pose["keypoints"]).shape[-1])[:, :2]
        scores = np.ones(len(points)) if pose.get("scores") is None else to_array(pose["scores"]).reshape(-1)
        kinds = range(len(points)) if pose.get("labels") is None else to_array(pose["labels"]).reshape(-1).tolist()
        seen = {kind: points[row] for row, kind in enumerate(kinds) if scores[row] >= threshold}
        joints = skeleton if skeleton is not None else (COCO_SKELETON if max(kinds, default=0) < 17 else ())
        color = color_of(number)
        for first, second in joints:
            if first in seen and second in seen:
                canvas.line([seen[first], seen[second]], (0, 0, 0), 1.6)
                canvas.line([seen[first], seen[second]], color)
        for point in seen.values():
            canvas.dot(point, color)
    return canvas.finish(path)


def draw_keypoints(
    image: Any,
    result: Mapping[str, Any],
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Points of interest (SuperPoint), brighter for better scores.

    Args:
        image: the original. result: one entry of what `post_process_keypoint_detection` returns: `keypoints` (n, 2),
            (x, y) in pixels, `scores`.
        path, scale: as `draw_boxes`.
    """
    canvas = Canvas(image, scale)
    points = to_array(result["keypoints"]).reshape(-1, 2)
    scores = np.ones(len(points)) if result.get("scores") is None else to_array(result["scores"]).reshape(-1)
    best = max(float(scores.max()), 1e-12) if len(scores) else 1.0
    for point, score in sorted(zip(points.tolist(), scores.tolist(), strict=True), key=lambda pair: pair[1]):
        canvas.dot(point, tuple(ramp(score / best).tolist()))
    return canvas.finish(path)


def draw_matches(
    images: Sequence[Any],
    result: Mapping[str, Any],
    threshold: float = 0.0,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Two images side by side, lines between the points that match; the surest on top, in bright colours.

    Args:
        images: the two originals. result: one entry of what `post_process_keypoint_matching` returns: `keypoints0`,
            `keypoints1` (n, 2), (x, y) in pixels, `matching_scores` (n,).
        threshold: matches of a smaller score are left out, in 0..1.
        path, scale: as `draw_boxes`.

    Raises:
        ValueError: not two images.
    """
    if len(images) != 2:
        raise ValueError(f"matches join two images, not {len(images)}")
    left, right = (to_rgb(image) for image in images)
    both = Image.new("RGB", (left.width + right.width, max(left.height, right.height)))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    canvas = Canvas(both, scale)
    first, second = (to_array(result[key]).reshape(-1, 2) for key in ("keypoints0", "keypoints1"))
    scores = result.get("matching_scores")
    scores = np.ones(len(first)) if scores is None else to_array(scores).reshape(-1)
    for row in np.argsort(scores, kind="stable"):
        if scores[row] >= threshold:
            color = tuple(ramp(float(np.clip(scores[row], 0, 1))).tolist())
            ends = [first[row], second[row] + (left.width, 0)]
            canvas.line(ends, color, 0.6)
            for end in ends:
                canvas.dot(end, PALETTE[0], 0.8)
    return canvas.finish(path)
