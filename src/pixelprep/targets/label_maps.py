"""Segmentation maps beside images: the same geometry, class ids instead of colours."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.enums import PILImageResampling
from ..image_utils import is_collection, is_pil_image, make_flat_list_of_images
from ..ops.arrays import to_numpy

if TYPE_CHECKING:
    from ..core.schema import Options
    from ..image_processing_utils import BaseImageProcessor

VALUE_STEPS = frozenset({"rescale", "normalize", "rescale_and_normalize", "flip_channel_order"})
# Backends resize ids wider than a byte as float32, which holds every integer up to here.
LARGEST_ID = 2**24
CHANNELS = (1, 3, 4)
"""Of pictures that are arrays."""


def process_label_maps(processor: BaseImageProcessor, maps: Any, images: Sequence[Any], options: Options) -> list[Any]:
    """Bring label maps to the size of their images: nearest neighbour, so that no new class ids appear (Q3).

    Args:
        processor: whose pipeline is followed, without the steps that change values.
        maps: one map `(H, W)` or several, as PIL images, arrays, tensors or files.
        images: that they belong to, `(C, H, W)`, before they are resized.
        options: of the call; `do_reduce_labels` is read if there is such an option.

    Returns:
        int64 `(H, W)` arrays of the processor's backend. The caller's maps are left as they are (Q4).

    Raises:
        ValueError: another number of maps than of images, a map of another size than its image, or one that holds more
            than one id for each pixel; it names the map.
    """
    labels = read_label_maps(processor, maps, images)
    if options.get("do_reduce_labels"):
        labels = [reduce_labels(label) for label in labels]
    return follow_images(processor, labels, options)


def read_label_maps(
    processor: BaseImageProcessor, maps: Any, images: Sequence[Any] | None
) -> list[np.ndarray[Any, Any]]:
    """Maps of any accepted kind as `(H, W)` integer arrays, one for each image if images are given; errors as above."""
    flat = flat_maps(processor, maps, images)
    if images is None:
        return [_class_ids(label, index) for index, label in enumerate(flat)]
    if len(flat) != len(images):
        raise ValueError(
            f"got {len(flat)} segmentation maps for {len(images)} images; pass one (H, W) map for each image"
        )
    labels = [_class_ids(label, index) for index, label in enumerate(flat)]
    for index, (label, image) in enumerate(zip(labels, images, strict=True)):
        if label.shape != tuple(image.shape[-2:]):
            sizes = ["x".join(map(str, shape)) for shape in (label.shape, image.shape[-2:])]
            raise ValueError(
                f"segmentation map {index} is {sizes[0]} and image {index} is {sizes[1]} (height x width); a map has "
                "the size of its image before it is processed"
            )
    return labels


def flat_maps(processor: BaseImageProcessor, maps: Any, images: Sequence[Any] | None) -> list[Any]:
    """Maps of any accepted kind in one list; an array with channels, of its image's size, is one map and no batch."""
    maps = processor.fetch_images(maps, 2)
    entries = list(maps) if is_collection(maps) else [maps]
    sizes = {tuple(image.shape[-2:]) for image in images or ()}
    batch = len(images or ()) if len(entries) == 1 else 1
    whole = [has_channels(entry, sizes, batch) for entry in entries]
    if not any(whole):
        return make_flat_list_of_images(entries, 2)
    parts = [[entry] if one else make_flat_list_of_images(entry, 2) for entry, one in zip(entries, whole, strict=True)]
    return [label for part in parts for label in part]


def has_channels(entry: Any, sizes: Container[tuple[int, ...]], batch: int) -> bool:
    """Whether an array of three axes is one picture of one of these sizes, and no batch of so many maps."""
    shape = () if is_collection(entry) or is_pil_image(entry) else tuple(getattr(entry, "shape", ()))
    if len(shape) != 3:
        return False
    first = shape[0] in CHANNELS and shape[0] not in (1, batch) and shape[1:] in sizes
    return first or (shape[-1] in CHANNELS and shape[:2] in sizes and shape[0] != batch)


def follow_images(
    processor: BaseImageProcessor, labels: Sequence[Any], options: Options, steps: Sequence[str] | None = None
) -> list[Any]:
    """Maps `(H, W)` through the steps of the pipeline that change sizes, as int64 arrays of the backend."""
    verbs = processor.ops
    arrays = [verbs.from_image(label, None, options.device) for label in labels]
    steps = [step for step in steps or processor.pipeline if step not in VALUE_STEPS]
    resized = processor.run_pipeline(arrays, options.replace(resample=PILImageResampling.NEAREST), steps)
    return [verbs.integers(verbs.unstack(label)[0]) for label in resized]


def reduce_labels(labels: Any) -> Any:
    """Class ids without the background class: each one less; 0 (background) and 255 (ignored) become 255.

    Negative ids, which losses ignore, stay. Bytes stay bytes; other types become int64, where nothing wraps.
    """
    if labels.dtype == np.uint8:
        return _REDUCED_BYTES[labels]
    wide = labels.astype(np.int64)
    return np.where((wide == 0) | (wide == 255), 255, wide - (wide > 0))


_REDUCED_BYTES = np.arange(-1, 255).astype(np.uint8)
_REDUCED_BYTES[255] = 255


def _class_ids(label: Any, index: int) -> Any:
    """A map as an `(H, W)` array of integers; palette images give their indices."""
    array = to_numpy(label)
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[-1]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2:
        mode = f"mode {label.mode}" if is_pil_image(label) else f"shape {array.shape}"
        raise ValueError(
            f"segmentation map {index} has {mode}; a map holds one class id for each pixel: (H, W). Colours are "
            "turned into ids by the data set's own palette"
        )
    if array.dtype.kind == "f":
        whole = array.astype(np.int64)
        if not np.array_equal(whole, array):
            raise ValueError(f"segmentation map {index} holds fractions; class ids are integers")
        return whole
    if array.dtype.itemsize > 2 and array.size and max(-int(array.min()), int(array.max())) > LARGEST_ID:
        raise ValueError(f"segmentation map {index} holds ids beyond {LARGEST_ID}: {array.min()} to {array.max()}")
    # Copied where the outputs could share the caller's memory; bytes are copied when they become int64.
    return array.astype(np.uint8, copy=False) if array.dtype in (np.bool_, np.uint8) else array.astype(np.int64)
