"""COCO annotations made into the training targets of DETR and its relatives (Carion et al. 2020).

Annotations are small, so they are NumPy arrays whatever the images are; a family turns them into tensors. Corner boxes
are `(x0, y0, x1, y1)` and centre boxes `(x, y, width, height)`; sizes are `(height, width)`.

The reference's two backends keep different conventions, told apart by `Conventions`: the dtype of masks that were not
resized, which pixel is the nearest one, and the precision of the ratios that padding multiplies boxes by.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.enums import AnnotationFormat
from ..core.errors import place
from ..ops.filters import nearest_exact
from ..ops.protocol import Conventions

__all__ = [
    "boxes_past_the_image",
    "normalize_annotation",
    "pad_annotation",
    "prepare_annotation",
    "resize_annotation",
    "validate_annotations",
]

Array: TypeAlias = NDArray[Any]
Annotation: TypeAlias = Mapping[str, Any]
Records: TypeAlias = Sequence[tuple[str, Annotation]]
Size: TypeAlias = Sequence[int]

TORCHVISION = Conventions()

# The keys an annotation must have, and which of them is its list of objects.
_KEYS = {
    AnnotationFormat.COCO_DETECTION: (("image_id", "annotations"), "annotations"),
    AnnotationFormat.COCO_PANOPTIC: (("image_id", "file_name", "segments_info"), "segments_info"),
}
# pycocotools allocates memory in proportion to the length of an outline, some 80 bytes a pixel, and does not check it.
_LARGEST_COORDINATE = 1e6
_LONGEST_OUTLINE = 1e6


def validate_annotations(
    annotations: Annotation | Iterable[Annotation], format: str, num_images: int | None = None
) -> list[Annotation]:
    """Check the structure of annotations and return them as a list, one per image.

    Args:
        annotations: one COCO annotation, or one per image: with the keys `image_id` and `annotations` for
            "coco_detection"; `image_id`, `file_name` and `segments_info` for "coco_panoptic".
        format: "coco_detection" or "coco_panoptic".
        num_images: how many there must be; None for any number.

    Raises:
        ValueError: an unknown format, another number, or an annotation that is not one; it names the index.
    """
    required, objects = _KEYS[AnnotationFormat(format)]
    listed = [annotations] if isinstance(annotations, Mapping) else list(annotations)
    if num_images is not None and len(listed) != num_images:
        raise ValueError(f"got {len(listed)} annotations for {num_images} images; pass one annotation per image")
    for index, annotation in enumerate(listed):
        name = f"annotations[{index}]"
        if not isinstance(annotation, Mapping):
            raise ValueError(f"{name} must be a {format} dictionary with {', '.join(required)}; got {annotation!r:.80}")
        if missing := [key for key in required if key not in annotation]:
            raise ValueError(f"{name} is no {format} annotation: it has no {missing[0]!r}, only {list(annotation)}")
        if not isinstance(annotation[objects], list | tuple):
            raise ValueError(f"{name}[{objects!r}] must be a list of dictionaries; got {annotation[objects]!r:.80}")
        for position, record in enumerate(annotation[objects]):
            if not isinstance(record, Mapping):
                raise ValueError(f"{name}[{objects!r}][{position}] must be a dictionary; got {record!r:.80}")
    return listed


def prepare_annotation(
    target: Annotation,
    format: str,
    image_size: Size,
    *,
    return_segmentation_masks: bool | None = None,
    masks_path: str | os.PathLike[str] | None = None,
    conventions: Conventions = TORCHVISION,
) -> dict[str, Any]:
    """Turn one COCO annotation into arrays; its boxes are (x, y, width, height) in pixels, not corners.

    Args:
        target: the annotation, as `validate_annotations` takes it.
        format: "coco_detection" or "coco_panoptic".
        image_size: (height, width) of its image, in pixels.
        return_segmentation_masks: adds `masks`; None for no with detection, yes with panoptic annotations.
        masks_path: the folder of the PNG files that panoptic annotations name.
        conventions: those of the backend.

    Returns:
        `image_id` (1,), `class_labels`, `iscrowd` (n,), `orig_size` (2,) int64; `boxes` (n, 4) float32 corners in
        pixels; `area` (n,) float32; `masks` (n, H, W); detection: `keypoints` (n * k, 3) float32 where there are any;
        panoptic: `size` (2,) int64.

    Raises:
        ValueError: a value that is missing, no number, not finite or of a wrong length, or a PNG file that does not fit
            the image.
        ImportError: polygons are to become masks and pycocotools is missing.
    """
    height, width = (int(side) for side in image_size)
    if AnnotationFormat(format) is AnnotationFormat.COCO_DETECTION:
        return _prepare_detection(
            target,
            height,
            width,
            bool(return_segmentation_masks),
            np.bool_ if conventions.mask_types_swapped else np.uint8,
        )
    return_masks = return_segmentation_masks is None or return_segmentation_masks
    return _prepare_panoptic(
        target, height, width, return_masks, masks_path, np.uint8 if conventions.mask_types_swapped else np.bool_
    )


def resize_annotation(
    annotation: Annotation,
    orig_size: Size,
    target_size: Size,
    *,
    threshold: float = 0.5,
    conventions: Conventions = TORCHVISION,
) -> dict[str, Any]:
    """Scale corner `boxes`, `area` and `masks` along with an image of `orig_size` that became `target_size`.

    `size` becomes the first key, the target size as a tuple; masks become bool: the nearest pixel is above `threshold`;
    `keypoints` (x, y, visibility) are scaled as boxes are.
    """
    height, width = (int(side) for side in target_size)
    ratio_height, ratio_width = height / int(orig_size[0]), width / int(orig_size[1])
    size = {"size": (height, width)}
    resized = size | dict(annotation) | size
    if "boxes" in annotation:
        ratios = np.array([ratio_width, ratio_height, ratio_width, ratio_height], np.float32)
        resized["boxes"] = np.asarray(annotation["boxes"]) * ratios
    if "area" in annotation:
        resized["area"] = np.asarray(annotation["area"]) * (ratio_width * ratio_height)
    if "keypoints" in annotation:
        resized["keypoints"] = _scale_keypoints(annotation["keypoints"], ratio_width, ratio_height)
    if "masks" in annotation:
        masks = np.asarray(annotation["masks"])
        rows, columns = (
            _nearest(*sides, conventions.pillow_nearest) for sides in zip(masks.shape[1:], (height, width), strict=True)
        )
        resized["masks"] = masks[:, rows[:, None], columns] > threshold
    return resized


def normalize_annotation(annotation: Annotation, image_size: Size) -> dict[str, Any]:
    """Corner `boxes` in pixels of an image of `image_size` become centre boxes in 0..1, `keypoints` points in 0..1."""
    normalized = dict(annotation)
    height, width = image_size
    if "keypoints" in annotation:
        normalized["keypoints"] = _scale_keypoints(annotation["keypoints"], 1 / width, 1 / height)
    if "boxes" in annotation:
        x0, y0, x1, y1 = np.asarray(annotation["boxes"]).T
        centred = np.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], axis=-1)
        normalized["boxes"] = centred / np.array([width, height, width, height], np.float32)
    return normalized


def pad_annotation(
    annotation: Annotation,
    image_size: Size,
    padded_size: Size,
    *,
    update_boxes: bool = True,
    conventions: Conventions = TORCHVISION,
) -> dict[str, Any]:
    """Let an annotation follow its image, padded at the bottom and right from `image_size` to `padded_size`.

    `size` becomes the first key, the padded size as a tuple; masks grow by zeros; `update_boxes` rescales boxes and
    keypoints, which are then taken to be in 0..1. Where the size stays, so does the annotation.
    """
    (height, width), (padded_height, padded_width) = image_size, padded_size
    if (height, width) == (padded_height, padded_width):
        return dict(annotation)
    size = {"size": (padded_height, padded_width)}
    padded = size | dict(annotation) | size
    ratio_height, ratio_width = height / padded_height, width / padded_width
    if "keypoints" in annotation and update_boxes:
        padded["keypoints"] = _scale_keypoints(annotation["keypoints"], ratio_width, ratio_height)
    if "boxes" in annotation and update_boxes:
        ratios = np.array(
            [ratio_width, ratio_height, ratio_width, ratio_height],
            np.float64 if conventions.double_ratios else np.float32,
        )
        boxes = np.asarray(annotation["boxes"])
        padded["boxes"] = (boxes * ratios).astype(boxes.dtype)
    if "masks" in annotation:
        padded["masks"] = np.pad(annotation["masks"], ((0, 0), (0, padded_height - height), (0, padded_width - width)))
    return padded


def boxes_past_the_image(target: Annotation, image_size: Size) -> tuple[int, int]:
    """How many boxes of a detection annotation reach more than a pixel past their image, and how many there are.

    Boxes (x, y, width, height) seldom do; corners (x0, y0, x1, y1) that are taken for them mostly do.
    """
    boxes = _column(_objects(target), "bbox", np.float32, (4,))
    past = boxes[:, :2] + boxes[:, 2:] > np.array(image_size[::-1], np.float32) + 1
    return int(past.any(axis=1).sum()), len(boxes)


def _scale_keypoints(keypoints: Any, ratio_width: float, ratio_height: float) -> Array:
    """Keypoints (n, 3) with x and y scaled; what has another shape, as annotations without objects have, stays."""
    scaled = np.asarray(keypoints)
    return scaled * np.array([ratio_width, ratio_height, 1], np.float32) if scaled.shape[-1] == 3 else scaled


def _objects(target: Annotation) -> Records:
    """The objects of a detection annotation without crowds."""
    return [(name, record) for name, record in _records(target, "annotations") if record.get("iscrowd", 0) == 0]


def _prepare_detection(
    target: Annotation, height: int, width: int, return_masks: bool, mask_dtype: type
) -> dict[str, Any]:
    objects = _objects(target)
    boxes = _column(objects, "bbox", np.float32, (4,))
    if not np.isfinite(boxes).all():
        name, record = objects[int(np.isfinite(boxes).all(axis=1).argmin())]
        raise ValueError(f"{name}: 'bbox' must hold finite numbers (x, y, width, height); got {record['bbox']!r:.80}")
    boxes[:, 2:] += boxes[:, :2]
    boxes = boxes.clip(0, np.array([width, height, width, height], np.float32))
    keep = (boxes[:, 3] > boxes[:, 1]) & (boxes[:, 2] > boxes[:, 0])

    labels = _column(objects, "category_id", np.int64)[keep]
    prepared = {
        "image_id": _column([("the annotation", target)], "image_id", np.int64),
        "class_labels": labels,
        "boxes": boxes[keep],
        "area": _column(objects, "area", np.float32)[keep],
        "iscrowd": np.zeros_like(labels),
        "orig_size": np.array([height, width]),
    }
    named = next((entry for entry in objects if "keypoints" in entry[1]), None)
    if named is not None:
        numbers = _column([named], "keypoints", np.float32, (_length(named[1]["keypoints"]),)).size
        if numbers % 3:
            raise ValueError(f"{named[0]}: 'keypoints' holds x, y and visibility of each point, not {numbers} numbers")
        keypoints = _column(objects, "keypoints", np.float32, (numbers,))[keep]
        prepared["keypoints"] = keypoints.reshape(-1, 3) if len(keypoints) else keypoints
    if return_masks:
        kept = [record for record, kept in zip(objects, keep, strict=True) if kept]
        prepared["masks"] = _polygons_to_masks(kept, height, width).astype(mask_dtype)
    return prepared


def _prepare_panoptic(
    target: Annotation,
    height: int,
    width: int,
    return_masks: bool,
    masks_path: str | os.PathLike[str] | None,
    mask_dtype: type,
) -> dict[str, Any]:
    key = "image_id" if "image_id" in target else "id"
    prepared = {
        "image_id": _column([("the annotation", target)], key, np.int64),
        "size": np.array([height, width]),
        "orig_size": np.array([height, width]),
    }
    if "segments_info" not in target:
        return prepared
    if masks_path is None:
        raise ValueError("coco_panoptic annotations need masks_path, the folder of the PNG files that they name")
    segments = _records(target, "segments_info")
    segment_ids = _read_segment_ids(masks_path, target)
    masks = segment_ids == _column(segments, "id", np.int64)[:, None, None]
    if return_masks:
        prepared["masks"] = masks.astype(mask_dtype)
    return prepared | {
        "boxes": _masks_to_boxes(masks),
        "class_labels": _column(segments, "category_id", np.int64),
        "iscrowd": _column(segments, "iscrowd", np.int64),
        "area": _column(segments, "area", np.float32),
    }


def _records(target: Annotation, key: str) -> Records:
    """The objects of an annotation, each with its name for errors."""
    if key not in target:
        raise ValueError(f"the annotation has no {key!r}, only {list(target)}")
    image_id = target.get("image_id", target.get("id"))
    return [(f"{key}[{index}] of image_id {image_id!s:.100}", record) for index, record in enumerate(target[key])]


def _column(records: Records, key: str, dtype: type, shape: tuple[int, ...] = ()) -> Array:
    """The values of one key, stacked: (n, *shape)."""
    column: Array = np.empty((len(records), *shape), dtype)
    for row, (name, record) in enumerate(records):
        if key not in record:
            raise ValueError(f"{name} has no {key!r}, only {list(record)}")
        try:
            value: Array = np.asarray(record[key], dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{name}: {key!r} is no {np.dtype(dtype)}: {record[key]!r:.80} ({error})") from error
        if shape == () and value.size == 1:
            value = value.reshape(())
        if value.shape != shape:
            raise ValueError(f"{name}: {key!r} must have the shape {shape}; got {record[key]!r:.80}")
        column[row] = value
    return column


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (list, tuple, np.ndarray)) else 0


def _polygons_to_masks(objects: Records, height: int, width: int) -> Array:
    """The union of each object's polygons, or its run lengths (compressed or not), as a mask: (n, height, width)."""
    try:
        from pycocotools import mask as coco
    except ImportError as error:
        raise ImportError("masks of polygons need pycocotools, which is missing: pip install pycocotools") from error
    masks = np.zeros((len(objects), height, width), np.bool_)
    for mask, (name, record) in zip(masks, objects, strict=True):
        if "segmentation" not in record:
            raise ValueError(f"{name} has no 'segmentation', only {list(record)}: no mask can be made of it")
        polygons = record["segmentation"]
        try:
            if isinstance(polygons, Mapping):
                mask[...] = coco.decode(_run_lengths(coco, polygons, height, width))
                continue
            outline = 0.0
            for polygon in polygons:
                points: Array = np.asarray(polygon, np.float64)
                if not (np.abs(points) <= _LARGEST_COORDINATE).all():
                    raise ValueError(f"coordinates must be finite and at most {_LARGEST_COORDINATE:.0f}")
                corners = points[: points.size // 2 * 2].reshape(-1, 2)
                outline += float(np.abs(corners - np.roll(corners, 1, axis=0)).sum())
            if outline > _LONGEST_OUTLINE:
                raise ValueError(f"the outline is {outline:.0f} pixels long, at most {_LONGEST_OUTLINE:.0f} are drawn")
            if polygons:
                mask[...] = coco.decode(coco.frPyObjects(polygons, height, width)).reshape(height, width, -1).any(2)
        except Exception as error:  # pycocotools raises bare Exceptions
            raise ValueError(
                f"{name}: 'segmentation' is no list of polygons and no run lengths: {polygons!r:.80} ({error})"
            ) from error
    return masks


def _run_lengths(coco: Any, segmentation: Annotation, height: int, width: int) -> Any:
    """COCO's run lengths as its library decodes them; they must cover the image, no more."""
    size, counts = [int(side) for side in segmentation["size"]], segmentation["counts"]
    if size != [height, width]:
        raise ValueError(f"run lengths of {size} for an image of {[height, width]} (height, width)")
    if isinstance(counts, str | bytes):
        counts = uncompressed(counts, height * width)
    whole = [int(count) for count in counts]
    if whole != list(counts):
        raise ValueError("the counts must be whole numbers")
    if sum(whole) != height * width or min(whole, default=0) < 0:
        raise ValueError(f"the counts sum up to {sum(whole)}, not to {height} x {width}")
    return coco.frPyObjects({"size": size, "counts": whole}, height, width)


def uncompressed(text: str | bytes, most: int) -> list[int]:
    """The counts of COCO's compressed run lengths, which its library decodes without looking where they end.

    Five bits a character from 48 on, the sixth for "more follows"; from the fourth count on, the difference to the one
    two before.

    Raises:
        ValueError: other characters, an end in the middle of a count, or a count above `most`.
    """
    counts: list[int] = []
    value, shift = 0, 0
    for code in text.encode() if isinstance(text, str) else text:
        part = code - 48
        if not 0 <= part < 64 or shift > 60:
            raise ValueError("the counts are no compressed run lengths of COCO's")
        value |= (part & 31) << shift
        shift += 5
        if part & 32:
            continue
        if part & 16:
            value -= 1 << shift
        count = value + (counts[-2] if len(counts) > 2 else 0)
        if not 0 <= count <= most:
            raise ValueError(f"a count of {count} for an image of {most} pixels")
        counts.append(count)
        value, shift = 0, 0
    if shift:
        raise ValueError("the counts end in the middle of one")
    return counts


def _read_segment_ids(folder: str | os.PathLike[str], target: Annotation) -> Array:
    """The ids that an annotation's PNG file holds as red + 256 green + 65536 blue: (height, width) uint32.

    Raises:
        ValueError: the file lies outside the folder, or is no colour image within the limits; the message names the
            annotation. FileNotFoundError: there is none.
    """
    from ..images.decoding import ImageLoadError, load_image

    name = f"image_id {target.get('image_id', target.get('id'))!s:.100}"
    file = target.get("file_name")
    if not isinstance(file, str):
        raise ValueError(f"the annotation of {name} names no file in `file_name`: {file!r:.80}")
    path = Path(os.path.realpath(folder), file)
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise ValueError(f"the annotation of {name}: the file {file!r:.80} is not inside {os.fspath(folder)!r}")
    try:
        image = load_image(path)
    except ImageLoadError as error:
        place(error, f"the annotation of {name}")
        raise
    if image.mode not in ("RGB", "RGBA", "P"):
        raise ValueError(f"the annotation of {name}: {path} must be a colour image, not of mode {image.mode}")
    return np.asarray(image.convert("RGBA")).view("<u4")[..., 0] & 0xFFFFFF


def _masks_to_boxes(masks: Array) -> Array:
    """Corner boxes of bool masks, first and last pixel included; as in the reference (1e8, 1e8, 0, 0) for none."""
    height, width = masks.shape[1:]
    rows, columns = np.any(masks, axis=2), np.any(masks, axis=1)
    boxes = [
        columns.argmax(axis=1),
        rows.argmax(axis=1),
        width - 1 - columns[:, ::-1].argmax(axis=1),
        height - 1 - rows[:, ::-1].argmax(axis=1),
    ]
    found = np.any(rows, axis=1)[:, None]
    return np.where(found, np.stack(boxes, axis=1), [1e8, 1e8, 0, 0]).astype(np.float32)


def _nearest(length: int, size: int, pillow: bool) -> Array:
    """Which of `length` pixels is nearest to each of `size`: floor((i + 0.5) * length / size), rounded as they round.

    Pillow adds the step up in double precision, others round to float32 (`nearest_exact`). Ties differ.
    """
    if not pillow:
        return nearest_exact(length, size)
    steps = np.full(size, length / size)
    steps[:1] /= 2
    return np.cumsum(steps).astype(np.int64)
