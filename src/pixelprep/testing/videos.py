"""What a video family is tried with, as data: `models/<folder>/video_cases.py` holds `VideoCases` called `CASES`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .family import Case, Except, describe, matches

RATE = 24.0
"""Frames a second of every clip."""


@dataclass(frozen=True)
class Clip:
    """A video to draw, frame by frame as pictures are: `frames` of `height x width`.

    Args:
        channels: 1, 3 or 4.
        kind: an array with its channels "last" or "first", a list of "pillow" images, or of "frames", arrays.
        dtype: of arrays; values are `pixels * times`.
    """

    frames: int
    height: int
    width: int
    channels: int = 3
    kind: Literal["last", "first", "pillow", "frames"] = "last"
    seed: int = 0
    dtype: str = "uint8"
    times: float = 1

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known of it."""
        return {"total_num_frames": self.frames, "fps": RATE, "duration": self.frames / RATE}


@dataclass(frozen=True)
class VideoCases:
    """The cases of one video family, beside the common ones; names are those of `family.Cases`.

    Args:
        small: options under which outputs are small.
        options: options worth trying, each under `small`; every option of the family's own at two values or more.
        inputs: calls beyond the common ones.
        clips: what the options are tried on.
        sampled: options of sampling worth trying, each on clips of several lengths.
        refused: names of cases (or patterns all of whose cases are) that neither side takes.
        exceptions: see `Except`.
        without: common cases that would say nothing of this family (patterns), each with its reason.
        made: options that both constructors are always given.
        reference_only: options that the reference's constructor is given and ours is not.
        at_construction: options that the reference reads from the instance alone, and so gets there.
        rounding: how far backends that promise exactness may be from the reference, with its reason beside it.
        apart: how far the pil backend may be, in rescaled values; None where its outputs have other shapes or
            integers, with its reason beside it.
    """

    small: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[Mapping[str, Any]] = ()
    inputs: Sequence[Case] = ()
    clips: Sequence[Any] = (Clip(5, 37, 61), Clip(4, 52, 44, kind="first"))
    sampled: Sequence[Mapping[str, Any]] = ()
    refused: Sequence[str] = ()
    exceptions: Sequence[Except] = ()
    without: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)
    reference_only: Mapping[str, Any] = field(default_factory=dict)
    at_construction: Sequence[str] = ()
    rounding: float = 0.0

    def all(self) -> Iterator[Case]:
        """Every case."""
        options = {**COMMON_OPTIONS, **{describe(options): options for options in self.options}}
        for name, chosen in options.items():
            yield from (Case(name, clip, chosen) for clip in self.clips if not matches(name, self.without))
        sampled = {**SAMPLED, **{describe(options): options for options in self.sampled}}
        for name, chosen in sampled.items():
            for clip in LENGTHS:
                case = Case(f"{name}, {clip.frames} frames", clip, {"do_sample_frames": True, **chosen})
                if not matches(case.name, self.without):
                    yield case
        yield from (case for case in (*COMMON_INPUTS, *self.inputs) if not matches(case.name, self.without))

    def settings(self, case: Case) -> dict[str, Any]:
        """The options of a case, its own over `small`; nothing is sampled unless it says so."""
        own = {} if case.defaults else self.small
        return {"do_sample_frames": False, **own, **case.options}

    def expected(self, name: str, *on: str) -> set[str]:
        """What is known of a case on a backend: how it differs; nothing where it is the same."""
        known: set[str] = {entry.how for entry in self.exceptions if entry.covers(name, on)}
        known = known or ({"refused"} if matches(name, self.refused) else set())
        return known or {entry.how for entry in COMMON_EXCEPTIONS if entry.covers(name, on)}


def metadata_of(clips: Any) -> list[dict[str, Any]]:
    """What is known of each clip in lists of them; an array of 5 axes is several."""
    if isinstance(clips, Clip):
        return [clips.metadata]
    if isinstance(clips, list | tuple):
        return [known for clip in clips for known in metadata_of(clip)]
    return []


