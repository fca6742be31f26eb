"""Joints of people from heatmaps of their crops, to a fraction of a pixel (UDP with DARK, Sapiens)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops.blurring import gaussian_kernel
from ..ops.sampling import box_windows
from ._arrays import Array, image_sizes, is_torch, like, namespace, output, to_numpy


def pose_estimation(
    outputs: Any,
    boxes: Any,
    size: tuple[int, int],
    outputs_flipped: Any = None,
    kernel_size: int = 11,
    threshold: float | None = None,
    source_sizes: Any = None,
    target_sizes: Any = None,
) -> list[list[dict[str, Array]]]:
    """Joints of every person, on the image.

    Args:
        outputs: with `heatmaps` (people, joints, H, W), those of all images one after another.
        boxes: `[image][person][x, y, width, height]` in pixels, those that the crops were made with.
        size: (height, width) of the crops.
        outputs_flipped: of the mirrored crops, mirrored back: heatmaps are averaged.
        kernel_size: of the blur before the fraction is read, in pixels of the heatmap; odd.
        threshold: keeps joints of a larger score; None keeps all.
        source_sizes, target_sizes: (height, width) of each image as it came, and of the one that joints and boxes are
            wanted on; both or neither.

    Returns:
        for each image and person `keypoints` (n, 2), x and y; `scores` (n,), the height of the heatmap; `labels` (n,)
        int64, which joint; and `bbox` (4,), corners. All float32 but the labels.

    Raises:
        ValueError: other numbers of people or sizes, or an even kernel.
    """
    heatmaps = output(outputs, "heatmaps")
    if outputs_flipped is not None:
        heatmaps = (heatmaps + output(outputs_flipped, "heatmaps")) / 2
    xp = namespace(heatmaps)
    heatmaps = xp.astype(heatmaps, xp.float32, copy=False)
    counts = [len(entries) for entries in boxes]
    if sum(counts) != heatmaps.shape[0]:
        raise ValueError(f"there are heatmaps of {heatmaps.shape[0]} people and boxes of {sum(counts)}")
    if target_sizes is not None and source_sizes is None:
        raise ValueError("target_sizes need source_sizes, which say where the boxes are; pass both")
    if not heatmaps.shape[0]:
        return [[] for _ in counts]
    flat = np.array([[float(side) for side in box] for entries in boxes for box in entries], np.float32)
    points, scores = _peaks(heatmaps)
    points = _refined(points, heatmaps, kernel_size)
    centres, sides = (like(part, heatmaps, xp.float32)[:, None, :] for part in box_windows(flat, size))
    last = like(np.array([heatmaps.shape[3] - 1, heatmaps.shape[2] - 1], np.float32), heatmaps, xp.float32)
    points = points / last * sides + centres - 0.5 * sides
    corners = like(np.concatenate([flat[:, :2], flat[:, :2] + flat[:, 2:]], axis=1), heatmaps, xp.float32)
    if target_sizes is not None:
        scales = like(_scales(source_sizes, target_sizes, counts), heatmaps, xp.float32)
        points, corners = points * scales[:, None, :], corners * xp.concat([scales, scales], axis=1)
    people = [_person(*parts, threshold) for parts in zip(points, scores, corners, strict=True)]
    ends = np.cumsum(counts)
    return [people[end - count : end] for count, end in zip(counts, ends, strict=True)]


def _person(points: Array, scores: Array, corners: Array, threshold: float | None) -> dict[str, Array]:
    xp = namespace(points)
    labels = like(np.arange(points.shape[0]), points, xp.int64)
    if threshold is not None:
        keep = scores > threshold
        points, scores, labels = points[keep], scores[keep], labels[keep]
    return {"keypoints": points, "scores": scores, "labels": labels, "bbox": corners}


def _scales(source_sizes: Any, target_sizes: Any, counts: Sequence[int]) -> np.ndarray[Any, Any]:
    """(x, y) of how each person's image grows: (people, 2)."""
    pairs = zip(image_sizes(source_sizes, len(counts)), image_sizes(target_sizes, len(counts)), strict=True)
    scales = [[new[1] / old[1], new[0] / old[0]] for old, new in pairs]
    return np.repeat(np.array(scales, np.float32), counts, axis=0)


