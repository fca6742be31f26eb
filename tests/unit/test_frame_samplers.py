"""Which frames are taken: the indices of transformers' classes as on AVX2, on any machine, without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from oracle import SHARED
from pixelprep.geometry import frames, spacing
from pixelprep.videos.metadata import VideoMetadata

# Of each sampler: how it is asked, of a class's options (its defaults and those of the call).
SAMPLERS: dict[str, Callable[..., list[int]]] = {
    "S1": lambda total, fps, duration, o: frames.uniform(total, fps, **wishes(o)),
    "S2": lambda total, fps, duration, o: frames.grouped(
        total, fps, **wishes(o), group=o["temporal_patch_size"], **bounds(o)
    ),
    "S3": lambda total, fps, duration, o: frames.bounded(total, fps, **wishes(o), **bounds(o)),
    "S4": lambda total, fps, duration, o: frames.spread(total, fps or 24, **wishes(o), **bounds(o)),
    "S5": lambda *known_and: frames.by_seconds(*known_and[:3], target_fps=rate(known_and[3]), max_duration=300),
    "S6": lambda *known_and: frames.by_length(*known_and[:3], group=2),
    "S7": lambda *known_and: frames.by_rate(
        *known_and[:3], target_fps=rate(known_and[3]), max_frames=640, to_the_end=True
    ),
    "S8": lambda *known_and: frames.by_rate(
        *known_and[:3], target_fps=rate(known_and[3]), max_frames=2048, to_the_end=False
    ),
    "S9": lambda total, fps, duration, o: frames.shifted(total, fps, **wishes(o), shift=o["initial_shift"]),
    "S10": lambda total, fps, duration, o: frames.centered(total, fps, duration, **wishes(o)),
    "S11": lambda total, fps, duration, o: frames.capped(total, fps, duration, **wishes(o), max_fps=o["max_fps"]),
    "S12": lambda total, fps, duration, o: frames.grouped_spread(
        total, fps or 24, num_frames=o["num_frames"] or 96, target_fps=rate(o), group=o["temporal_patch_size"]
    ),
    "S13": lambda total, fps, duration, o: frames.each_second(
        total, fps, duration, max_num_frames=o["max_num_frames"], stack_frames=o["stack_frames"]
    ),
    "S14": lambda total, fps, duration, o: (
        frames.both_ends(total, num_frames=o["num_frames"])
        if o["num_frames"] is not None
        else frames.uniform(total, fps, **wishes(o))
    ),
    "S15": lambda total, fps, duration, o: frames.at_rate(
        total, fps, duration, target_fps=o["fps"], max_frames=o["max_frames"], overflow_strategy=o["overflow_strategy"]
    ),
}

# Errors of the reference where frames are taken nevertheless, each with the quirk that is mended by it.
MENDED = {
    "TypeError: neither num_frames nor fps is set": "V5: all frames",
    "TypeError: this class does not take None for fps": "V2",
    "ZeroDivisionError: no frame is left": "V8: one group at least",
    "ValueError: the source's fps or duration is unknown": "the duration follows from the rate",
    "ValueError: num_frames is not supported": "what a class refuses is not the sampler's",
    "ValueError: both num_frames and fps": "the same: Qwen2-VL's sampler takes the number",
    "ValueError: more frames wanted than there are": "num_frames=None is none, not the class's default",
}


def wishes(options: dict[str, Any]) -> dict[str, Any]:
    return {"num_frames": options["num_frames"], "target_fps": options["fps"]}


def bounds(options: dict[str, Any]) -> dict[str, Any]:
    return {"min_frames": options.get("min_frames") or 4, "max_frames": options.get("max_frames") or 768}


def rate(options: dict[str, Any]) -> float:
    return 2 if options["fps"] is None else float(options["fps"])


def shortened(indices: list[int]) -> dict[str, Any]:
    """Long lists as the grid keeps them."""
    digest = hashlib.sha256(",".join(map(str, indices)).encode()).hexdigest()[:16]
    return {"n": len(indices), "first": indices[:6], "last": indices[-6:], "sha256": digest}


def agrees(got: list[int], expected: Any, total: int, fps: float | None, duration: float | None) -> bool:
    """Whether indices are the reference's; those past the end are left out (V1) or are the last frame (V6), and where
    it takes none (V4), one is taken, as a pair."""
    if expected == []:
        return len(got) == 2 and got[0] == 0
    if isinstance(expected, list):
        left_out, cut = [i for i in expected if i < total], [min(i, total - 1) for i in expected]
        return got in (expected, left_out, cut)
    uncut = [max(index, int(i * (fps or 0))) if i < (duration or 0) else index for i, index in enumerate(got)]
    return any(shortened(indices) == expected for indices in (got, [*got, total], uncut))


def rows() -> list[Any]:
    file = SHARED / "spec" / "5.24" / "video.json"
    return [json.loads(file.read_text())] if file.exists() else []


@pytest.mark.parametrize("facts", rows(), ids=["the whole grid"] * len(rows()))
def test_every_index_of_the_grid(facts: dict[str, Any]) -> None:
    """113 sources by up to 17 calls by 35 classes."""
    grid, counted = facts["frame_indices"], 0
    wrong = []
    for group in grid["samplers"]:
        name = group["classes"][0]
        about = facts["classes"][name]
        for call, results in group["results"].items():
            given = json.loads(call)
            options = {**about["defaults"], **group["init"], **given}
            if about["sampler"] == "S4":  # V14: bounds of the call are not looked at
                options.update({key: about["defaults"].get(key) for key in ("min_frames", "max_frames")})
            if about["sampler"] in ("S1", "S10"):  # V2: None is the instance's value, and then the number wins
                filled = {**about["defaults"], **group["init"]}
                options.update({key: filled[key] for key, value in given.items() if value is None})
                if None in given.values() and about["sampler"] == "S1" and options["num_frames"] is not None:
                    options["fps"] = None
            for (total, fps, duration), expected in zip(grid["metadata"], results, strict=True):
                counted += 1
                place = f"{name} {call} {(total, fps, duration)}"
                try:
                    got = SAMPLERS[about["sampler"]](total, fps, duration, options)
                except ValueError:
                    if not isinstance(expected, str):
                        wrong.append(f"{place}: refused")
                    continue
                if isinstance(expected, str):
                    if grid["errors"][expected] not in MENDED:
                        wrong.append(f"{place}: {grid['errors'][expected]}")
                elif not agrees(got, expected, total, fps, duration):
                    wrong.append(f"{place}: {got[:20]} instead of {str(expected)[:200]}")
    assert counted > 30_000
    assert not wrong, f"{len(wrong)} of {counted}:\n" + "\n".join(wrong[:20])


# A few rows of the grid, for where it is not at hand: as transformers 5.24 samples them, but for what is mended.
RECORDED: list[tuple[str, tuple[int, float | None, float | None], dict[str, Any], list[int]]] = [
    ("S1", (8, 24, 0.3333333333333333), {}, [0, 1, 2, 3, 4, 5, 6, 7]),
    ("S1", (191, 24, 7.958333333333333), {"num_frames": 7}, [0, 27, 54, 81, 109, 136, 163]),
    ("S1", (9000, 24, 375.0), {"num_frames": 8}, [0, 1125, 2250, 3375, 4500, 5625, 6750, 7875]),
    (
        "S2",
        (30, 24, 1.25),
        {"num_frames": 7, "temporal_patch_size": 2, "min_frames": 4, "max_frames": 768},
        [0, 3, 7, 11, 15, 18, 22, 26],
    ),
    (
        "S2",
        (250, 24, 10.416666666666666),
        {"num_frames": 8, "temporal_patch_size": 2, "min_frames": 4, "max_frames": 768},
        [0, 31, 62, 93, 125, 156, 187, 218],
    ),
    (
        "S2",
        (72001, 24, 3000.0416666666665),
        {"num_frames": 16, "temporal_patch_size": 2, "min_frames": 4, "max_frames": 768},
        [0, 4500, 9000, 13500, 18000, 22500, 27000, 31500, 36000, 40500, 45000, 49500, 54000, 58500, 63000, 67500],
    ),
    ("S3", (8, 24, 0.3333333333333333), {"min_frames": 16, "max_frames": 180}, [0, 1, 2, 3, 4, 5, 6, 7]),
    (
        "S3",
        (300, 24, 12.5),
        {"num_frames": 16, "min_frames": 16, "max_frames": 180},
        [0, 18, 37, 56, 75, 93, 112, 131, 150, 168, 187, 206, 225, 243, 262, 281],
    ),
    (
        "S3",
        (713, 24, 29.708333333333332),
        {"fps": 0.5, "min_frames": 16, "max_frames": 180},
        [0, 44, 89, 133, 178, 222, 267, 311, 356, 401, 445, 490, 534, 579, 623, 668],
    ),
    ("S4", (8, 24, 0.3333333333333333), {"fps": 2}, [0, 2, 5, 7]),
    ("S4", (100, 24, 4.166666666666667), {"fps": 0.5}, [0, 33, 66, 99]),
    ("S4", (4, 29.97, 0.13346680013346682), {"fps": 1}, [0, 1, 2, 3]),
    ("S5", (120, 24, 5.0), {"fps": 2}, [0, 12, 24, 36, 48, 60, 72, 84, 96, 108]),
    ("S5", (367, 29.97, 12.245578912245579), {"fps": 0.5}, [0, 60, 120, 180, 240, 300]),
    ("S5", (250, 30, 8.333333333333334), {"fps": 1}, [0, 30, 60, 90, 120, 150, 180, 210]),
    ("S6", (64, 24, 2.6666666666666665), {}, [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45]),
    ("S7", (120, 24, 5.0), {"fps": 2}, [0, 10, 21, 32, 42, 53, 64, 74, 85, 96]),
    ("S7", (367, 29.97, 12.245578912245579), {"fps": 0.5}, [0, 60, 120, 180, 240, 300]),
    ("S7", (250, 30, 8.333333333333334), {"fps": 1}, [0, 30, 60, 90, 120, 150, 180, 210]),
    ("S8", (120, 24, 5.0), {"fps": 2}, [0, 12, 24, 36, 48, 60, 72, 84, 96, 108]),
    ("S8", (367, 29.97, 12.245578912245579), {"fps": 0.5}, [0, 60, 120, 180, 240, 300]),
    ("S8", (250, 30, 8.333333333333334), {"fps": 1}, [0, 30, 60, 90, 120, 150, 180, 210]),
    ("S9", (17, 24, 0.7083333333333334), {"num_frames": 7, "initial_shift": True}, [1, 3, 6, 8, 10, 13, 15]),
    (
        "S9",
        (250, 24, 10.416666666666666),
        {"num_frames": 8, "initial_shift": True},
        [15, 46, 78, 109, 140, 171, 203, 234],
    ),
    (
        "S9",
        (72001, 24, 3000.0416666666665),
        {"num_frames": 16, "initial_shift": True},
        [2250, 6750, 11250, 15750, 20250, 24750, 29250, 33750, 38250, 42750, 47250, 51750, 56250, 60750, 65250, 69750],
    ),
    ("S10", (250, 24, 10.416666666666666), {"num_frames": 64, "fps": 1}, [0, 27, 55, 83, 110, 138, 166, 193, 221, 249]),
    ("S10", (9000, 24, 375.0), {"num_frames": 7, "fps": 1}, [24, 1516, 3008, 4500, 5992, 7484, 8976]),
    ("S10", (367, 29.97, 12.245578912245579), {"num_frames": 8, "fps": 1}, [29, 73, 117, 161, 205, 249, 293, 337]),
    ("S11", (64, 29.97, 2.135468802135469), {"num_frames": 64, "max_fps": 2}, [0, 16, 32, 48]),
    ("S11", (9000, 24, 375.0), {"num_frames": 7, "max_fps": 2}, [0, 1285, 2571, 3857, 5142, 6428, 7714]),
    ("S11", (250, 29.97, 8.341675008341676), {"num_frames": 8, "max_fps": 2}, [0, 31, 62, 93, 125, 156, 187, 218]),
    (
        "S12",
        (191, 24, 7.958333333333333),
        {"num_frames": 96, "fps": 2.0, "temporal_patch_size": 2},
        [0, 14, 29, 43, 58, 73, 87, 102, 116, 131, 146, 160, 175, 190],
    ),
    (
        "S12",
        (1801, 24, 75.04166666666667),
        {"num_frames": 7, "fps": 2.0, "temporal_patch_size": 2},
        [0, 360, 720, 1080, 1440, 1800],
    ),
    (
        "S12",
        (250, 29.97, 8.341675008341676),
        {"num_frames": 8, "fps": 2.0, "temporal_patch_size": 2},
        [0, 35, 71, 106, 142, 177, 213, 249],
    ),
    (
        "S13",
        (250, 24, 10.416666666666666),
        {"max_num_frames": 128, "stack_frames": 1},
        [0, 24, 48, 72, 96, 120, 144, 168, 192, 216, 240],
    ),
    (
        "S13",
        (9000, 24, 375.0),
        {"max_num_frames": 16, "stack_frames": 1},
        [0, 597, 1197, 1797, 2397, 2997, 3597, 4197, 4797, 5397, 5997, 6597, 7197, 7797, 8397, 8997],
    ),
    ("S13", (17, 10, 1.7), {"max_num_frames": 16, "stack_frames": 3}, [0, 10, 3, 6, 13, 16]),
    ("S14", (8, 24, 0.3333333333333333), {}, [0, 1, 2, 3, 4, 5, 6, 7]),
    ("S14", (31, 24, 1.2916666666666667), {"num_frames": 7}, [0, 5, 10, 15, 20, 25, 30]),
    ("S14", (300, 24, 12.5), {"num_frames": 8}, [0, 42, 85, 128, 170, 213, 256, 299]),
    (
        "S15",
        (250, 24, 10.416666666666666),
        {"fps": 1, "max_frames": 32, "overflow_strategy": "uniform"},
        [0, 24, 48, 72, 96, 120, 144, 168, 192, 216],
    ),
    (
        "S15",
        (900, 29.97, 30.03003003003003),
        {"fps": 0.5, "max_frames": 32, "overflow_strategy": "uniform"},
        [0, 59, 119, 179, 239, 299, 359, 419, 479, 539, 599, 659, 719, 779, 839],
    ),
    ("S15", (7, 25.0, None), {"fps": 2, "max_frames": 32, "overflow_strategy": "uniform"}, [0, 1, 2, 3, 4, 5, 6]),
]


@pytest.mark.parametrize(("sampler", "source", "options", "expected"), RECORDED)
def test_recorded_indices(
    sampler: str, source: tuple[int, float | None, float | None], options: dict[str, Any], expected: list[int]
) -> None:
    assert SAMPLERS[sampler](*source, {"num_frames": None, "fps": None, **options}) == expected


@pytest.mark.parametrize(("total", "count"), [(17, 14), (367, 31), (382, 32), (670, 56), (713, 59), (718, 60)])
def test_no_index_past_the_end(total: int, count: int) -> None:
    """V1: float32 counts one step too many, whose frame does not exist."""
    numbers = spacing.arange(0, total, total / count)
    if total == 17:
        assert numbers[-1] == total
    got = frames.grouped(total, 24, num_frames=count, target_fps=None, group=1, min_frames=4, max_frames=768)
    assert len(got) == count
    assert got[-1] < total


def test_blocks_of_float32() -> None:
    """A block of 16 counts from its eighths, which plain rounding does not: some of torch's own, on AVX2."""
    assert spacing.arange(6.5, 1000, 13)[:3] == [6, 19, 32]
    assert spacing.single_linspace(0, 1) == [0]
    assert spacing.single_linspace(712, 59)[-2:] == [699, 712]
    assert spacing.linspace(3, 3, 2) == [3, 3]


