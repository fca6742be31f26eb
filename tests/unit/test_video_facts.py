"""The facts about the reference's video processors, where they lie beside the repository: outputs and frame indices."""

from __future__ import annotations

import hashlib
import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import PIL.Image
import pytest

from needs import ROOT
from pixelprep.registry import VIDEO_FAMILIES

FACTS = ROOT.parent / "shared" / "spec" / "5.24" / "video.json"
WRITTEN = [name for name, family in VIDEO_FAMILIES.items() if family.written]
pytestmark = pytest.mark.skipif(not FACTS.is_file(), reason="the inventory is no part of the repository")


@cache
def facts() -> dict[str, Any]:
    return json.loads(FACTS.read_text())  # type: ignore[no-any-return]


def ours(name: str, **options: Any) -> Any:
    return VIDEO_FAMILIES[name].load().on("native")(**options)


def noise(frames: int, height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray[Any, Any]:
    """The inventory's own videos."""
    x = np.arange(frames * height * width * channels, dtype=np.uint64) + np.uint64(seed)
    x = x * np.uint64(2654435761) % np.uint64(2**32)
    x ^= x >> np.uint64(15)
    x = x * np.uint64(2246822519) % np.uint64(2**32)
    x ^= x >> np.uint64(13)
    return (x & np.uint64(255)).astype(np.uint8).reshape(frames, height, width, channels)


@cache
def inputs() -> dict[str, Any]:
    clip, other = noise(8, 48, 64), noise(8, 48, 64, seed=1)
    return {
        "8x48x64": clip,
        "1x48x64": noise(1, 48, 64),
        "two_sizes": [clip, noise(5, 96, 40, seed=1)],
        "two_same": [clip, other],
        "pil_list": list(map(PIL.Image.fromarray, clip)),
        "torch_tchw": np.ascontiguousarray(clip.transpose(0, 3, 1, 2)),
        "batch5d_2x8x48x64": np.stack([clip, other]),
        "gray": noise(8, 48, 64, 1),
        "one_image_hwc": clip[0],
        "one_pil": PIL.Image.fromarray(clip[0]),
        "np": clip,
        "small_8x10x14": noise(8, 10, 14),
        "default_metadata_24fps": noise(37, 48, 64),
    }


# Mended: V16.
APART = {("SmolVLM", "two_sizes", "pixel_attention_mask")}
# Options that the inventory's calls were made with.
MADE: dict[str, dict[str, Any]] = {
    "Ernie4_5_VLMoe": {"draw_on_frames": False},
    "NemotronH_Omni_Reasoning_V3": {"norm_mean": [0.5] * 3, "norm_std": [0.5] * 3},
}


@pytest.mark.parametrize("name", WRITTEN)
def test_outputs(name: str) -> None:
    processor, lines = ours(name, **MADE.get(name, {})), []
    for case, video in inputs().items():
        expected = facts()["classes"][f"{name}VideoProcessor"]["outputs"].get(case, {"error": ""})
        if "error" in expected:
            continue
        options: dict[str, Any] = {"do_sample_frames": False}
        if case == "default_metadata_24fps":
            options = {"video_metadata": {"total_num_frames": 37, "fps": 24, "duration": 37 / 24}}
            options["return_metadata"] = True
        output = processor(video, return_tensors="np", **options)
        if "frames_indices" in expected:
            every = list(range(37))  # V17
            if list(output["video_metadata"][0].frames_indices) != (expected["frames_indices"] or every):
                lines.append(f"{case}: other frames")
        for key, known in expected.items():
            if not isinstance(known, dict) or "shape" not in known or (name, case, key) in APART:
                continue
            value = np.ascontiguousarray(output[key])
            digest = hashlib.sha256(value).hexdigest()[:16]
            got = {"dtype": str(value.dtype), "shape": list(value.shape), "sha256": digest}
            lines += [f"{case}: {key} {k}: {v}, not {known[k]}" for k, v in got.items() if k in known and known[k] != v]
    assert not lines, "\n".join(lines)


GROUPS = facts()["frame_indices"]["samplers"] if FACTS.is_file() else []
ROWS = [(group["classes"][0].removesuffix("VideoProcessor"), group) for group in GROUPS]
ROWS = [(name, group) for name, group in ROWS if name in WRITTEN]


@pytest.mark.parametrize(("name", "group"), ROWS, ids=[name for name, _ in ROWS])
def test_frame_indices(name: str, group: dict[str, Any]) -> None:
    """Every index of the grid, but where the reference crashes (V1, V2, ...) or gives none (V15)."""
    known = facts()["classes"][f"{name}VideoProcessor"]
    unread = {*known["kwargs_ignored_at_the_call"], *known["kwargs_never_used"]}  # V14
    processor, lines, compared = ours(name, **MADE.get(name, {}), **group["init"]), [], 0
    for text, results in group["results"].items():
        options = json.loads(text)
        if name == "Cosmos3Edge" and "temporal_patch_size" in options:  # V23
            continue
        if name.startswith("Gemma4") and options.get("fps") is not None:  # V2: the default number of frames wins
            continue
        if unread & {option for option, value in options.items() if value is not None}:
            continue
        if not processor.samples_by_both and None not in options.values() and {"num_frames", "fps"} <= options.keys():
            continue
        for (total, fps, duration), expected in zip(facts()["frame_indices"]["metadata"], results, strict=True):
            if isinstance(expected, str) or expected == []:
                continue
            metadata = {"total_num_frames": total, "fps": fps, "duration": duration}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    got = processor.sample_indices(metadata, **options)
                except ValueError as error:
                    lines.append(f"{options} of {metadata}: {error}")
                    continue
            compared += 1
            if name.startswith("MiniCPM") and duration > total / fps:  # V6
                if isinstance(expected, list):
                    expected = [min(index, total - 1) for index in expected]
                else:
                    expected = {**expected, "sha256": told(got)["sha256"]}
            if expected not in (told(got), told([*got, total])):  # V1: one past the end
                lines.append(f"{options} of {metadata}: {got[:8]}... ({len(got)}), not {expected}")
    assert not lines, f"{len(lines)} of {compared}:\n" + "\n".join(lines[:20])
    assert compared > 50


def told(indices: list[int]) -> Any:
    """Indices as the inventory has them: long lists in short."""
    if len(indices) <= 36:
        return indices
    digest = hashlib.sha256(",".join(map(str, indices)).encode()).hexdigest()[:16]
    return {"n": len(indices), "first": indices[:6], "last": indices[-6:], "sha256": digest}
