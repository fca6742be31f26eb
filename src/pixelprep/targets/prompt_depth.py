"""Measured depth maps beside images: in metres, at their own size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..image_utils import make_flat_list_of_images
from ..ops.arrays import to_numpy

if TYPE_CHECKING:
    from ..core.schema import Options
    from ..image_processing_utils import BaseImageProcessor


def process_prompt_depth(processor: BaseImageProcessor, maps: Any, count: int, options: Options) -> list[Any]:
    """Depth maps in metres.

    Args:
        processor: whose backend is used.
        maps: one map `(H, W)` or several, as PIL images, arrays, tensors or files.
        count: of the images that they belong to.
        options: of the call; `prompt_scale_to_meter` is what one unit of the maps is in metres.

    Returns:
        float32 `(1, H, W)` arrays of the processor's backend. A map of one value gets a micrometre more in its first
        row, for models divide by the range. The caller's maps are left as they are.

    Raises:
        ValueError: another number of maps than of images, or a map of several channels.
    """
    flat = make_flat_list_of_images(processor.fetch_images(maps, 2), expected_ndims=2)
    if len(flat) != count:
        raise ValueError(f"got {len(flat)} prompt depth maps for {count} images; pass one (H, W) map for each image")
    verbs = processor.ops
    scaled = []
    for index, depth in enumerate(flat):
        pixels = to_numpy(depth)
        if pixels.ndim != 2:
            raise ValueError(f"prompt depth map {index} has shape {pixels.shape}; a map is one depth a pixel: (H, W)")
        if pixels.dtype.kind != "f" and not verbs.conventions.double_prompts:
            pixels = pixels.astype(np.float32)  # torch multiplies in float32, NumPy integers in float64
        pixels = pixels * options.prompt_scale_to_meter
        if pixels.min() == pixels.max():
            pixels[0] += 1e-6
        scaled.append(verbs.from_image(pixels.astype(np.float32), None, options.device))
    return scaled
