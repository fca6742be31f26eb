"""When frames are shown: a rate where there is one, times where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .metadata import VideoMetadata

_ROUNDED = 0.0015
"""Seconds by which times may be off a constant rate: Matroska keeps milliseconds, of the start and of the duration."""


def metadata_of(
    pts: Sequence[int],
    end: int,
    count: int,
    unit: Fraction | None,
    rate: float | None,
    size: tuple[int, int],
    backend: str,
) -> tuple[VideoMetadata, list[float] | None]:
    """What is known of a video from the times of its frames.

    Args:
        pts: when each is shown, in order, in units of `unit` seconds; empty where nobody knows.
        end: when the last one ends.
        count: of frames.
        rate: what the container says, for where the times say nothing.
        size: height and width.
        backend: what decodes it.

    Returns:
        Metadata, `fps` being frames by duration; and the times in seconds from the first on, where they do not follow
        from `fps`.
    """
    duration, times = None, None
    if pts and unit is not None:
        start = pts[0] * unit.numerator / unit.denominator
        duration = end * unit.numerator / unit.denominator - start
    if duration is not None and duration > 0 and (count > 1 or rate is None):
        rate = count / duration
        shown = [float((time - pts[0]) * unit) for time in pts] if unit is not None else []
        slack = max(_ROUNDED, float(unit or 0))
        if any(abs(time - number / rate) > slack for number, time in enumerate(shown)):
            times = shown
    elif rate:
        duration = count / rate
    height, width = size
    return VideoMetadata(count, rate, width, height, duration, backend), times
