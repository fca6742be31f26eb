"""People in their boxes: crops of images, and heatmaps of their joints (Sapiens; boxes as COCO has them).

Everything is computed in single precision, step by step as the reference does, for a crop's pixels depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.sampling import box_windows
from .label_maps import reduce_labels

if TYPE_CHECKING:
    from ..ops.protocol import Ops

Array = np.ndarray[Any, Any]
F32 = np.float32


def read_boxes(boxes: Any, count: int) -> list[Array]:
    """Boxes of each image as float32 (n, 4): x, y, width, height in pixels.

    Raises:
        ValueError: boxes of another number of images, or one that is no box; it names image and box.
    """
    listed = boxes.tolist() if hasattr(boxes, "tolist") else list(boxes)
    if len(listed) != count:
        raise ValueError(f"got boxes of {len(listed)} images; there are {count} images. They nest as [image][box]")
    arrays = []
    for image, entries in enumerate(listed):
        if entries is None or not hasattr(entries, "__len__"):
            raise ValueError(f"image {image} must have a list of boxes, empty if nobody is there; got {entries!r:.80}")
        for index, box in enumerate(entries):
            values = box.tolist() if hasattr(box, "tolist") else box
            good = isinstance(values, (list, tuple)) and len(values) == 4 and np.isfinite(np.array(values, float)).all()
            if not good or min(values[2:]) <= 0:
                raise ValueError(
                    f"box {index} of image {image} must be (x, y, width, height) with positive sides; got {box!r:.80}"
                )
        arrays.append(np.array([[float(side) for side in box] for box in entries], F32).reshape(-1, 4))
    return arrays


def _places(boxes: Array, size: tuple[int, int]) -> Iterator[tuple[Array, Array, bool]]:
    """For each box the rows and the columns of the image that its crop's are taken from, and whether it grows."""
    for centre, sides in zip(*box_windows(boxes, size), strict=True):
        steps = [F32(1) / side * F32(length - 1) for side, length in zip(sides, size[::-1], strict=True)]
        columns, rows = (
            np.arange(length, dtype=F32) / step + middle - F32(0.5) * side
            for length, step, middle, side in zip(size[::-1], steps, centre, sides, strict=True)
        )
        yield rows, columns, min(steps) >= 1


def crop_people(verbs: Ops, image: Any, boxes: Array, size: tuple[int, int]) -> list[Any]:
    """Each box of an image `(C, H, W)` as float32 `(C, *size)`: bilinear where it shrinks, bicubic where it grows.

    Zeros outside.
    """
    return [
        verbs.sample_grid(image, _relative(rows, image.shape[-2]), _relative(columns, image.shape[-1]), grows)
        for rows, columns, grows in _places(boxes, size)
    ]


def _relative(places: Array, length: int) -> list[float]:
    """Pixels as `Ops.sample_grid` counts them; an image of one pixel has no length to count by."""
    if length == 1:
        return [0.0 if abs(place) < 0.5 else 9.0 for place in places.tolist()]
    relative: list[float] = (F32(2) * places / F32(length - 1) - F32(1)).tolist()
    return relative


def crop_labels(label: Array, boxes: Array, size: tuple[int, int], reduce: bool) -> list[Array]:
    """Class ids of each box of a map (H, W): those of the nearest pixel, 0 outside before they are reduced."""
    framed = np.zeros((label.shape[0] + 1, label.shape[1] + 1), np.int64)
    framed[:-1, :-1] = label
    crops = []
    for rows, columns, _ in _places(boxes, size):
        y, x = (
            np.where((places > -0.5) & (places < length - 0.5), np.rint(places).clip(0, length - 1), length).astype(int)
            for places, length in ((rows, label.shape[0]), (columns, label.shape[1]))
        )
        crops.append(reduce_labels(framed[y[:, None], x]) if reduce else framed[y[:, None], x])
    return crops


def joint_heatmaps(
    verbs: Ops, boxes: Sequence[Array], keypoints: Any, size: tuple[int, int], downscale: int, sigma: float
) -> tuple[list[Any], list[Any]]:
    """For each person, float32 heatmaps (joints, H, W), a bell at each joint, and weights (joints,), 1 if it counts.

    Args:
        verbs: of the backend whose arrays are made.
        boxes: of each image, float32 (n, 4).
        keypoints: [image][person][joint][x, y] or [x, y, visibility], in pixels of the image; 0 is not visible.
        size: (height, width) of a crop; heatmaps are smaller by `downscale`.
        sigma: of the bell, in pixels of the heatmap; it ends at three of them.

    Raises:
        ValueError: joints of other people than there are boxes; it names the image.
    """
    shape = size[0] // downscale, size[1] // downscale
    last = np.array([shape[1] - 1, shape[0] - 1], F32)
    if len(keypoints) != len(boxes):
        raise ValueError(f"got keypoints of {len(keypoints)} images and boxes of {len(boxes)}; each image has both")
    heatmaps, weights = [], []
    for image, (entries, people) in enumerate(zip(boxes, keypoints, strict=True)):
        if len(people) != len(entries):
            raise ValueError(f"image {image} has keypoints of {len(people)} people and {len(entries)} boxes")
        for joints, centre, sides in zip(people, *box_windows(entries, size), strict=True):
            joints = np.asarray(joints.tolist() if hasattr(joints, "tolist") else joints, F32)
            joints = joints.reshape(-1, joints.shape[-1] if joints.size else 2)
            places = ((joints[:, :2] - centre) / sides + F32(0.5)) * last
            seen = joints[:, 2] > 0 if joints.shape[1] > 2 else np.ones(len(joints), bool)
            exponents, shown, counts = _bells(places, seen, shape, sigma)
            bells = verbs.exp(verbs.unstack(verbs.stack([_array(verbs, exponents)]))[0])
            heatmaps.append(bells * verbs.cast(_array(verbs, shown), "float32"))
            weights.append(verbs.cast(_array(verbs, counts), "float32"))
    return heatmaps, weights


def _bells(places: Array, seen: Array, shape: tuple[int, int], sigma: float) -> tuple[Array, Array, Array]:
    """What a bell is the exponential of (n, H, W), where it is shown, and which joints count (n,)."""
    y, x = np.arange(shape[0], dtype=F32)[:, None], np.arange(shape[1], dtype=F32)
    across, down = (places[:, axis, None, None] for axis in (0, 1))
    exponents = -((x - across) ** 2 + (y - down) ** 2) / F32(2 * sigma**2)
    reach = int(sigma * 3)
    middle = (places + F32(0.5)).astype(np.int64)
    first, end = middle - reach, middle + reach + 1
    outside = (first >= np.array(shape[::-1])).any(axis=1) | (end < 0).any(axis=1)
    counts = seen & ~outside
    (left, top), (right, bottom) = first.T[:, :, None, None], end.T[:, :, None, None]
    shown = (x >= left) & (x < right) & (y >= top) & (y < bottom) & counts[:, None, None]
    return exponents, shown, counts


def _array(verbs: Ops, values: Array) -> Any:
    """A NumPy array as the backend's of the same type."""
    from ..image_processing_outputs import converter

    return converter(verbs.tensor_type)(values)