class TestMetadata:
    def test_is_a_mapping_and_does_not_change(self) -> None:
        known = VideoMetadata(total_num_frames=50, fps=25, frames_indices=[0, 25])
        assert dict(known) == {
            "total_num_frames": 50,
            "fps": 25,
            "width": None,
            "height": None,
            "duration": None,
            "video_backend": None,
            "frames_indices": [0, 25],
        }
        assert (known.timestamps, known.sampled_fps) == ([0.0, 1.0], 1.0)
        with pytest.raises(AttributeError):
            known.fps = 24  # type: ignore[misc]

    def test_times_of_the_source_go_before_its_rate(self) -> None:
        assert VideoMetadata(50, 8.3, frames_indices=[0, 26], frame_times=[0.0, 1.2]).timestamps == [0.0, 1.2]

    def test_what_is_not_known(self) -> None:
        with pytest.raises(ValueError, match="one of them is not known"):
            VideoMetadata(50, fps=25).timestamps  # noqa: B018
        assert VideoMetadata().sampled_fps == 24
        assert VideoMetadata(0, 12, frames_indices=[]).sampled_fps == 12

    def test_objects_and_mappings_are_taken(self) -> None:
        class Theirs:
            total_num_frames, fps, other = 9, 3.0, "x"

        assert VideoMetadata.of(Theirs()).fps == 3.0
        assert VideoMetadata.of({"fps": 3, "total_num_frames": None}).total_num_frames == 0
        assert VideoMetadata.of({"fps": 0}).fps is None

    @pytest.mark.parametrize(
        ("given", "error", "words"),
        [
            (7, TypeError, "mapping for each video, not int"),
            ({"fpss": 3}, TypeError, "did you mean 'fps'"),
            ({"fps": -1}, ValueError, "`fps` of video_metadata is a number from 0 on, not -1"),
            ({"fps": float("nan")}, ValueError, "not nan"),
            ({"total_num_frames": "9"}, ValueError, "not '9'"),
            ({"duration": float("inf")}, ValueError, "not inf"),
        ],
    )
    def test_refused(self, given: Any, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            VideoMetadata.of(given)
