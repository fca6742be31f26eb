"""Sizes from edges and boxes, centred windows, padding."""

from __future__ import annotations

import math

Size = tuple[int, int]
"""`(height, width)` in pixels."""


def shortest_edge(height: int, width: int, edge: int) -> Size:
    """The size whose shorter side is `edge`, aspect ratio kept; the longer side is truncated."""
    if height <= width:
        return edge, int(edge * width / height)
    return int(edge * height / width), edge


def shortest_longest_edge(height: int, width: int, shortest: int, longest: int) -> Size:
    """Shorter side `shortest`, unless the longer one would exceed `longest`, which it then becomes (DETR).

    A side that would vanish is one pixel.
    """
    short, long = min(height, width), max(height, width)
    exact: float = shortest
    if long / short * shortest > longest:
        exact = longest * short / long
        shortest = round(exact)
    if short == shortest:
        return height, width
    other, shortest = int(exact * long / short), max(shortest, 1)
    return (shortest, other) if height <= width else (other, shortest)


def fit_within(height: int, width: int, max_height: int, max_width: int) -> Size:
    """The largest size of the same aspect ratio inside a box; small images grow.

    Sides are truncated; one that would vanish is one pixel.
    """
    scale = min(max_height / height, max_width / width)
    return max(int(height * scale), 1), max(int(width * scale), 1)


def center_crop(
    height: int, width: int, crop_height: int, crop_width: int, *, extra_first: bool = False
) -> tuple[int, int]:
    """Top-left corner `(top, left)` of a centred window; negative where the image is smaller than the window.

    An odd surplus puts the extra pixel at the bottom and the right. For an odd lack, `extra_first` says whether the
    extra row or column of padding comes first (PIL backend) or last (torchvision).
    """

    def start(side: int, window: int) -> int:
        lack = window - side
        return -lack // 2 if lack <= 0 else -((lack + extra_first) // 2)

    return start(height, crop_height), start(width, crop_width)


def split_padding(lack: int) -> tuple[int, int]:
    """Padding before and after that centres something; the odd pixel comes after."""
    return lack // 2, lack - lack // 2


def multiple_of(side: int, factor: int) -> int:
    """`side` rounded up to a multiple of `factor`."""
    return -(-side // factor) * factor


def fit_multiples(height: int, width: int, target: Size, keep_aspect_ratio: bool, multiple: float) -> Size:
    """The target with its sides rounded to multiples, half to even; one that would vanish is one multiple.

    With `keep_aspect_ratio` both sides are scaled alike, as the side whose scale is nearer to one asks; the height
    where both are as near (DPT, arXiv:2103.13413).
    """
    scales = target[0] / height, target[1] / width
    if keep_aspect_ratio:
        scales = (min(scales, key=lambda scale: abs(1 - scale)),) * 2
    sides = (scale * side for scale, side in zip(scales, (height, width), strict=True))
    height, width = (max(int(round(side / multiple) * multiple), math.ceil(multiple)) for side in sides)
    return height, width
