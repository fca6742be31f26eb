"""Back from padded batches: what part of a model's canvas each image covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._arrays import Array, output, resize_bilinear, sizes_or_none, to_numpy


def without_padding(
    segment: Callable[[Any, Any], list[Any]],
    outputs: Any,
    pixel_mask: Array | None,
    target_sizes: Any = None,
) -> list[Any]:
    """What a function makes of a model's masks, on each image without the padding of its batch.

    The masks of one image at a time are resized to the padded image that the model saw, and cut to the image.

    Args:
        segment: takes outputs and target sizes, gives one result per image.
        outputs: with `logits` (B, queries, classes) and `pred_masks` (B, queries, h, w).
        pixel_mask: (B, H, W), the mask that went into the model; None leaves everything to `segment`.
        target_sizes: as `segment` takes them; None gives results of the images' sizes in the model.

    Raises:
        ValueError: not one mask or not one target size per image.
    """
    if pixel_mask is None:
        return segment(outputs, target_sizes)
    logits, masks = output(outputs, "logits"), output(outputs, "pred_masks")
    canvas = (int(pixel_mask.shape[-2]), int(pixel_mask.shape[-1]))
    seen = mask_sizes(pixel_mask, logits.shape[0])
    results: list[Any] = []
    for i, ((rows, columns), size) in enumerate(zip(seen, sizes_or_none(target_sizes, logits.shape[0]), strict=True)):
        cut = resize_bilinear(masks[i], canvas)[:, :rows, :columns]
        alone = {"logits": logits[i : i + 1], "pred_masks": cut[None]}
        results.extend(segment(alone, None if size is None else [size]))
    return results


def mask_sizes(pixel_mask: Array, batch_size: int) -> list[tuple[int, int]]:
    """(height, width) of the image in each of a batch's padded ones, which `pixel_mask` (B, H, W) marks with 1.

    Raises:
        ValueError: not one mask per image, or one without pixels.
    """
    if len(pixel_mask.shape) != 3 or pixel_mask.shape[0] != batch_size:
        raise ValueError(
            f"pixel_mask must be (B, height, width) with one mask for each of {batch_size} images; "
            f"its shape is {tuple(pixel_mask.shape)}"
        )
    masks = to_numpy(pixel_mask) != 0
    sizes = [(int(mask.any(axis=1).sum()), int(mask.any(axis=0).sum())) for mask in masks]
    if empty := [index for index, size in enumerate(sizes) if 0 in size]:
        raise ValueError(f"pixel_mask[{empty[0]}] marks no pixel of the image")
    return sizes
