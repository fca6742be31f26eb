"""How many features a video takes in each of its steps, and when each is shown: functions of what its processor makes.

A step is what a prompt names by itself: a frame, a group of frames that share patches, or the whole clip. Each count
takes `MadeVideo` and gives the `Tiles` of every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .counts import Made, Tiles, grid, run

TUBELET = "video_temporal_patch_dim"
StepCount = Callable[["MadeVideo"], Sequence[Tiles]]


@dataclass(frozen=True)
class MadeVideo(Made):
    """What a video processor makes of one video, and the numbers that only the prompt side knows.

    Attributes:
        total: frames of the source.
        indices: numbers in the source of the frames that were taken.
        fps: frames of the source in a second; None if nobody says it.
        times: seconds at which each of them is shown; None if nobody says it.
        duration: of the source in seconds; None if nobody says it.
    """

    total: int = 0
    indices: tuple[int, ...] = ()
    fps: float | None = None
    times: tuple[float, ...] | None = None
    duration: float | None = None


# ------------------------------------------------------------------------------------------------------------- counts


def _grids(made: MadeVideo) -> list[tuple[int, int, int]]:
    """Steps in time, rows and columns of merged patches; of each chunk of a video that has several."""
    merge = made.setting("merge_size")
    return [(time, height // merge, width // merge) for time, height, width in made.values["video_grid_thw"]]


def whole_clip(made: MadeVideo) -> list[Tiles]:
    """All merged patches in one run."""
    return [run(sum(time * height * width for time, height, width in _grids(made)))]


def paired_clip(made: MadeVideo) -> list[Tiles]:
    """The same where the model merges `temporal_patch_size` grids too (ERNIE)."""
    return [run(sum(map(math.prod, _grids(made))) // made.setting("temporal_patch_size"))]


def clip_with_newlines(made: MadeVideo) -> list[Tiles]:
    """The same with a place at the end of every row (HunYuan)."""
    return [run(sum(time * height * (width + 1) for time, height, width in _grids(made)))]


def each_grid(made: MadeVideo) -> list[Tiles]:
    """The merged patches of each step in time."""
    return [grid(height, width) for time, height, width in _grids(made) for _ in range(time)]


def each_chunk(made: MadeVideo) -> list[Tiles]:
    """The merged patches of one frame for each chunk (Kimi)."""
    return [grid(height, width) for _, height, width in _grids(made)]


def kept_of_each_frame(made: MadeVideo) -> list[Tiles]:
    """Of each frame the tokens that differ from the frame before (VideoLLaMA 3)."""
    kept, frames = made.values["video_compression_mask"], len(made.indices)
    size = len(kept) // frames
    return [run(sum(map(bool, kept[size * number : size * (number + 1)]))) for number in range(frames)]


def _frame_patches(made: MadeVideo, unit: int) -> tuple[int, int]:
    height, width = made.shapes["pixel_values_videos"][-2:]
    return height // unit, width // unit


def quartered_frames(made: MadeVideo) -> list[Tiles]:
    """A quarter of the patches of every frame (LLaVA-NeXT-Video)."""
    return [run(math.prod(_frame_patches(made, made.number("patch_size"))) // 4 * len(made.indices))]


def whole_frames(made: MadeVideo) -> list[Tiles]:
    """The patches of every frame, and a class token where the model keeps one (Video-LLaVA)."""
    further = int(made.numbers.get("num_additional_image_tokens") or 0)
    return [run((math.prod(_frame_patches(made, made.number("patch_size"))) + further) * len(made.indices))]


def halved_frames(made: MadeVideo) -> list[Tiles]:
    """Half of the features of an image each way for every frame, and a newline behind the last (LLaVA-OneVision)."""
    side = math.ceil(math.sqrt(made.number("num_image_tokens")) / 2)
    return [run(side**2 * len(made.indices) + 1)]


def pooled_frames(made: MadeVideo) -> list[Tiles]:
    """Pooled patches of every frame (Perception LM)."""
    height, width = _frame_patches(made, made.number("patch_size"))
    pooled = made.number("pooling_ratio")
    return [run((height // pooled) * (width // pooled) * len(made.indices))]


def constant_frames(name: str) -> StepCount:
    """A number of the prompt side for each frame."""
    return lambda made: [run(made.number(name))] * len(made.indices)


def constant_clip(name: str, times: int) -> StepCount:
    """A number of the prompt side, so many times, whatever the number of frames."""
    return lambda made: [run(made.number(name) * times)]


def soft_frames(made: MadeVideo) -> list[Tiles]:
    """The number that the video processor gives itself for each frame (Gemma 4)."""
    return [run(int(made.values["num_soft_tokens_per_video"][0]))] * len(made.indices)


def shuffled_tubelets(made: MadeVideo) -> list[Tiles]:
    """The patch grid after the pixel shuffle for each group of frames (Nemotron H)."""
    side = round(1 / made.setting("downsample_ratio"))
    height, width = _frame_patches(made, made.setting("patch_size"))
    return [grid(height // side, width // side)] * math.ceil(len(made.indices) / made.number(TUBELET))


def pooled_grids(made: MadeVideo) -> list[Tiles]:
    """Rows and columns of pooled patches of each frame (Molmo 2)."""
    frames, height, width = made.values["video_grids"][0]
    return [grid(height, width)] * frames


def sliced_frames(made: MadeVideo) -> list[Tiles]:
    """Each frame, then slices of it, which share a number of features (MiniCPM-V)."""
    unit = 4 if made.options.get("downsample_mode") == "4x" else 16
    sizes = iter(made.values["target_sizes_videos"])
    steps = []
    for count, (rows, columns) in zip(made.values["num_patches_per_frame"], made.values["grids_videos"], strict=True):
        overview, *slices = (height * width // unit for height, width in (next(sizes) for _ in range(count)))
        steps.append(Tiles(((slices[0],) * columns,) * rows if slices else (), overview))
    return steps


# -------------------------------------------------------------------------------------------------------------- times

Words = Mapping[str, Any]
Told = Callable[[MadeVideo, int], "list[Words]"]
"""What stands in the text of each of so many steps for `{seconds}` and its like."""


def numbered(made: MadeVideo, steps: int) -> list[Words]:
    """`{step}`, from 1."""
    return [{"step": number} for number in range(1, steps + 1)]


def shown(
    *,
    at: Literal["first", "middle"] = "first",
    together: str | int = 1,
    assumed: float | str | None = None,
    rounded: Callable[[float], int] = int,
    needed: bool = True,
    wanted: str = "",
) -> Told:
    """The time at which each step is shown.

    The words are `{seconds}`, a float; `{whole}`, rounded; `{hours}`, `{minutes}` (beyond the hour), `{all_minutes}`
    and `{rest}` of the rounded seconds; `{milliseconds}` beyond the second.

    Args:
        at: the first frame of a step, or the middle between its first and its last.
        together: frames in a step, or the option that says it; a frame that lacks is the last one again.
        assumed: the rate of a video that does not say its own, or the option that says it.
        rounded: to whole seconds.
        needed: a video that has no rate is an error, else it has no words.
        wanted: the option that asks for times; without it there are no words.
    """

    def told(made: MadeVideo, steps: int) -> list[Words]:
        if wanted and not made.options.get(wanted):
            return []
        times = made.times
        if times is None and assumed is not None:
            rate = made.setting(assumed) if isinstance(assumed, str) else assumed
            times = tuple(index / rate for index in made.indices)
        if times is None and not needed:
            return []
        if times is None:
            raise ValueError(f"{made.who} writes when frames are shown: the video's `fps` has to be known; give it")
        size = made.setting(together) if isinstance(together, str) else together
        found = []
        for first in range(0, steps * size, size):
            start, end = (times[min(place, len(times) - 1)] for place in (first, first + size - 1))
            found.append(_clock(start if at == "first" else (start + end) / 2, rounded))
        return found

    return told


def _clock(seconds: float, rounded: Callable[[float], int]) -> Words:
    whole = rounded(seconds)
    parts = {"hours": whole // 3600, "minutes": whole // 60 % 60, "all_minutes": whole // 60, "rest": whole % 60}
    return {"seconds": seconds, "whole": whole, "milliseconds": int(seconds % 1 * 1000), **parts}


def narrated(made: MadeVideo, steps: int) -> list[Words]:
    """The time of each frame, how many there are, in words, and how long the video is (SmolVLM)."""
    times = shown(assumed=24)(made, steps)
    whole = int(times[-1]["seconds"] if made.duration is None else made.duration)
    days, clock = divmod(whole, 86400)
    length = f"{clock // 3600}:{clock // 60 % 60:02d}:{clock % 60:02d}"
    if days:
        length = f"{days} day{'s' * (days != 1)}, {length}"
    return [{**words, "count": in_words(steps), "length": length} for words in times]


def sampled(made: MadeVideo, steps: int) -> list[Words]:
    """`{frames}`: the number of each frame of a group, and its time by whole milliseconds of a frame (Nemotron H)."""
    size = made.number(TUBELET)
    texts = []
    for place, index in enumerate(made.indices):
        time = "" if made.fps is None else f" sampled at {index * int(1000 / made.fps) / 1000:.2f} seconds"
        texts.append(f"frame {place + 1}{time}")
    groups = [" and ".join(texts[first : first + size]) for first in range(0, len(texts), size)]
    return [{"frames": f"F{text[1:]}"} for text in groups]


def seconds_by_source(made: MadeVideo) -> float:
    """Seconds from one step of the grid to the next, as frames were taken of the source (Qwen2.5-VL)."""
    taken = len(made.indices) / made.total * (made.fps or 24) if made.total else made.fps or 24
    return float(made.setting("temporal_patch_size") / taken)


def seconds_by_option(default: float) -> Callable[[MadeVideo], float]:
    """The same as the call's `fps` says, whatever was taken (the omni models)."""
    return lambda made: float(made.setting("temporal_patch_size") / (made.options.get("fps") or default))


_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_SMALL += [*(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine"))]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """A number below a million in English words: "one hundred and twenty-eight"."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")
    unit, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    many, rest = divmod(number, unit)
    joint = " and " if rest < 100 else ", "
    return f"{in_words(many)} {name}" + (joint + in_words(rest) if rest else "")
