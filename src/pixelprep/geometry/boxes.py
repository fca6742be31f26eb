"""Boxes of words on a page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .sizes import Size


def thousandths(box: Iterable[float], height: int, width: int) -> list[int]:
    """A box `(left, top, right, bottom)` in pixels as thousandths of the page, truncated and within 0..1000."""
    lengths = (width, height, width, height)
    return [min(max(int(1000 * (value / side)), 0), 1000) for value, side in zip(box, lengths, strict=True)]


def around(points: Any) -> tuple[float, float, float, float]:
    """The box `(left, top, right, bottom)` around points: `(x, y)` pairs, or their numbers in one row.

    Raises:
        ValueError: they are no pairs, fewer than two, or not finite.
    """
    flat = [float(value) for point in points for value in (point if hasattr(point, "__len__") else (point,))]
    if len(flat) < 4 or len(flat) % 2 or not all(map(math.isfinite, flat)):
        raise ValueError(f"two corners or more are pairs of finite numbers (x, y), not {points!r:.80}")
    return min(flat[::2]), min(flat[1::2]), max(flat[::2]), max(flat[1::2])


def fit_page(height: int, width: int, max_height: int, max_width: int) -> Size:
    """A page inside a box, never grown: its longer side is fitted and the other one follows, truncated (Donut).

    A square page takes each side of the box that is smaller, whatever the aspect ratio.
    """
    fitted_height, fitted_width = min(height, max_height), min(width, max_width)
    if height > width:
        fitted_width = int(width * fitted_height / height)
    elif width > height:
        fitted_height = int(height * fitted_width / width)
    return max(fitted_height, 1), max(fitted_width, 1)
