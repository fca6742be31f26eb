"""Video files as processors and `load_video` take them: mixed, nested, each with a rate of its own."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from clips import all_frames, drawn, make_clip
from needs import ROOT
from pixelprep import VideoMetadata, load_video, video_utils

VARIABLE = [*range(0, 1000, 40), *range(1000, 4000, 200)]
BACKENDS = ["Native", "Pil"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [
        make_clip(folder / "a.mp4", options={"g": "12"}),
        make_clip(folder / "b.mkv", 30, rate=10),
        make_clip(folder / "variable.mp4", milliseconds=VARIABLE),
    ]


def processor(backend: str = "Native", **options: Any) -> Any:
    given = {"size": {"height": 24, "width": 32}, "do_normalize": False, "do_rescale": False, "do_center_crop": False}
    return getattr(pixelprep, f"VideoMAEVideoProcessor{backend}")(**{**given, **options})


class TestProcessors:
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_files_are_what_their_frames_are(self, clips: list[Path], backend: str) -> None:
        every = np.stack(all_frames(clips[0]))
        expected = processor(backend)(every, num_frames=5, return_tensors="np")["pixel_values"]
        for video in (clips[0], str(clips[0]), clips[0].read_bytes(), [clips[0]], {"bytes": clips[0].read_bytes()}):
            found = processor(backend)(video, num_frames=5, return_tensors="np")["pixel_values"]
            assert np.array_equal(found, expected)

    def test_videos_of_every_kind_beside_each_other(self, clips: list[Path]) -> None:
        """V12: each is sampled, whatever comes first."""
        array = np.stack(all_frames(clips[0]))
        pictures = [PIL.Image.fromarray(frame) for frame in array]
        mixed = [clips[0], array, [pictures, [clips[0].read_bytes()]]]
        found = processor()(mixed, num_frames=5, return_metadata=True)
        assert [known.frames_indices for known in found["video_metadata"]] == [[0, 8, 16, 24, 32]] * 4
        for video in found["pixel_values"]:
            assert np.array_equal(video, found["pixel_values"][0])

    def test_each_video_has_a_rate_of_its_own(self, clips: list[Path]) -> None:
        found = processor()(clips[:2], fps=5, return_metadata=True)["video_metadata"]
        assert [known.fps for known in found] == [25, 10]
        assert [len(known.frames_indices) for known in found] == [8, 15]

    def test_what_is_said_of_a_file_stands_before_what_is_read(self, clips: list[Path]) -> None:
        """V17: the reference leaves it aside for files."""
        given = {"fps": 50.0, "total_num_frames": 7}
        (known,) = processor()(clips[0], fps=5, video_metadata=given, return_metadata=True)["video_metadata"]
        assert (known.fps, known.total_num_frames, len(known.frames_indices)) == (50, 40, 4)
        assert given == {"fps": 50.0, "total_num_frames": 7}
        (known,) = processor()(clips[0], return_metadata=True)["video_metadata"]
        assert known.timestamps == [index / 25 for index in range(40)]

    def test_times_of_a_variable_rate(self, clips: list[Path]) -> None:
        """V18"""
        (known,) = processor()(clips[2], num_frames=4, return_metadata=True)["video_metadata"]
        assert known.timestamps == pytest.approx([0, 0.4, 0.8, 2.0], abs=1e-3)
        assert known.timestamps == pytest.approx([VARIABLE[i] / 1000 for i in known.frames_indices], abs=1e-3)

    def test_a_folder_of_frames(self, tmp_path: Path) -> None:
        for number in range(12):
            PIL.Image.fromarray(drawn(number, 40, 60)).save(tmp_path / f"frame_{number}.png")
        (tmp_path / "notes.txt").write_text("no frame")
        frames = np.stack([drawn(number, 40, 60) for number in range(12)])
        for folder in (tmp_path, str(tmp_path), [tmp_path]):
            found = processor()(folder, fps=2, video_metadata={"fps": 4}, return_tensors="np", return_metadata=True)
            assert found["video_metadata"][0].frames_indices == [0, 2, 4, 6, 8, 10]
            assert found["video_metadata"][0].timestamps == [0, 0.5, 1, 1.5, 2, 2.5]
            expected = processor()(frames[::2], return_tensors="np")["pixel_values"]
            assert np.array_equal(found["pixel_values"], expected)
        (tmp_path / "empty").mkdir()
        with pytest.raises(pixelprep.VideoLoadError, match=r"video 1 .*without image files"):
            processor()([tmp_path, tmp_path / "empty"])

    def test_of_image_files_only_those_that_are_taken_are_read(self, tmp_path: Path) -> None:
        for number in range(4):
            PIL.Image.fromarray(drawn(number, 20, 30)).save(tmp_path / f"{number}.png")
        (tmp_path / "1.png").write_bytes(b"broken")
        assert len(processor()(tmp_path, num_frames=2)["pixel_values"][0]) == 2
        with pytest.raises(pixelprep.ImageLoadError, match=r"video 0|image 1"):
            processor()(tmp_path)

    def test_without_torch(self, clips: list[Path]) -> None:
        """V28: transformers decodes with torchcodec or torchvision alone, and makes no video without torch."""
        code = (
            "import sys\n"
            "sys.modules['torch'] = sys.modules['torchvision'] = None\n"
            "import pixelprep\n"
            f"found = pixelprep.Qwen2VLVideoProcessorPil()({str(clips[0])!r}, num_frames=4, return_tensors='np')\n"
            "print(found['pixel_values_videos'].shape[0], found['video_grid_thw'].tolist())\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split(" ", 1)[1].strip() == "[[2, 20, 28]]"

    def test_a_decoder_is_an_option(self, clips: list[Path]) -> None:
        video = processor(decoder="nobody")
        with pytest.raises(ValueError, match="video 0: there is no video decoder 'nobody'"):
            video(clips[0])
        assert len(video(clips[0], decoder="pyav", num_frames=2)["pixel_values"][0]) == 2
        assert "decoder" not in video.to_dict()


class TestLoadVideo:
    def test_all_frames(self, clips: list[Path]) -> None:
        frames, known = load_video(clips[0])
        assert np.array_equal(frames, np.stack(all_frames(clips[0])))
        assert (known.total_num_frames, known.fps, known.frames_indices) == (40, 25, list(range(40)))

    def test_some_of_them(self, clips: list[Path]) -> None:
        every = np.stack(all_frames(clips[0]))
        for options, indices in (({"num_frames": 4}, [0, 10, 20, 30]), ({"fps": 2.5}, [0, 10, 20, 30])):
            frames, known = load_video(clips[0].read_bytes(), **options)
            assert np.array_equal(frames, every[indices])
            assert known.frames_indices == indices

    def test_in_the_order_asked_and_as_often(self, clips: list[Path]) -> None:
        """V31: the reference sorts them, drops some, or gives one where two were asked for."""
        every = np.stack(all_frames(clips[0]))
        indices = [30, 3, 3, 39, 0, 39]
        frames, known = load_video(clips[0], sample_indices_fn=lambda metadata, first: [first, *indices[1:]], first=30)
        assert np.array_equal(frames, every[indices])
        assert known.frames_indices == indices

    def test_variable_rate(self, clips: list[Path]) -> None:
        _, known = load_video(clips[2], num_frames=4)
        assert known.timestamps == pytest.approx([0, 0.4, 0.8, 2.0], abs=1e-3)

    def test_refuses(self, clips: list[Path]) -> None:
        with pytest.raises(IndexError, match=r"no frame 40: .*a.mp4 has 40"):
            load_video(clips[0], sample_indices_fn=lambda metadata: [0, 40])
        with pytest.raises(ValueError, match=r"num_frames and fps|both|contradict"):
            load_video(clips[0], num_frames=2, fps=2)
        with pytest.raises(TypeError, match="frames and arrays need no loading"):
            load_video(np.zeros((2, 4, 4, 3), np.uint8))
        with pytest.raises(TypeError, match="'frames'"):
            load_video(clips[0], frames=3)


def test_helpers_by_the_names_people_know() -> None:
    video = np.zeros((4, 6, 8, 3), np.uint8)
    assert video_utils.is_valid_video(video)
    assert video_utils.is_valid_video(list(video))
    assert not video_utils.is_valid_video(video[0])
    assert video_utils.is_batched_video([video])
    assert video_utils.is_batched_video(video[None])
    assert not video_utils.is_batched_video(video)
    assert video_utils.valid_videos([video, video[0]])
    assert not video_utils.valid_videos(["a.mp4"])
    assert video_utils.is_valid_video_frame(PIL.Image.new("L", (3, 3)))
    assert video_utils.is_scaled_video(video / 255)
    assert not video_utils.is_scaled_video(video + 2)
    assert video_utils.get_video_size(video) == video_utils.get_video_size(video.transpose(0, 3, 1, 2)) == (6, 8)
    assert video_utils.get_video_size(video, "channels_first") == (8, 3)
    assert len(video_utils.make_batched_videos([video, [video]])) == 2
    known = VideoMetadata(10, 5.0)
    assert video_utils.default_sample_indices_fn(known, fps=2.5).tolist() == [0, 2, 4, 6, 8]
    assert video_utils.default_sample_indices_fn(known, num_frames=3).tolist() == [0, 3, 6]


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of docs/videos.md, in order, where the files lie that it names; lines with a value give it."""
    make_clip(tmp_path / "clip.mp4", 250, size=(72, 128), options={"g": "50"})
    make_clip(tmp_path / "phone.mov", 60, size=(72, 128), rotation=-90)
    (tmp_path / "frames").mkdir()
    for number in range(8):
        PIL.Image.fromarray(drawn(number, 72, 128)).save(tmp_path / "frames" / f"{number}.jpg")
    PIL.Image.fromarray(drawn(0, 40, 56)).save(
        tmp_path / "cat.gif", save_all=True, append_images=[PIL.Image.fromarray(drawn(n, 40, 56)) for n in range(1, 5)]
    )
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = (ROOT / "docs" / "videos.md").read_text().split("```python\n")[1:]
    assert len(blocks) > 5
    checked = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in blocks:
            for line in _statements(block.partition("```")[0]):
                code, _, told = line.partition("  # gives ")
                if told:
                    assert repr(eval(code, names)) == told, code
                    checked += 1
                else:
                    exec(code, names)
    assert checked > 8


def _statements(block: str) -> list[str]:
    """Lines that stand alone, and those that belong together as one."""
    found: list[str] = []
    for line in block.splitlines():
        if found and (line.startswith((" ", ")", "]", "}")) or not line.strip()):
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found
