"""Colours for classes, far apart in every channel, for models that paint their masks (SegGPT)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..image_utils import is_pil_image

Array = np.ndarray[Any, Any]
Colour = tuple[int, int, int]


def build_palette(num_labels: int) -> list[Colour]:
    """Black for class 0, the background, and one colour for each of so many classes, from a cubic grid."""
    base = int(num_labels ** (1 / 3)) + 1
    step = 256 // base
    places = ((place // base**2, place % base**2 // base, place % base) for place in range(num_labels))
    return [(0, 0, 0), *((255 - red * step, 255 - green * step, 255 - blue * step) for red, green, blue in places)]


def mask_to_rgb(mask: Any, palette: Sequence[Colour] | None = None) -> Array:
    """A map of classes `(H, W)` or `(1, H, W)` in the colours of a palette, uint8 `(3, H, W)`.

    Without a palette it is repeated three times, in its own type.

    Raises:
        ValueError: a class that has no colour.
    """
    ids = np.asarray(mask)
    ids = ids[0] if ids.ndim == 3 else ids
    if palette is None:
        return np.repeat(ids[None], 3, axis=0)
    if ids.size and not 0 <= ids.min() <= ids.max() < len(palette):
        raise ValueError(
            f"the mask holds classes {ids.min()} to {ids.max()}; num_labels={len(palette) - 1} has colours for 0 (the "
            f"background) to {len(palette) - 1}"
        )
    colours: Array = np.array(palette, np.uint8)[ids].transpose(2, 0, 1)
    return colours


def is_painted(mask: Any) -> bool:
    """Whether a mask has colours, not classes."""
    return len(mask.getbands() if is_pil_image(mask) else mask.shape) >= 3


def painted_masks(labels: Sequence[Array], num_labels: int | None) -> list[Array]:
    """Maps of classes as colours; errors name the mask."""
    palette = None if num_labels is None else build_palette(num_labels)
    painted = []
    for index, label in enumerate(labels):
        try:
            painted.append(mask_to_rgb(label, palette))
        except ValueError as error:
            raise ValueError(f"prompt mask {index}: {error}") from error
    return painted
