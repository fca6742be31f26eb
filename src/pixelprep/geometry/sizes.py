"""Sizes from edges and boxes, centred windows, padding."""

from __future__ import annotations

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


def shortest_edge_rounded(height: int, width: int, edge: int) -> Size:
    """The size whose shorter side is `edge`, aspect ratio kept, the longer side rounded half to even (PP-LCNet)."""
    scale = edge / min(height, width)
    return round(height * scale), round(width * scale)


def shortest_longest_edge_whole(height: int, width: int, shortest: int, longest: int, factor: int) -> Size:
    """Shorter side `shortest` unless the longer one exceeds `longest`, both rounded down to multiples of `factor`.

    A side that would vanish is `factor` (ViLT, arXiv:2102.03334).
    """
    scale = shortest / min(height, width)
    sides: tuple[float, float] = (shortest, scale * width) if height < width else (scale * height, shortest)
    if max(sides) > longest:
        scale = longest / max(sides)
        sides = (sides[0] * scale, sides[1] * scale)
    height, width = (max(int(side + 0.5) // factor, 1) * factor for side in sides)
    return height, width


def fit_within(height: int, width: int, max_height: int, max_width: int) -> Size:
    """The largest size of the same aspect ratio inside a box; small images grow.

    Sides are truncated; one that would vanish is one pixel.
    """
    scale = min(max_height / height, max_width / width)
    return max(int(height * scale), 1), max(int(width * scale), 1)


def center_crop(height: int, width: int, crop_height: int, crop_width: int, *, extra_first: bool = False) -> Size:
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


def square_padding(height: int, width: int) -> tuple[int, int, int, int]:
    """Padding above, below, before and after that centres an image on the square of its longer side."""
    side = max(height, width)
    return *split_padding(side - height), *split_padding(side - width)


def multiple_of(side: int, factor: int) -> int:
    """`side` rounded up to a multiple of `factor`."""
    return -(-side // factor) * factor
