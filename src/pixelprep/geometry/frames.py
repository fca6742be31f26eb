"""Which frames to take of a video: integers and rates in, indices out.

Every function takes the number of frames and the rate of the source, some its duration in seconds, and wishes by name:
`num_frames`, or `target_fps` of a second. Indices are below `total`; some repeat, some families' are not sorted.
Arithmetic is Python's double precision, in the order written; where torch counts in float32, `spacing` does.
"""

from __future__ import annotations

import math
from typing import TypeVar

from .spacing import arange, evenly, linspace, single_linspace

Number = TypeVar("Number", int, float)


def uniform(
    total: int, fps: float | None, *, num_frames: int | None = None, target_fps: float | None = None
) -> list[int]:
    """`num_frames` evenly from the start, or as many as `target_fps` takes of each second; all if neither is given.

    Raises:
        ValueError: both are given, the source's rate is needed and not known, or more are asked for than there are.
    """
    _one_wish(num_frames, target_fps)
    if num_frames is None and target_fps is None:
        return list(range(total))
    count = num_frames if num_frames is not None else max(1, int(total / _known(fps) * (target_fps or 0)))
    _refuse_more(count, total)
    return [i * total // count for i in range(count)]


def grouped(
    total: int,
    fps: float | None,
    *,
    num_frames: int | None,
    target_fps: float | None,
    group: int,
    min_frames: int,
    max_frames: int,
) -> list[int]:
    """As `uniform`, whole groups of frames, `target_fps` within bounds; steps of `torch.arange` (Qwen2-VL).

    Raises:
        as `uniform`.
    """
    if num_frames is None and target_fps is None:
        return list(range(total))
    if num_frames is not None:
        count = max(round(num_frames / group), 1) * group
    else:
        rate = _known(fps)
        most = max(math.floor(min(max_frames, total) / group), 1) * group
        wanted = min(max(total / rate * (target_fps or 0), min_frames), most, total)
        count = min(max(math.floor(wanted / group), 1) * group, total)
    _refuse_more(count, total)
    return _steps(total, count)


def bounded(
    total: int,
    fps: float | None,
    *,
    num_frames: int | None,
    target_fps: float | None,
    min_frames: int,
    max_frames: int,
) -> list[int]:
    """`num_frames` within bounds, or what `target_fps` (else the whole video) makes within them (Ernie 4.5 VL).

    Raises:
        ValueError: as `uniform`, or `num_frames` is out of bounds.
    """
    _one_wish(num_frames, target_fps)
    if num_frames is not None:
        if not min_frames <= num_frames <= max_frames:
            raise ValueError(f"num_frames={num_frames} is not in min_frames..max_frames, {min_frames}..{max_frames}")
        _refuse_more(num_frames, total)
        return _steps(total, num_frames)
    wanted = total if target_fps is None else total / _known(fps) * target_fps
    return _steps(total, min(max(wanted, min_frames), max_frames, total))


def spread(
    total: int,
    fps: float | None,
    *,
    num_frames: int | None,
    target_fps: float | None,
    min_frames: int,
    max_frames: int,
) -> list[int]:
    """From the first to the last frame, rounded to the nearest: `target_fps` of a second within bounds (Qwen3-VL).

    `num_frames` is taken as it is: more than there are repeats frames.

    Raises:
        ValueError: both are given, or the source's rate is needed and not known.
    """
    _one_wish(num_frames, target_fps)
    if num_frames is None:
        wanted = int(total / _known(fps) * target_fps) if target_fps is not None else total
        num_frames = min(max(wanted, min_frames), max_frames, total)
    return [round(number) for number in evenly(0, total - 1, num_frames)]


def by_seconds(
    total: int, fps: float | None, duration: float | None, *, target_fps: float, max_duration: float
) -> list[int]:
    """The frame that is next at each tick of `target_fps`; longer videos: evenly in time. An even number (GLM-4.1V).

    Raises:
        ValueError: the source's rate is not known.
    """
    rate = _known(fps)
    seconds, last = _seconds(total, rate, duration), total - 1
    if seconds <= max_duration:
        indices = [min(last, math.ceil(i * rate / target_fps)) for i in range(max(math.floor(seconds * target_fps), 1))]
    else:
        count = int(max_duration * target_fps)
        indices = [min(last, math.ceil(time * rate)) for time in evenly(0, seconds, count)]
        indices = list(range(total)) if count >= total else indices
    return _even(indices)


def by_rate(
    total: int, fps: float | None, duration: float | None, *, target_fps: float, max_frames: int, to_the_end: bool
) -> list[int]:
    """The first frame of each period of `target_fps` up to the last whole second, made an even number (GLM-5).

    The end of a video may stay unseen: frames beyond its last whole second, or beyond `max_frames` periods.

    Args:
        to_the_end: up to the last period instead (GLM-GA), and more frames than there are spread by `i * total // n`.

    Raises:
        ValueError: the source's rate is not known.
    """
    rate = _known(fps)
    seconds = _seconds(total, rate, duration)
    step = 1 / target_fps
    stop = seconds - step if to_the_end else int(seconds)
    return _walk(total, rate, min(int(seconds * target_fps), max_frames), step, stop, floors=to_the_end)


def by_length(total: int, fps: float | None, duration: float | None, *, group: int) -> list[int]:
    """As `by_rate`, at a rate that the duration decides: groups of frames 3, 1 or 0.5 times a second (GLM-4.6V).

    Raises:
        ValueError: the source's rate is not known.
    """
    rate = _known(fps)
    seconds = _seconds(total, rate, duration)
    pace = 3 if seconds <= 30 else 1 if seconds <= 300 else 0.5
    count = min(int(min(seconds, 2400) * pace * group), 640)
    return _walk(total, rate, count, 1 / (group * pace), int(seconds))


def shifted(
    total: int,
    fps: float | None,
    *,
    num_frames: int | None,
    target_fps: float | None,
    shift: bool | float,
) -> list[int]:
    """Evenly from frame `shift` on; True: half a step, so from the middle of each (InternVL).

    Raises:
        as `uniform`.
    """
    if num_frames is None and target_fps is None:
        return list(range(total))
    count = num_frames if num_frames is not None else max(1, int(total / _known(fps) * (target_fps or 0)))
    _refuse_more(count, total)
    return _steps(total, count, total / count / 2 if shift is True else float(shift))


def centered(
    total: int,
    fps: float | None,
    duration: float | None,
    *,
    num_frames: int | None,
    target_fps: float | None,
    skip: float = 1,
) -> list[int]:
    """At most `num_frames`, `target_fps` of a second, without `skip` seconds at both ends of long videos (SmolVLM).

    Raises:
        ValueError: the source's rate is not known.
    """
    rate = _known(fps)
    if num_frames is None and target_fps is None:
        return list(range(total))
    length = total / rate if duration is None else duration
    estimated = total if target_fps is None else round(target_fps * length)
    count = max(min(estimated, total if num_frames is None else num_frames), 1)
    first, last = 0, total - 1
    if num_frames is not None and target_fps is not None and length - 2 * skip > num_frames * target_fps:
        first, last = int(skip * rate), int(total - skip * rate)
    first, last = max(0, first), min(last, total - 1)
    if first >= last:
        first, last = 0, total - 1
    return sorted(set(linspace(first, last, count)))


def capped(
    total: int,
    fps: float | None,
    duration: float | None,
    *,
    num_frames: int | None,
    target_fps: float | None,
    max_fps: float | None,
) -> list[int]:
    """`num_frames`, but no more than `max_fps` of a second, or `target_fps`; at most all, at least one (Molmo2).

    A source without a rate is taken whole: as `target_fps` or `max_fps` made it.

    Raises:
        ValueError: both are given.
    """
    _one_wish(num_frames, target_fps)
    rate = fps if fps is not None else target_fps or max_fps or 1
    seconds = total / rate if duration is None else duration
    if target_fps is not None:
        count = int(seconds * target_fps)
    else:
        count = total if num_frames is None else num_frames
        if max_fps is not None and rate > max_fps:
            count = min(count, int(seconds * max_fps))
    return _steps(total, max(min(count, total), 1))


def grouped_spread(total: int, fps: float | None, *, num_frames: int, target_fps: float, group: int) -> list[int]:
    """As `spread`, truncated, in whole groups and at most `num_frames` (MuseGlimmer).

    Raises:
        ValueError: the source's rate is not known.
    """
    count = min(int(total * target_fps / _known(fps)), num_frames, total)
    return single_linspace(total - 1, min(max(group, count // group * group), total))


def each_second(
    total: int, fps: float | None, duration: float | None, *, max_num_frames: int, stack_frames: int
) -> list[int]:
    """A frame of each second, at most so many; then those between seconds that `stack_frames` adds (MiniCPM).

    Raises:
        ValueError: the source's rate is not known.
    """
    rate, last = _known(fps), total - 1
    length = total / rate if duration is None else duration
    if length > max_num_frames:
        tenths = [min(int(round(i * 0.1, 1) * rate), last) for i in range(int(length / 0.1))]
        indices = _thinned(tenths, max_num_frames)
    else:
        indices = [min(int(i * rate), last) for i in range(math.ceil(length))]
    times = between_seconds(length, max_num_frames=max_num_frames, stack_frames=stack_frames)
    return indices + [min(int(time * rate), last) for time in times]


def between_seconds(duration: float, *, max_num_frames: int, stack_frames: int) -> list[float]:
    """The times, in seconds and in order, that cut each second into `stack_frames` parts (MiniCPM)."""
    seconds = range(math.ceil(duration))
    times = [second + part / stack_frames for second in seconds for part in range(1, stack_frames)]
    return _thinned([time for time in times if time < duration], max_num_frames * (stack_frames - 1))


def both_ends(total: int, *, num_frames: int) -> list[int]:
    """`num_frames` from the first to the last frame; more than there are repeats frames (PE)."""
    return [int(i * (total - 1) / max(num_frames - 1, 1)) for i in range(num_frames)]


def at_rate(
    total: int,
    fps: float | None,
    duration: float | None,
    *,
    target_fps: float | None,
    max_frames: int,
    overflow_strategy: str | None,
) -> list[int]:
    """`target_fps` of a second, all frames where something is not known (EmbeddingGemma2).

    Of more than `max_frames`, "truncate" keeps the first, "uniform" takes some of all, None keeps all.
    """
    indices = list(range(total))
    if target_fps is not None and fps is not None and duration is not None:
        count = max(1, int(duration * target_fps))
        indices = [min(total - 1, int(i * (fps / target_fps))) for i in range(count)]
    if overflow_strategy == "truncate":
        return indices[:max_frames]
    return _thinned(indices, max_frames) if overflow_strategy == "uniform" else indices


def _walk(total: int, rate: float, count: int, step: float, stop: float, floors: bool = False) -> list[int]:
    """An even number of distinct frames, about `count`: the first at or behind each multiple of `step` seconds."""
    count = max(count, 1)
    if total < count:
        indices = [i * total // count for i in range(count)] if floors else linspace(0, total - 1, count)
        return _even(indices)
    indices, due, period = [], 0.0, 1 / rate
    for index in range(total):
        if index * period >= due:
            due += step
            indices.append(index)
            if due >= stop:
                break
    if len(indices) < count:
        indices = linspace(indices[0], indices[-1], count)
    elif len(indices) > count:
        indices = linspace(0, total - 1, count)
    return _even(indices)


def _even(indices: list[int]) -> list[int]:
    """Each once, in order; the last one twice where their number would be odd."""
    once = list(dict.fromkeys(indices))
    return once + once[-1:] * (len(once) % 2)


def _thinned(indices: list[Number], most: int) -> list[Number]:
    return indices if len(indices) <= most else [indices[place] for place in linspace(0, len(indices) - 1, most)]


def _steps(total: int, count: float, start: float = 0) -> list[int]:
    """The frames at steps of `total / count`; float32 may count one too far, which is left out."""
    return [index for index in arange(start, total, total / count) if index < total]


def _seconds(total: int, rate: float, duration: float | None) -> float:
    return duration or round((total - 1) / rate) + 1


def _one_wish(num_frames: int | None, target_fps: float | None) -> None:
    if num_frames is not None and target_fps is not None:
        raise ValueError(f"num_frames={num_frames} and fps={target_fps} contradict each other; give one of them")


def _known(fps: float | None) -> float:
    if fps is None:
        raise ValueError(
            "frames are taken by the second, and the video's own rate is not known: pass video_metadata with `fps` and "
            "`total_num_frames`, or num_frames, or do_sample_frames=False"
        )
    return fps


def _refuse_more(count: int, total: int) -> None:
    if count > total:
        raise ValueError(f"{count} frames are asked for and the video has {total}; ask for fewer")
