"""Videos from files on the native backend: frames go from the decoder into the output, and nothing else stays."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pixelprep
import pytest
from clips import make_clip
from pixelprep_native import _core

MEASURED = """
import json, resource, sys
import pixelprep
small, path, family, frames = sys.argv[1:]
processor = getattr(pixelprep, family + "VideoProcessorNative")()
processor(small, num_frames=4)  # what a first call loads is no part of it
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
output = processor(path, num_frames=int(frames), return_tensors="np")
made = sum(value.nbytes for value in output.values())
print(json.dumps([peak() - before, made]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("native")


def measured(*arguments: Any) -> tuple[int, int]:
    """Bytes of memory that a call took at its peak, and of its outputs."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    taken, made = json.loads(done.stdout)
    return taken, made


@pytest.mark.parametrize("family", ["Qwen2VL", "LlavaOnevision"])
def test_memory_is_that_of_the_output(folder: Path, family: str) -> None:
    """V29: at most 1.3 times the output and eight frames of the source; the reference takes 3.7 times and all frames."""
    small = make_clip(folder / "small.mp4", 8)
    clip = make_clip(folder / "720p.mp4", 40, size=(720, 1280), options={"preset": "ultrafast", "g": "8"})
    taken, made = measured(small, clip, family, 32)
    assert made > 50e6
    assert taken <= 1.3 * made + 8 * 720 * 1280 * 3


def test_memory_does_not_grow_with_the_frames(folder: Path) -> None:
    """One budget for all frames of a clip: 160 of them take what 16 take, give or take two frames."""
    small = make_clip(folder / "small.mp4", 8)
    clip = make_clip(folder / "long.mp4", 160, size=(480, 640), options={"preset": "ultrafast"})
    few, _ = measured(small, clip, "Qwen3VL", 16)
    many, _ = measured(small, clip, "Qwen3VL", 160)
    assert many <= few + 8e6 + 2 * 480 * 640 * 3


def test_several_clips_are_decoded_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(folder / "small.mp4", 8)
    processor: Any = pixelprep.Qwen2VLVideoProcessorNative()
    expected = [processor(clip, return_tensors="np")["pixel_values_videos"]] * 4
    from pixelprep.videos.pyav import PyAVVideo

    callers = set()
    before = PyAVVideo._rgb

    def seen(*given: Any) -> Any:
        callers.add(threading.get_ident())
        return before(*given)

    monkeypatch.setattr(PyAVVideo, "_rgb", seen)
    threads = _core.num_threads()
    pixelprep.set_num_threads(2)
    try:
        found = processor([clip] * 4, return_tensors="np")["pixel_values_videos"]
        assert len(callers) == 2
        callers.clear()
        pixelprep.set_num_threads(1)
        assert np.array_equal(processor([clip] * 4, return_tensors="np")["pixel_values_videos"], found)
        assert len(callers) == 1
    finally:
        pixelprep.set_num_threads(threads)
    assert np.array_equal(found, np.concatenate(expected))


def test_an_error_that_comes_late_names_the_video(folder: Path) -> None:
    parts = [make_clip(folder / f"{side}.h264", 5, size=(side, side)).read_bytes() for side in (64, 96)]
    processor: Any = pixelprep.Qwen2VLVideoProcessorNative()
    with pytest.raises(pixelprep.VideoLoadError, match=r"video 1 \(bytes\): its frames change their size"):
        processor([parts[0], b"".join(parts)])
