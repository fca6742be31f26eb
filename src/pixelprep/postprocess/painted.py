"""Classes from the colours that a model has painted (SegGPT)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..image_processing_outputs import BatchFeature
from ._arrays import Array, like, namespace, output, sizes_or_none
from ._resizing import nearest


def painted_segmentation(
    outputs: Any,
    mean: Sequence[float],
    std: Sequence[float],
    palette: Sequence[tuple[int, int, int]] | None = None,
    target_sizes: Any = None,
    return_segmentation_scores: bool = False,
) -> list[Any]:
    """The class of each pixel: the nearest colour of a palette.

    Args:
        outputs: with `pred_masks` (B, 3, 2 * H, W), normalised: the prompt's mask above the image's.
        mean, std: that pixels were normalised with.
        palette: colours of the classes; without one the mean of the channels is the class.
        target_sizes: (height, width) of each image, to which maps are resized (nearest); None for (H, W).
        return_segmentation_scores: gives `segmentation` and `segmentation_scores`, minus the squared distance to each
            colour (classes, height, width), or None without a palette.

    Returns:
        for each image a map (height, width) of classes: int64, or int32 without a palette.

    Raises:
        ValueError: not one target size per image.
    """
    masks = output(outputs, "pred_masks")
    xp = namespace(masks)
    scale, shift = (like(np.array(values, np.float32)[:, None, None], masks, masks.dtype) for values in (std, mean))
    masks = xp.clip((masks[:, :, masks.shape[2] // 2 :] * scale + shift) * 255, min=0, max=255)
    results = []
    for mask, size in zip(masks, sizes_or_none(target_sizes, masks.shape[0]), strict=True):
        if palette is None:
            segmentation, scores = xp.astype(xp.mean(mask, axis=0), xp.int32), None
        else:
            distances = xp.stack([_distance(mask, colour) for colour in palette])
            segmentation, scores = xp.argmin(distances, axis=0), -distances
        # Each pixel is judged by itself, so that a small map grows instead of a distance to every colour.
        segmentation = nearest(segmentation, size)
        if return_segmentation_scores:
            scores = None if scores is None else nearest(scores, size)
            segmentation = BatchFeature({"segmentation": segmentation, "segmentation_scores": scores})
        results.append(segmentation)
    return results


def _distance(mask: Array, colour: Sequence[int]) -> Array:
    """The squared distance of each pixel (3, H, W) to a colour: (H, W)."""
    red, green, blue = ((plane - float(level)) ** 2 for plane, level in zip(mask, colour, strict=True))
    return red + green + blue
