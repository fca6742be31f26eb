"""Transparent images on a checkerboard, as image viewers show them."""

from __future__ import annotations

from typing import Any

from ..core.enums import ChannelDimension
from ..image_utils import channel_layout, is_pil_image

SQUARE = 8
LIGHT, DARK = 204, 153


def on_checkerboard(image: Any, input_data_format: ChannelDimension | str | None = None) -> Any:
    """Lay a transparent image on squares of two greys, 8 pixels wide, the light one first.

    Args:
        image: a Pillow image, an array or a tensor `(..., C, H, W)` or `(..., H, W, C)`; floats of at most 1 count as
            0..1, all other values as 0..255.
        input_data_format: where an array's channels are; told from its shape if not given.

    Returns:
        An RGB image of bytes, of the same kind and layout; the same object if it has no alpha channel and, as a Pillow
        image, no transparent colour.
    """
    import numpy as np

    if is_pil_image(image):
        if not image.has_transparency_data:
            return image
        import PIL.Image

        return PIL.Image.fromarray(on_checkerboard(np.asarray(image.convert("RGBA")), ChannelDimension.LAST))
    input_data_format = getattr(image, "channel_dim", input_data_format)
    if len(image.shape) < 3 or 4 not in (image.shape[-3], image.shape[-1]):
        return image
    layout = ChannelDimension(input_data_format or channel_layout(image, converts=True))
    first = layout is ChannelDimension.FIRST
    if image.shape[-3 if first else -1] != 4 or not hasattr(image, "max"):  # the dry run's images have no pixels
        return image
    if "float" in str(image.dtype) and float(image.max()) <= 1:
        image = (image * 255).round()
    height, width = image.shape[-2:] if first else image.shape[-3:-1]
    squares = np.arange(height)[:, None] // SQUARE + np.arange(width) // SQUARE
    board: Any = np.where(squares % 2 == 0, LIGHT, DARK)
    board = board if first else board[..., None]
    if hasattr(image, "detach"):
        import torch

        image, board = image.to(torch.int32), torch.from_numpy(board).to(image.device)
    else:
        image = np.asarray(image).astype(np.int32)
    rest = (slice(None),) * 2 if first else ()
    colors, alpha = image[(..., slice(3), *rest)], image[(..., slice(3, 4), *rest)]
    mixed = (colors * alpha + board * (255 - alpha) + 127) // 255
    return mixed.to(torch.uint8) if hasattr(mixed, "detach") else mixed.astype(np.uint8)
