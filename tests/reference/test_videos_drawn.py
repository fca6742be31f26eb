"""Times drawn into ERNIE's frames, and the font that lies beside the published settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.ImageFont
import pytest
import torch
from transformers.models.ernie4_5_vl_moe.video_processing_ernie4_5_vl_moe import Ernie4_5_VLMoeVideoProcessor

import pixelprep
from pixelprep.images.stamps import written
from pixelprep.registry import VIDEO_FAMILIES

NAME = "Ernie4_5_VLMoe"
SIZE = {"shortest_edge": 1000, "longest_edge": 9000}


@pytest.fixture
def font(tmp_path: Path) -> str:
    """A TrueType file: the one that Pillow has inside."""
    file = tmp_path / "Some-Font.ttf"
    file.write_bytes(PIL.ImageFont.load_default(10).font_bytes)  # type: ignore[union-attr]
    return str(file)


def ours(backend: str = "native", **options: Any) -> Any:
    return VIDEO_FAMILIES[NAME].load().on(backend)(**options)


def clip(frames: int, height: int, width: int, dtype: str = "uint8") -> np.ndarray[Any, Any]:
    pixels = np.random.default_rng(0).integers(0, 256, (frames, height, width, 3)).astype(dtype)
    return pixels if dtype == "uint8" else pixels / np.float32(255)


@pytest.mark.filterwarnings("ignore:images hold floats")
@pytest.mark.parametrize("backend", ["torchvision", "native"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_what_is_drawn(backend: str, dtype: str, font: str) -> None:
    theirs, mine = Ernie4_5_VLMoeVideoProcessor(font=font, size=SIZE), ours(backend, font=font, size=SIZE)
    for frames, height, width, fps in ((20, 120, 160, 24.0), (21, 96, 140, 0.003), (16, 30, 300, 7.5)):
        video = clip(frames, height, width, dtype)
        given: dict[str, Any] = {"video_metadata": {"total_num_frames": frames, "fps": fps}, "return_tensors": "np"}
        for more in ({}, {"max_frames": 18}):
            expected, got = theirs(video.copy(), **given, **more), mine(video, **given, **more)
            for key in ("pixel_values_videos", "video_grid_thw"):
                assert np.array_equal(expected[key], got[key]), (key, frames, more)
            assert np.array_equal(video, clip(frames, height, width, dtype)), "the caller's frames"
    bare = ours(backend, font=font, size=SIZE, draw_on_frames=False)
    assert not np.array_equal(bare(video, **given)["pixel_values_videos"], got["pixel_values_videos"])


def test_an_assumed_rate(font: str) -> None:
    video = clip(16, 60, 80)
    with pytest.warns(UserWarning, match="24 are assumed"):
        got = ours(font=font, size=SIZE)(video, return_metadata=True, return_tensors="np")
    known = {"video_metadata": {"total_num_frames": 16, "fps": 24}, "return_tensors": "np"}
    expected = Ernie4_5_VLMoeVideoProcessor(font=font, size=SIZE)(torch.from_numpy(video), **known)
    assert np.array_equal(expected["pixel_values_videos"], got["pixel_values_videos"])
    assert got["video_metadata"][0].timestamps[1] == 1 / 24


def test_v19_minutes() -> None:
    theirs = Ernie4_5_VLMoeVideoProcessor(draw_on_frames=False)._convert_timestamp
    for number in range(0, 20_000_000, 977):
        seconds = number / 1000
        if not theirs(seconds).endswith("60.00"):
            assert written(seconds) == theirs(seconds)
    assert [written(seconds) for seconds in (59.999, 3599.996, 59.994)] == [
        "time: 00:01:00.00",
        "time: 01:00:00.00",
        "time: 00:00:59.99",
    ]


def test_small_grey_and_missing(font: str) -> None:
    metadata = {"video_metadata": {"total_num_frames": 16, "fps": 24}}
    for video in (clip(16, 8, 9), clip(16, 20, 30)[..., :1]):
        assert ours(font=font, size=SIZE)(video, **metadata, do_convert_rgb=False)["video_grid_thw"][0][0] == 16
    for absent in ({}, {"font": "absent.ttf"}):
        with pytest.raises(FileNotFoundError, match=r"video 0: the font .* draw_on_frames=False"):
            ours(**absent)(clip(16, 20, 30), **metadata)
    assert "Roboto" in repr(ours().to_dict())


def test_from_a_checkpoint_and_back(font: str, tmp_path: Path) -> None:
    folder = Path(font).parent
    settings = {"video_processor_type": f"{NAME}VideoProcessor", "font": "Some-Font.ttf", "size": SIZE}
    (folder / "video_preprocessor_config.json").write_text(json.dumps(settings))
    loaded = pixelprep.AutoVideoProcessor.from_pretrained(folder, backend="native")
    assert loaded.font == font
    assert loaded.to_dict()["font"] == "Some-Font.ttf"
    loaded.save_pretrained(tmp_path / "saved")
    again = pixelprep.AutoVideoProcessor.from_pretrained(tmp_path / "saved", backend="native")
    assert again.font == str(tmp_path / "saved" / "Some-Font.ttf")
    given = {"video_metadata": {"total_num_frames": 16, "fps": 24}, "return_tensors": "np"}
    first, second = (processor(clip(16, 60, 80), **given)["pixel_values_videos"] for processor in (loaded, again))
    assert np.array_equal(first, second)
    theirs = Ernie4_5_VLMoeVideoProcessor.from_pretrained(tmp_path / "saved")
    assert np.array_equal(theirs(clip(16, 60, 80), **given)["pixel_values_videos"], first)
    own = pixelprep.AutoVideoProcessor.from_pretrained(folder, backend="native", font="other.ttf")
    assert own.font == "other.ttf"


@pytest.mark.parametrize("name", ["../Some-Font.ttf", "/etc/passwd", "a/b.ttf", "..", "a\\b.ttf"])
def test_a_name_that_leaves_the_checkpoint(name: str, tmp_path: Path) -> None:
    settings = {"video_processor_type": f"{NAME}VideoProcessor", "font": name}
    (tmp_path / "video_preprocessor_config.json").write_text(json.dumps(settings))
    with pytest.raises(pixelprep.ConfigError, match="is not the name of a file beside the JSON"):
        pixelprep.AutoVideoProcessor.from_pretrained(tmp_path, backend="native")
