"""A mask and a class for each object of an image, from maps of ids or COCO annotations, as the MaskFormer group learns.

Maps follow their images before masks are made of them, so that one small map is all there is until the output.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.enums import AnnotationFormat
from .annotations import prepare_annotation, validate_annotations
from .label_maps import follow_images, read_label_maps

if TYPE_CHECKING:
    from ..core.schema import Options
    from ..image_processing_utils import BaseImageProcessor

Array = np.ndarray[Any, Any]
# A window (top, left, bottom, right) of an image, and the size that it is filled up to with zeros.
Part = tuple[tuple[int, int, int, int], tuple[int, int]]


class Objects(NamedTuple):
    """The objects of one image: `classes[i]` is there where `maps[i]` (H, W) holds `ids[i]`."""

    classes: list[int]
    maps: list[Array]
    ids: list[int]
    shape: tuple[int, int]

    def take(self, indices: Sequence[int]) -> Objects:
        """Some of them, in another order."""
        classes, maps, ids = ([part[index] for index in indices] for part in (self.classes, self.maps, self.ids))
        return Objects(classes, maps, ids, self.shape)  # type: ignore[arg-type]

    def class_ids(self) -> Array:
        """`classes` as an int64 array."""
        return np.array(self.classes, np.int64)

    def merged(self) -> Objects:
        """One object for each class, where the first of the class stood."""
        groups: dict[int, list[int]] = {}
        for index, label in enumerate(self.classes):
            groups.setdefault(label, []).append(index)
        maps = [np.any([self.mask(index) for index in group], axis=0).astype(np.uint8) for group in groups.values()]
        return Objects(list(groups), maps, [1] * len(groups), self.shape)

    def mask(self, index: int, out: Array | None = None) -> Array:
        """One object's mask (H, W), bool or of the type of `out`."""
        return np.equal(self.maps[index], self.ids[index], out=out)

    def planes(self, size: tuple[int, int], fill: float, dtype: str) -> Array:
        """All masks (n, *size) of a type, filled up at the bottom and the right."""
        planes = np.full((len(self.classes), *size), fill, dtype)
        height, width = self.shape
        for index, plane in enumerate(planes):
            self.mask(index, plane[:height, :width])
        return planes


def read_objects(
    processor: BaseImageProcessor,
    images: Sequence[Any],
    options: Options,
    maps: Any = None,
    instance_id_to_semantic_id: Any = None,
    annotations: Any = None,
    masks_path: str | os.PathLike[str] | None = None,
    parts: Callable[[int, int], Sequence[Part]] | None = None,
) -> list[Objects] | None:
    """The objects of each image, at the size that resizing gives it; None if neither maps nor annotations are there.

    Args:
        processor: whose `resize` is followed.
        images: as they came, `(C, H, W)`.
        options: of the call: `ignore_index` and `do_reduce_labels` are read.
        maps: one `(H, W)` of ids for each image.
        instance_id_to_semantic_id: the class of each id, one mapping for all images or one for each; without it ids are
            classes.
        annotations: COCO's instead of maps, detection (polygons or run lengths) or panoptic; masks may overlap.
        masks_path: folder of the PNG files that panoptic annotations name.
        parts: of an image of a height and width, if it is cut; the result then has an entry for each part.

    Raises:
        ValueError: both are given, `do_reduce_labels` without `ignore_index`, an id without a class, or what is wrong
            with a map or an annotation; it names the image.
    """
    if maps is None and annotations is None:
        return None
    reduce = bool(options.do_reduce_labels)
    if reduce and options.ignore_index is None:
        raise ValueError("`do_reduce_labels` makes id 0 `ignore_index`, which is None; pass ignore_index=255, say")
    if maps is not None and annotations is not None:
        raise ValueError("segmentation_maps and annotations say the same; pass one of them")
    if annotations is not None:
        given = _of_annotations(processor, images, options, annotations, masks_path)
        return [_seen(entry, part) for entry in given for part in _parts(entry.shape, parts)]
    labels = read_label_maps(processor, maps, images)
    tables = _tables(instance_id_to_semantic_id, len(images))
    resized = [
        np.asarray(label) for label in follow_images(processor, labels, options.replace(device=None), ("resize",))
    ]
    return [
        objects_of_map(_cut(label, part), table, options.ignore_index, reduce, index)
        for index, (label, table) in enumerate(zip(resized, tables, strict=True))
        for part in _parts(label.shape, parts)
    ]