COMMON_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "small": {},
    "no resize": {"do_resize": False},
    "no rescale": {"do_rescale": False},
    "no normalize": {"do_normalize": False},
    "bytes": {"do_rescale": False, "do_normalize": False},
    "rescale factor": {"rescale_factor": 1 / 127.5},
    "statistics": {"image_mean": [0.1, 0.2, 0.3], "image_std": (0.5, 0.4, 0.3)},
    "one statistic": {"image_mean": 0.5, "image_std": 0.25},
    **{f"filter {value}": {"resample": value} for value in range(6)},
    "size int, square": {"size": 33, "default_to_square": True},
    "size int, edge": {"size": 33, "default_to_square": False},
    "size box": {"size": {"height": 50, "width": 70}},
    "size shortest edge": {"size": {"shortest_edge": 45}},
    "size both edges": {"size": {"shortest_edge": 33, "longest_edge": 41}},
    "size longest edge": {"size": {"longest_edge": 41}},
    "crop inside": {"do_center_crop": True, "crop_size": 21},
    "crop outside": {"do_center_crop": True, "crop_size": {"height": 70, "width": 31}},
    "no convert": {"do_convert_rgb": False},
    "ignored options": {"data_format": "channels_last", "device": "cpu"},
    "a list": {"return_tensors": None},
}
LENGTHS = tuple(Clip(frames, 6, 8) for frames in (1, 2, 7, 17, 130))
SAMPLED: Mapping[str, Mapping[str, Any]] = {
    "sampled": {},
    "num_frames=4": {"num_frames": 4},
    "num_frames=2": {"num_frames": 2},
    "fps=2": {"fps": 2},
    "fps=7.5": {"fps": 7.5},
}
_CLIP = Clip(4, 40, 30)
COMMON_INPUTS: Sequence[Case] = (
    Case("default 3x37x61", Clip(3, 37, 61), defaults=True),
    *(Case(f"{t}x{h}x{w}", Clip(t, h, w, kind="pillow")) for t, h, w in ((1, 48, 64), (2, 9, 31), (2, 60, 1))),
    Case("9x1x60", Clip(9, 1, 60, kind="first")),
    Case("37 frames", Clip(37, 20, 34)),
    Case("two sizes", [Clip(4, 48, 64), Clip(5, 96, 40, seed=1)]),
    Case("two alike", [_CLIP, Clip(4, 40, 30, seed=1)]),
    Case("two lengths", [_CLIP, Clip(2, 40, 30, seed=1)]),
    Case("pillow frames", Clip(4, 40, 30, kind="pillow")),
    Case("frames of arrays", Clip(4, 40, 30, kind="frames")),
    Case("pillow frames of two", [Clip(4, 40, 30, kind="pillow"), Clip(4, 40, 30, kind="pillow", seed=1)]),
    Case("channels first", Clip(4, 40, 30, kind="first")),
    Case("nested", [[_CLIP], [Clip(4, 40, 30, seed=1)]]),
    Case("one channel", Clip(4, 40, 30, 1)),
    Case("four channels", Clip(4, 40, 30, 4), {"do_convert_rgb": True}),
    Case("no videos", []),
)
SIZES_OF_BUDGETS = ("no resize", "size int, *", "size box", "size shortest edge", "size longest edge")
"""Cases that families refuse whose `size` bounds the number of pixels, and whose sides are multiples of a patch."""
SIZES_OF_EDGES = ("size longest edge",)
"""Cases that families refuse which know the common styles of `size`."""

# What holds for every family whose own cases say nothing else.
COMMON_EXCEPTIONS: Sequence[Except] = (
    *(
        Except(f"filter {value}", "refused", "torch offers neither BOX nor HAMMING", "torchvision", True)
        for value in (4, 5)
    ),
    *(Except(f"filter {value}", "ours alone", "the core offers every filter", "native", True) for value in (4, 5)),
    Except("four channels", "ours alone", "V7: every channel count that images take"),
    Except(
        ("num_frames=*, 1 frames", "num_frames=*, 2 frames"),
        "refused",
        "more frames are asked for than there are",
    ),
    Except("no videos", "refused", "there is nothing to do"),
    Except(("two lengths", "two sizes"), "refused", "V8: a list of videos of several shapes becomes no array"),
)
