"""Segmentation maps beside images: the same geometry, class ids instead of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .image_utils import PILImageResampling, is_pil_image, make_flat_list_of_images
from .ops.reference import to_numpy

if TYPE_CHECKING:
    from .image_processing_utils import BaseImageProcessor
    from .processing_utils import Options

VALUE_STEPS = frozenset({"rescale", "normalize", "rescale_and_normalize"})


def process_label_maps(processor: BaseImageProcessor, maps: Any, count: int, options: Options) -> list[Any]:
    """Bring label maps to the size of their images: nearest neighbour, so that no new class ids appear.

    Args:
        processor: whose pipeline is followed, without the steps that change values.
        maps: one map `(H, W)` or several, as PIL images, arrays, tensors or files.
        count: of the images that they belong to.
        options: of the call; `do_reduce_labels` is read if there is such an option.

    Returns:
        int64 `(H, W)` arrays of the processor's backend. The caller's maps are left as they are.

    Raises:
        ValueError: another number of maps than of images, or a map that holds more than one id for each pixel.
    """
    verbs = processor.ops
    flat = make_flat_list_of_images(processor.fetch_images(maps, 2), expected_ndims=2)
    if len(flat) != count:
        raise ValueError(f"got {len(flat)} segmentation maps for {count} images; pass one (H, W) map for each image")
    labels = [_class_ids(label, index) for index, label in enumerate(flat)]
    if options.get("do_reduce_labels"):
        labels = [reduce_labels(label) for label in labels]
    arrays = [verbs.from_image(label, None, options.device) for label in labels]
    steps = [step for step in processor.pipeline if step not in VALUE_STEPS]
    resized = processor.run_pipeline(arrays, options.replace(resample=PILImageResampling.NEAREST), steps)
    return [verbs.integers(verbs.unstack(label)[0]) for label in resized]


def reduce_labels(labels: Any) -> Any:
    """Class ids without the background class: each one less, 0 (background) and 255 (ignored) become 255."""
    return np.where((labels == 0) | (labels == 255), labels.dtype.type(255), labels - 1)


def _class_ids(label: Any, index: int) -> Any:
    """A map as an `(H, W)` array; palette images give their indices."""
    array = to_numpy(label)
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[-1]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2:
        mode = f"mode {label.mode}" if is_pil_image(label) else f"shape {array.shape}"
        raise ValueError(f"segmentation map {index} has {mode}; a map holds one class id for each pixel: (H, W)")
    return array