def objects_of_map(
    labels: Array, table: Mapping[Any, int] | None, ignore_index: int | None, reduce: bool, image: int
) -> Objects:
    """What a map of ids (H, W) shows, in rising order of ids.

    With `reduce` id 0 is void and every class is one less. `ignore_index` is void among ids and among classes, so that
    255 never becomes class 254; among instances it is an id like others after that. Negative classes stay.

    Raises:
        ValueError: the table lacks an id.
    """
    void = {ignore_index, 0} if reduce else {ignore_index}
    ids = [int(label) for label in np.unique(labels) if int(label) not in void]
    if table is None:
        ids = [label for label in ids if label - (reduce and label > 0) != ignore_index]
        classes = [label - (reduce and label > 0) for label in ids]
    else:
        classes = [_class_of(table, label, image) - reduce for label in ids]
    return Objects(classes, [labels] * len(ids), ids, labels.shape)


def _tables(given: Any, count: int) -> Sequence[Mapping[Any, int] | None]:
    """One table for each image.

    Raises:
        ValueError: another number of tables, or something else.
    """
    if given is None or isinstance(given, Mapping):
        return [given] * count
    tables = list(given)
    if len(tables) != count or not all(table is None or isinstance(table, Mapping) for table in tables):
        raise ValueError(
            f"instance_id_to_semantic_id must be one mapping for all images or a list of one for each, {count} in all; "
            f"got {given!r:.200}"
        )
    return tables


def _class_of(table: Mapping[Any, int], label: int, image: int) -> int:
    """The class of an id; tables that were JSON have text for ids."""
    found = table.get(label, table.get(str(label)))
    if found is None:
        known = ", ".join(map(str, list(table)[:20])) + (", ..." if len(table) > 20 else "")
        raise ValueError(
            f"instance_id_to_semantic_id has no class for id {label}, which the map of image {image} holds; it knows "
            f"{known or 'none'}. Give every id a class; background is left out by ignore_index={label}, or if it is 0 "
            "by do_reduce_labels=True"
        )
    return int(found)


def _of_annotations(
    processor: BaseImageProcessor,
    images: Sequence[Any],
    options: Options,
    annotations: Any,
    masks_path: str | os.PathLike[str] | None,
) -> list[Objects]:
    """The objects of COCO annotations, resized with their images."""
    listed = [annotations] if isinstance(annotations, Mapping) else list(annotations)
    panoptic = any(isinstance(target, Mapping) and "segments_info" in target for target in listed)
    format = AnnotationFormat.COCO_PANOPTIC if panoptic else AnnotationFormat.COCO_DETECTION
    objects = []
    for image, target in zip(images, validate_annotations(listed, format, len(images)), strict=True):
        size = image.shape[-2:]
        prepared = prepare_annotation(target, format, size, return_segmentation_masks=True, masks_path=masks_path)
        planes = [mask.astype(np.uint8, copy=False) for mask in prepared["masks"]]
        shown = planes or [np.zeros(size, np.uint8)]
        followed = follow_images(processor, shown, options.replace(device=None), ("resize",))
        masks = [np.asarray(mask).astype(np.uint8) for mask in followed]
        classes = [int(label) - bool(options.do_reduce_labels) for label in prepared["class_labels"]]
        objects.append(Objects(classes, masks[: len(planes)], [1] * len(planes), masks[0].shape))
    return objects


def _parts(shape: tuple[int, int], parts: Callable[[int, int], Sequence[Part]] | None) -> Sequence[Part]:
    return [((0, 0, *shape), shape)] if parts is None else parts(*shape)


def _cut(label: Array, part: Part) -> Array:
    """A window of a map, filled up with zeros."""
    (top, left, bottom, right), size = part
    window = label[top:bottom, left:right]
    if window.shape == size:
        return window
    filled = np.zeros(size, label.dtype)
    filled[: window.shape[0], : window.shape[1]] = window
    return filled


def _seen(objects: Objects, part: Part) -> Objects:
    """The objects that have a pixel in a part, as maps show no others."""
    maps = [_cut(mask, part) for mask in objects.maps]
    return Objects(objects.classes, maps, objects.ids, part[1]).take([i for i, mask in enumerate(maps) if mask.any()])
