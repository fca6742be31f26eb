"""`pixelprep video` and `pixelprep plan` of videos: the library's values in a file, what is told without decoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from safetensors import safe_open
from typer.testing import CliRunner, Result

import pixelprep
import pixelprep.visualize
from clips import drawn, make_clip
from pixelprep.cli import app
from pixelprep.videos.opening import open_video, watched


def invoke(*arguments: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [make_clip(folder / "a.mp4"), make_clip(folder / "b.mkv", 30, size=(64, 80), rotation=0)]


def test_the_file_holds_what_the_call_gives(clips: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    result = invoke("video", "qwen2_vl", *clips, "-o", out, "--frames", 6, "--backend", "native", "--json")
    assert result.exit_code == 0, result.output
    expected = pixelprep.Qwen2VLVideoProcessorNative()(clips, num_frames=6, return_tensors="np")
    with safe_open(out, "np") as file:
        assert set(file.keys()) == set(expected)
        for name in expected:
            assert np.array_equal(file.get_tensor(name), expected[name])
        metadata = file.metadata()
    assert json.loads(metadata["videos"]) == list(map(str, clips))
    assert json.loads(metadata["video_processor"])["video_processor_type"] == "Qwen2VLVideoProcessor"
    told = json.loads(metadata["video_metadata"])
    assert [known["total_num_frames"] for known in told] == [40, 30]
    assert told[0]["frames_indices"] == [0, 6, 13, 20, 26, 33]
    assert told[0]["timestamps"] == pytest.approx([index / 25 for index in told[0]["frames_indices"]], abs=1e-6)
    report = json.loads(result.stdout)
    assert [video["video"] for video in report["videos"]] == list(map(str, clips))
    assert report["failures"] == []


@pytest.mark.parametrize("each", [True, False])
def test_a_video_that_fails_is_reported_and_the_others_go_on(clips: list[Path], tmp_path: Path, each: bool) -> None:
    broken, out = tmp_path / "broken.mp4", tmp_path / "out.npz"
    broken.write_bytes(b"garbage" * 99)
    result = invoke("video", "videomae", clips[0], broken, clips[0], "-o", out, "--fps", 4, *["--each"] * each)
    assert result.exit_code == 1
    assert f"pixelprep: {broken}: it holds no video that FFmpeg can read" in result.stderr
    with np.load(out) as file:
        names = set(file) - {"metadata"}
        assert names == ({"pixel_values.0", "pixel_values.1"} if each else {"pixel_values"})
        metadata = json.loads(str(file["metadata"]))
    assert len(json.loads(metadata["videos"])) == len(json.loads(metadata["video_metadata"])) == 2
    assert invoke("video", "videomae", broken, "-o", tmp_path / "none.npz").exit_code == 1
    assert not (tmp_path / "none.npz").exists()


def test_a_folder_of_frames_with_a_rate(clips: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(12):
        PIL.Image.fromarray(drawn(number, 40, 60)).save(folder / f"{number}.png")
    out = tmp_path / "out.npz"
    result = invoke("video", "videomae", folder, clips[0], "-o", out, "--rate", 4, "--fps", 1)
    assert result.exit_code == 0, result.output
    with np.load(out) as file:
        told = json.loads(json.loads(str(file["metadata"]))["video_metadata"])
    assert told[0]["frames_indices"] == [0, 4, 8]
    assert told[0]["timestamps"] == [0, 1, 2]
    assert told[1]["fps"] == 4  # what is said stands before what is read


def test_a_plan_from_metadata_alone(clips: list[Path], tmp_path: Path) -> None:
    result = invoke("plan", "qwen3_vl", clips[0], "--fps", 5, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    video = pixelprep.Qwen3VLVideoProcessorNative()(clips[0], fps=5, return_metadata=True)
    assert found["indices"] == video["video_metadata"][0].frames_indices
    assert found["grid"] == np.asarray(video["video_grid_thw"])[0].tolist()
    assert found["tokens"] == found["grid"][0] * found["tokens_per_step"]
    assert found["outputs"]["pixel_values_videos"]["shape"] == list(video["pixel_values_videos"].shape)
    told = invoke("plan", "qwen3_vl", clips[0], "--fps", 5)
    assert "40 frames of 96x128 at 25 frames a second" in told.stdout
    assert f"{len(found['indices'])} frames are taken, {found['tokens']} feature tokens" in told.stdout
    bare = json.loads(invoke("plan", "qwen2_vl", "8x96x128", "--json").stdout)
    assert (bare["num_frames"], bare["timestamps"], bare["grid"]) == (8, None, [4, 20, 28])


def test_a_contact_sheet(clips: list[Path], tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    result = invoke("plan", "qwen2_vl", clips[0], "--frames", 6, "--draw", sheet)
    assert result.exit_code == 0, result.output
    with PIL.Image.open(sheet) as image:
        picture = np.asarray(image.convert("RGB"))
    processor = pixelprep.Qwen2VLVideoProcessorPil()
    first = pixelprep.visualize.seen(processor.plan(clips[0], num_frames=6), clips[0])[0]
    assert np.array_equal(picture[4 : 4 + first.height, 4 : 4 + first.width], np.asarray(first))
    assert invoke("plan", "qwen2_vl", "8x96x128", "--draw", sheet).exit_code == 2


def test_frames_are_counted_while_they_are_decoded(clips: list[Path]) -> None:
    counted: list[int] = []
    with watched(lambda: counted.append(1)):
        for frame in open_video(clips[0]).frames([0, 3, 9]):
            frame.decode()
    open_video(clips[0]).frames([0])[0].decode()
    assert len(counted) == 3


def test_usage(clips: list[Path], tmp_path: Path) -> None:
    for arguments in (
        ("video", "clip", clips[0], "-o", tmp_path / "a.npz"),
        ("video", "qwen2_vl", clips[0], "-o", tmp_path / "a.txt"),
        ("plan", "nothing", clips[0]),
    ):
        assert invoke(*arguments).exit_code == 2
    wrong = invoke("video", "qwen2_vl", clips[0], "-o", tmp_path / "a.npz", "--frames", 3, "--fps", 2)
    assert wrong.exit_code == 1
    assert "contradict each other" in wrong.stderr
