"""What single video families mend or promise beside the reference's values."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelprep.registry import VIDEO_FAMILIES


def made(name: str, **options: Any) -> Any:
    return VIDEO_FAMILIES[name].load().on("native")(**options)


def clip(frames: int, height: int = 20, width: int = 30) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def test_v9_statistics_that_a_family_lacks() -> None:
    with pytest.raises(ValueError, match="pass `norm_mean` and `norm_std`"):
        made("NemotronH_Omni_Reasoning_V3")(clip(2))


def test_molmo2_assumes_a_rate_for_times() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        output = made("Molmo2")(clip(3), return_metadata=True)
    assert "2 are assumed" in str(caught[0].message)
    assert list(output["video_metadata"][0].timestamps) == [0, 0.5, 1]


class TestMiniCPM:
    METADATA = {"total_num_frames": 30, "fps": 10}

    def told(self, video: Any = None, **options: Any) -> tuple[list[int], int]:
        processor = made("MiniCPMV4_6", scale_resolution=28, patch_size=4, slice_mode=False)
        output = processor(
            clip(30) if video is None else video, video_metadata=self.METADATA, return_metadata=True, **options
        )
        (metadata,) = output["video_metadata"]
        return metadata.frames_indices, output["num_frames_per_video"][0]

    def test_v14_what_a_call_asks_for(self) -> None:
        assert self.told() == ([0, 10, 20], 3)
        assert self.told(num_frames=2) == ([0, 15], 2)
        assert self.told(fps=2, stack_frames=3) == ([0, 5, 10, 15, 20, 25], 6)

    def test_parts_of_a_second_follow_its_frame(self) -> None:
        assert self.told(stack_frames=2) == ([0, 10, 20, 5, 15, 25], 6)

    def test_v6_frames_that_were_chosen_already(self) -> None:
        assert self.told(stack_frames=2, do_sample_frames=False)[1] == 30

    def test_v6_a_duration_beyond_the_frames(self) -> None:
        options = {"video_metadata": {**self.METADATA, "duration": 4.5}, "return_metadata": True}
        (metadata,) = made("MiniCPMV4_6")(clip(30), **options)["video_metadata"]
        assert metadata.frames_indices == [0, 10, 20, 29, 29]


def test_v8_one_frame_of_pe() -> None:
    assert made("PeVideo").sample_indices({"total_num_frames": 9}, num_frames=1) == [0]


def test_a_font_counts_by_what_it_holds(tmp_path: Path) -> None:
    fonts = [tmp_path / name for name in ("here.ttf", "there.ttf", "another.ttf")]
    for font, content in zip(fonts, (b"letters", b"letters", b"runes"), strict=True):
        font.write_bytes(content)
    here, there, another = (made("Ernie4_5_VLMoe", font=str(font)).digest() for font in fonts)
    assert here == there != another
