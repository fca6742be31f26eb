"""Plans of videos: the frames, times, grids and tokens of a call, from what files say of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from clips import drawn, make_clip
from pixelprep.registry import VIDEO_FAMILIES
from pixelprep.videos.pyav import PyAVVideo

VARIABLE = [*range(0, 1000, 40), *range(1000, 4000, 200)]
MADE = ("Qwen2VL", "Qwen3VL", "HYV4VL", "Glm4v", "LlavaOnevision", "VideoMAE")
OPTIONS: dict[str, dict[str, Any]] = {"VideoMAE": {"num_frames": 8}}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [
        make_clip(folder / "turned.mp4", 48, size=(120, 200), rate=24, rotation=90),
        make_clip(folder / "variable.mp4", size=(96, 128), milliseconds=VARIABLE),
    ]


def processor(name: str, backend: str = "Native", **options: Any) -> Any:
    return getattr(pixelprep, f"{name}VideoProcessor{backend}")(**options)


@pytest.mark.parametrize("name", MADE)
def test_what_the_call_does_from_metadata_alone(clips: list[Path], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    video, options = processor(name), OPTIONS.get(name, {})
    with monkeypatch.context() as nothing:
        nothing.setattr(PyAVVideo, "frames", lambda *given: pytest.fail("frames were decoded"))
        plan = video.plan([[clips[0]], clips[1]], **options)
    made = video(clips, return_metadata=True, **options)
    metadata = made.pop("video_metadata")
    assert [list(planned.indices) for planned in plan.videos] == [known.frames_indices for known in metadata]
    assert [list(planned.timestamps) for planned in plan.videos] == [known.timestamps for known in metadata]
    assert [planned.num_frames for planned in plan.videos] == [48, 40]
    for key, value in made.items():
        if plan.outputs[key].shape is not None:
            assert plan.outputs[key].shape == value.shape
    again = plan.execute(clips)
    for key, value in made.items():
        assert all(map(np.array_equal, again[key], value))


@pytest.mark.parametrize(("name", "merge"), [("Qwen2VL", 2), ("Qwen3VL", 2), ("Glm46V", 2)])
def test_tokens_and_their_times(clips: list[Path], name: str, merge: int) -> None:
    plan = processor(name).plan(clips)
    found, start = plan.regions("pixel_values_videos", merge=merge), 0
    for number, video in enumerate(plan.videos):
        assert video.grid == tuple(plan.outputs["video_grid_thw"].values[number])
        assert video.tokens == video.grid[0] * video.tokens_per_step == len(video.token_timestamps)
        assert len(video.step_timestamps) == video.grid[0]
        boxes, images = (array[start : start + video.tokens] for array in (found.boxes, found.images))
        assert set(images) == {number}
        step = boxes.reshape(video.grid[0], -1, 4)
        assert (step == step[0]).all()  # each step in time shows the whole frame
        height, width = plan.inputs[number][0][-2:]
        areas = (step[0, :, 2] - step[0, :, 0]) * (step[0, :, 3] - step[0, :, 1])
        assert areas.sum() == pytest.approx(height * width)
        start += video.tokens
    assert start == len(found.images)


@pytest.mark.parametrize("name", ["Qwen2VL", "Glm4v", "HYV4VL"])
def test_a_token_changes_with_what_its_region_shows_and_with_nothing_else(name: str) -> None:
    video = processor(name, do_sample_frames=False)
    clip = np.random.default_rng(0).integers(0, 255, (6, 140, 196, 3), dtype=np.uint8)
    known = {"video_metadata": {"fps": 2.0, "total_num_frames": 6, "duration": 3.0}}
    plan = video.plan((6, 140, 196), **known)
    found = plan.regions("pixel_values_videos")
    before = video(clip, **known)["pixel_values_videos"]
    steps = plan.videos[0].grid[0]
    for token in (0, len(before) // 2 + 3, len(before) - 1):
        x0, y0, x1, y1 = found.boxes[token]
        reach_x, reach_y = found.reach[token]
        step, frames = token * steps // len(before), 6 // steps
        inside = clip.copy()
        inside[step * frames, int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] ^= 255
        assert not np.array_equal(video(inside, **known)["pixel_values_videos"][token], before[token])
        outside = clip ^ 255
        top, left = max(int(y0 - reach_y) - 1, 0), max(int(x0 - reach_x) - 1, 0)
        where = (
            slice(step * frames, (step + 1) * frames),
            slice(top, int(np.ceil(y1 + reach_y)) + 1),
            slice(left, int(np.ceil(x1 + reach_x)) + 1),
        )
        outside[where] = clip[where]
        assert np.array_equal(video(outside, **known)["pixel_values_videos"][token], before[token])


@pytest.mark.parametrize("name", [name for name, family in VIDEO_FAMILIES.items() if family.written])
def test_squares_in_all_frames_show_where_they_should(name: str) -> None:
    cases: Any = VIDEO_FAMILIES[name].cases()
    options = {**cases.made, **cases.small, "do_sample_frames": False}
    options |= {"use_token_compression": False} if name == "VideoLlama3" else {}  # which looks at pixels
    options |= {"draw_on_frames": False} if name.startswith("Ernie") else {}  # which needs a font
    known = {"video_metadata": {"fps": 4.0, "total_num_frames": 8, "duration": 2.0}}
    video = processor(name, **options)
    clip = np.random.default_rng(0).integers(0, 256, (8, 70, 90, 3), dtype=np.uint8)
    plan = video.plan((8, 70, 90), **known)
    output = next(key for key in plan.outputs if key.startswith("pixel_values"))
    found = plan.regions(output)
    *lead, entries = found.images.shape

    def pixels(frames: Any) -> Any:
        """As `(*lead, entries, the rest)`, the entries where they run along the last axis too."""
        made = video(frames, return_tensors="np", **known)[output]
        if made.shape[: len(lead) + 1] == (*lead, entries):
            return made.reshape(*lead, entries, -1)
        return np.moveaxis(made.reshape(-1, entries, made.shape[-1] // entries), 1, 0).reshape(entries, -1)

    before = pixels(clip)
    assert (found.images >= 0).any()
    wide = found.boxes + np.concatenate([-found.reach, found.reach], axis=-1)
    for square in ((0, 0, 12, 9), (31, 25, 72, 61), (80, 60, 90, 70), (0, 0, 90, 70)):
        left, top, right, bottom = square
        other = clip.copy()
        other[:, top:bottom, left:right] ^= 255
        changed = (pixels(other) != before).any(axis=-1)
        touched = ((wide[..., :2] < square[2:]) & (wide[..., 2:] > square[:2])).all(axis=-1)
        within = ((found.boxes[..., :2] >= square[:2]) & (found.boxes[..., 2:] <= square[2:])).all(axis=-1)
        assert not (changed & ~touched).any()
        assert not (within & ~changed).any()


def test_as_many_times_as_steps_whatever_the_number_of_frames() -> None:
    for frames in (1, 2, 5, 8):
        for options in ({}, {"num_frames": frames}, {"fps": 2}):
            plan = processor("Qwen3VL").plan((frames, 64, 96), video_metadata={"fps": 8}, **options)
            (video,) = plan.videos
            assert video.grid is not None
            assert len(video.step_timestamps or ()) == video.grid[0] == -(-len(video.indices) // 2)


def test_times_are_the_streams_own(clips: list[Path]) -> None:
    """V18: the reference stamps a frame with its number over the average rate."""
    (video,) = processor("VideoMAE").plan(clips[1], num_frames=5).videos
    assert video.indices == (0, 8, 16, 24, 32)
    assert video.timestamps == pytest.approx([0.0, 0.32, 0.64, 0.96, 2.4], abs=1e-3)


def test_without_a_rate_there_are_no_times() -> None:
    (video,) = processor("LlavaOnevision").plan((5, 64, 96)).videos
    assert (video.timestamps, video.step_timestamps, video.grid, video.tokens) == (None, None, None, None)


def test_frames_in_files_of_their_own(tmp_path: Path) -> None:
    for number in range(11):
        PIL.Image.fromarray(drawn(number, 40, 60)).save(tmp_path / f"frame{number}.png")
    video = processor("LlavaOnevision")
    files = [tmp_path / f"frame{number}.png" for number in range(11)]
    for given in (tmp_path, files):
        plan = video.plan(given, video_metadata={"fps": 4}, fps=1)
        assert plan.inputs == (((2, 3, 40, 60), "uint8"),)
        assert plan.videos[0].indices == (0, 5)
    assert np.array_equal(
        video(tmp_path, return_tensors="np")["pixel_values_videos"],
        video([drawn(number, 40, 60) for number in range(11)], return_tensors="np")["pixel_values_videos"],
    )


def test_plans_of_sizes_are_remembered_and_read_again(clips: list[Path]) -> None:
    video = processor("Qwen2VL")
    assert video.plan((4, 64, 96)) is video.plan((4, 64, 96))
    plan = video.plan(clips[0], num_frames=4)
    stored = pixelprep.Plan.from_json(plan.to_json())
    assert stored.key == plan.key
    assert stored.videos == ()
