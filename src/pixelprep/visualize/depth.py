"""Depth with a scale."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ._canvas import Canvas
from ._colors import ramp
from ._results import to_array


def draw_depth(
    depth: Any,
    kind: str = "distance",
    unit: str = "",
    limits: tuple[float, float] | None = None,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Depth as colours with a scale beside it; near is bright, whatever the model predicts.

    Args:
        depth: (H, W), or one entry of what `post_process_depth_estimation` returns. Values that are not finite stay
            grey.
        kind: "distance" where far is large (metric models), "disparity" where near is large (relative models).
        unit: of the numbers on the scale, such as "m".
        limits: the values at the ends of the scale; None takes the second and the 98th percentile.
        path, scale: as `draw_boxes`.

    Raises:
        ValueError: another kind, or no map.
    """
    if kind not in ("distance", "disparity"):
        raise ValueError(f"kind must be 'distance' (far is large) or 'disparity' (near is large), not {kind!r}")
    values = to_array(depth["predicted_depth"] if isinstance(depth, Mapping) else depth).astype(np.float64).squeeze()
    if values.ndim != 2:
        raise ValueError(f"a depth map is (height, width), not {values.shape}")
    known = np.isfinite(values)
    low, high = limits or (np.percentile(values[known], (2, 98)) if known.any() else (0.0, 1.0))
    span = max(float(high) - float(low), 1e-12)
    shares = np.clip((np.where(known, values, low) - low) / span, 0, 1)
    near = shares if kind == "disparity" else 1 - shares
    pixels = np.where(known[..., None], ramp(near), np.uint8(128))
    canvas = Canvas(pixels.astype(np.uint8), scale)
    canvas.picture = _with_scale(canvas, float(low), float(high), kind, unit)
    return canvas.finish(path)


def _with_scale(canvas: Canvas, low: float, high: float, kind: str, unit: str) -> Image.Image:
    """The map with a bar on the right: far at the top, near at the bottom, five numbers beside it."""
    picture, letters = canvas.picture, canvas.font.getbbox("Ag")[3]
    far, near = (high, low) if kind == "distance" else (low, high)
    texts = [f"{far + (near - far) * step / 4:.3g}{' ' + unit if unit else ''}" for step in range(5)]
    wide = max(canvas.draw.textlength(text, font=canvas.font) for text in (*texts, "near"))
    strip = Image.new("RGB", (round(wide) + letters * 3, max(picture.height, letters * 9)), "white")
    pen = ImageDraw.Draw(strip)
    top, bottom = letters * 2, strip.height - letters * 2
    bar = ramp(np.linspace(0, 1, bottom - top))[:, None].repeat(letters, 1)
    strip.paste(Image.fromarray(bar), (letters // 2, top))
    for step, text in enumerate(texts):
        y = top + (bottom - top) * step / 4
        pen.text((letters * 2, y - letters / 2), text, (0, 0, 0), font=canvas.font)
    pen.text((letters // 2, letters // 2), "far", (0, 0, 0), font=canvas.font)
    pen.text((letters // 2, bottom + letters // 2), "near", (0, 0, 0), font=canvas.font)
    whole = Image.new("RGB", (picture.width + strip.width, strip.height), "white")
    whole.paste(picture, (0, 0))
    whole.paste(strip, (picture.width, 0))
    return whole
