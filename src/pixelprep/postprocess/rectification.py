"""Photographed pages made flat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._arrays import Array, is_torch, namespace, resize_maps, to_numpy

Points = np.ndarray[Any, Any]


def document_rectification(
    prediction: Array, original_images: Sequence[Array], scale: float = 255.0
) -> list[dict[str, Array]]:
    """Pages as they would be if they lay flat (UVDoc, arXiv:2302.02887).

    Args:
        prediction: where each point of a flat page is found on the photograph, (B, 2, h, w): x and y from -1 to 1, the
            centres of the outermost pixels.
        original_images: the photographs (C, H, W) in floats, of any sizes; `original_images` of the processor's output.
        scale: what their pixels are multiplied by to be in 0..255.

    Returns:
        For each page its `images`, bytes (H, W, C) with the channels in reverse order: RGB for the processor's BGR.

    Raises:
        ValueError: not one photograph for each prediction.
    """
    if len(prediction) != len(original_images):
        raise ValueError(f"{len(prediction)} predictions and {len(original_images)} original images: one for each")
    pages = []
    for mesh, photograph in zip(prediction, original_images, strict=True):
        if is_torch(mesh):
            pages.append({"images": _flat_torch(mesh, photograph, scale)})
        else:
            pixels: Points = np.asarray(to_numpy(photograph), dtype=np.float32)
            channels, height, width = tuple(pixels.shape)[-3:]
            pixels = pixels.reshape(channels, height, width)
            places = resize_maps(namespace(mesh).astype(mesh, np.float32), (height, width), "bilinear", True)
            flat = _sampled(pixels, np.asarray(places)) * np.float32(scale)
            pages.append({"images": np.clip(flat, 0, 255).astype(np.uint8).transpose(1, 2, 0)[..., ::-1].copy()})
    return pages


def _flat_torch(mesh: Any, photograph: Any, scale: float) -> Any:
    """By torch's own kernels, on the mesh's device."""
    import torch

    photograph = torch.as_tensor(photograph, dtype=torch.float32, device=mesh.device)
    photograph = photograph.reshape(photograph.shape[-3:])
    places = resize_maps(mesh.float(), photograph.shape[-2:], "bilinear", True).permute(1, 2, 0)
    flat = torch.nn.functional.grid_sample(photograph[None], places[None], align_corners=True)[0]
    return (flat * scale).clamp(0, 255).permute(1, 2, 0).flip(-1).to(torch.uint8)


def _sampled(image: Points, places: Points) -> Points:
    """Bilinear at places (2, H, W), zero outside, in the float32 steps of torch's kernel."""
    height, width = image.shape[-2:]
    half = np.float32(0.5)
    x, y = (
        (place + np.float32(1)) * (np.float32(side - 1) * half)
        for place, side in zip(places, (width, height), strict=True)
    )
    left, top = np.floor(x), np.floor(y)
    right_share, below_share = x - left, y - top
    left_share, above_share = np.float32(1) - right_share, np.float32(1) - below_share
    total = None
    for down, share in ((0, above_share), (1, below_share)):
        for across, part in ((0, left_share), (1, right_share)):
            rows, columns = top.astype(np.int64) + down, left.astype(np.int64) + across
            inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
            pixels = image[:, rows.clip(0, height - 1), columns.clip(0, width - 1)]
            pixels, weight = np.where(inside, pixels, np.float32(0)), part * share
            # The products are not rounded before they are added, but the first.
            total = pixels * weight if total is None else _fused(pixels, weight, total)
    return np.asarray(total)


def _fused(first: Points, second: Points, added: Points) -> Points:
    return np.asarray(np.multiply(first, second, dtype=np.float64) + added).astype(np.float32)