def _peaks(heatmaps: Array) -> tuple[Array, Array]:
    """Where each heatmap (people, joints, H, W) is highest, (x, y), -1 if it is nowhere above 0; and how high."""
    xp = namespace(heatmaps)
    flat = heatmaps.reshape(*heatmaps.shape[:2], -1)
    scores, places = xp.max(flat, axis=-1), xp.argmax(flat, axis=-1)
    width = heatmaps.shape[-1]
    points = xp.astype(xp.stack([places % width, places // width], axis=-1), xp.float32)
    return xp.where((scores > 0)[..., None], points, like(-1.0, heatmaps, xp.float32)), scores


def _refined(points: Array, heatmaps: Array, kernel_size: int) -> Array:
    """Points moved to the peak of a parabola through the logarithm of the blurred heatmaps around them."""
    if kernel_size % 2 == 0 or kernel_size <= 1:
        raise ValueError(f"kernel_size must be odd and larger than 1, not {kernel_size}")
    xp = namespace(heatmaps)
    people, joints, height, width = heatmaps.shape
    blurred = _blurred(heatmaps.reshape(-1, height, width), kernel_size)
    logs = xp.log(xp.clip(blurred, min=1e-3, max=50.0))
    edges = [like(np.clip(np.arange(-1, length + 1), 0, length - 1), heatmaps, xp.int64) for length in (height, width)]
    flat = xp.take(xp.take(logs, edges[0], axis=1), edges[1], axis=2).reshape(-1)
    row, stride = width + 2, (height + 2) * (width + 2)
    places = xp.astype(points, xp.int64).reshape(-1, 2) + 1
    base = places[:, 0] + places[:, 1] * row + stride * like(np.arange(people * joints), heatmaps, xp.int64)

    def at(down: int, across: int) -> Array:
        return xp.take(flat, base + (down * row + across), axis=0)

    middle, left, right, above, below = at(0, 0), at(0, -1), at(0, 1), at(-1, 0), at(1, 0)
    slope_x, slope_y = 0.5 * (right - left), 0.5 * (below - above)
    bend_x, bend_y = right - 2 * middle + left, below - 2 * middle + above
    twist = 0.5 * (at(1, 1) - right - below + middle + middle - left - above + at(-1, -1))
    tiny = float(np.finfo(np.float32).eps)
    bend_x, bend_y = bend_x + tiny, bend_y + tiny
    determinant = bend_x * bend_y - twist * twist
    moved_x = (bend_y * slope_x - twist * slope_y) / determinant
    moved_y = (-twist * slope_x + bend_x * slope_y) / determinant
    return points - xp.stack([moved_x, moved_y], axis=-1).reshape(people, joints, 2)


def _blurred(planes: Array, kernel_size: int) -> Array:
    """Planes (n, H, W) blurred, zeros around them, and stretched to the height they had."""
    xp = namespace(planes)
    sigma, border = 0.3 * ((kernel_size - 1) * 0.5 - 1) + 0.8, (kernel_size - 1) // 2
    result: Any = planes
    if is_torch(planes):
        from torch.nn.functional import pad
        from torchvision.transforms.v2.functional import gaussian_blur

        wide = pad(planes, (border, border, border, border))
        result = gaussian_blur(wide, [kernel_size] * 2, [sigma] * 2)[:, border:-border, border:-border]
    else:
        kernel, result = gaussian_kernel(kernel_size, sigma), to_numpy(planes)
        for axis in (1, 2):
            ends = [(border, border) if index == axis else (0, 0) for index in range(3)]
            length, framed = result.shape[axis], np.pad(result, ends)
            parts = (np.take(framed, range(i, i + length), axis=axis) * weight for i, weight in enumerate(kernel))
            result = sum(parts, np.zeros_like(result))
        result = like(result, planes, planes.dtype)
    before, after = xp.max(planes, axis=(1, 2)), xp.max(result, axis=(1, 2))
    one = like(1.0, planes, planes.dtype)
    scale = xp.where(after > 0, before / xp.where(after > 0, after, one), one)
    return result * scale[:, None, None]
