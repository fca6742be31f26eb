"""Joints of people from heatmaps of their crops, to a fraction of a pixel (DARK, arXiv:1910.06278)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.sampling import UNIT, center_and_scale
from ._arrays import Array, image_sizes, like, namespace, output, to_numpy

F32 = np.float32
SIGMA = 0.8  # of the blur, in pixels of the heatmap


def dark_pose_estimation(
    outputs: Any,
    boxes: Any,
    size: tuple[int, int],
    kernel_size: int = 11,
    threshold: float | None = None,
    target_sizes: Any = None,
) -> list[list[dict[str, Array]]]:
    """Joints of every person, on the image.

    Args:
        outputs: with `heatmaps` (people, joints, H, W), those of all images one after another.
        boxes: `[image][person][x, y, width, height]`, those that the crops were made with: in pixels, or with
            `target_sizes` in 0..1.
        size: (height, width) of the crops.
        kernel_size: of the blur before the fraction is read, in pixels of the heatmap.
        threshold: keeps joints of a larger score; None keeps all.
        target_sizes: one (height, width) per image, which relative boxes are multiplied by.

    Returns:
        for each image and person `keypoints` (n, 2), x and y; `scores` (n,), the height of the heatmap; `labels` (n,)
        int64, which joint; and `bbox` (4,), corners of the box. All float32 but the labels.

    Raises:
        ValueError: other numbers of people or sizes.
    """
    given = output(outputs, "heatmaps")
    heatmaps = np.asarray(to_numpy(given), F32)
    counts = [len(entries) for entries in boxes]
    if sum(counts) != len(heatmaps):
        raise ValueError(f"there are heatmaps of {len(heatmaps)} people and boxes of {sum(counts)}")
    if not len(heatmaps):
        return [[] for _ in counts]
    flat = np.array([[float(side) for side in box] for entries in boxes for box in entries])
    if target_sizes is not None:
        wide = [(width, height) * 2 for height, width in image_sizes(target_sizes, len(counts))]
        flat = flat * np.repeat(np.array(wide, float), counts, axis=0)
    points, scores = _peaks(heatmaps)
    points = _refined(points, heatmaps, (kernel_size - 1) // 2)
    for index, box in enumerate(flat):
        center, scale = center_and_scale(box, size)
        sides = scale * F32(UNIT)
        steps = sides / np.array([heatmaps.shape[3] - 1, heatmaps.shape[2] - 1], F32)
        points[index] = points[index] * steps + center - sides * F32(0.5)
    corners = np.concatenate([flat[:, :2], flat[:, :2] + flat[:, 2:]], axis=1).astype(F32)
    people = [_person(given, *parts, threshold) for parts in zip(points, scores, corners, strict=True)]
    ends = np.cumsum(counts)
    return [people[end - count : end] for count, end in zip(counts, ends, strict=True)]


def _person(given: Array, points: Any, scores: Any, corners: Any, threshold: float | None) -> dict[str, Array]:
    kept = np.ones(len(scores), bool) if threshold is None else scores > threshold
    xp = namespace(given)
    return {
        "keypoints": like(points[kept], given, xp.float32),
        "scores": like(scores[kept], given, xp.float32),
        "labels": like(np.flatnonzero(kept), given, xp.int64),
        "bbox": like(corners, given, xp.float32),
    }


def _peaks(heatmaps: Any) -> tuple[Any, Any]:
    """Where each heatmap is highest, (x, y), -1 if it is nowhere above 0; and how high."""
    flat = heatmaps.reshape(*heatmaps.shape[:2], -1)
    scores, places = flat.max(axis=2), flat.argmax(axis=2)
    width = heatmaps.shape[3]
    points = np.stack([places % width, places // width], axis=-1).astype(F32)
    return np.where((scores > 0)[..., np.newaxis], points, F32(-1)), scores


def _refined(points: Any, heatmaps: Any, radius: int) -> Any:
    """Points moved to the peak of a parabola through the logarithm of the blurred heatmaps around them."""
    logs = np.log(np.clip(_blurred(_blurred(heatmaps, radius, 2), radius, 3), F32(0.001), F32(50)))
    framed = np.pad(logs, [(0, 0), (0, 0), (1, 1), (1, 1)], mode="edge")
    people, joints = np.indices(points.shape[:2])
    columns, rows = (points[..., axis].astype(int) + 1 for axis in (0, 1))

    def at(down: int, across: int) -> Any:
        # A point that is nowhere is one pixel before the frame: the reference reads what lies there in memory.
        return framed[people, joints, np.maximum(rows + down, 0), np.maximum(columns + across, 0)]

    middle, left, right, above, below = at(0, 0), at(0, -1), at(0, 1), at(-1, 0), at(1, 0)
    slopes = np.stack([F32(0.5) * (right - left), F32(0.5) * (below - above)], axis=-1)
    twist = F32(0.5) * (at(1, 1) - right - below + middle + middle - left - above + at(-1, -1))
    bends = [right - F32(2) * middle + left, twist, twist, below - F32(2) * middle + above]
    hessians = np.stack(bends, axis=-1).reshape(*points.shape[:2], 2, 2) + np.finfo(F32).eps * np.eye(2)
    moves = np.einsum("pjmn,pjn->pjm", np.linalg.inv(hessians), slopes)
    return (points - moves).astype(F32)


def _blurred(planes: Any, radius: int, axis: int) -> Any:
    """float32 planes blurred along an axis, mirrored at their edges, in the order of SciPy's sums."""
    distances = np.arange(radius + 1)
    weights = np.exp(-0.5 / SIGMA**2 * distances**2)
    both = np.concatenate([weights[:0:-1], weights])
    weights = weights / both.sum()
    ends = [(radius, radius) if index == axis else (0, 0) for index in range(planes.ndim)]
    wide, length = np.pad(planes, ends, mode="symmetric").astype(np.float64), planes.shape[axis]

    def shifted(by: int) -> Any:
        return np.take(wide, range(radius + by, radius + by + length), axis=axis)

    total = shifted(0) * weights[0]
    for distance in range(radius, 0, -1):
        total = total + (shifted(-distance) + shifted(distance)) * weights[distance]
    return total.astype(F32)
