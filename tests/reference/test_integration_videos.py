"""pixelprep's video processors inside transformers: `AutoVideoProcessor` and its processors of texts and videos."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers.models.auto import video_processing_auto
from transformers.video_processing_utils import VideoProcessorMixin

import pixelprep
from clips import make_clip
from oracle import usable_backends
from pixelprep.integrations.transformers import adapted, install, uninstall
from pixelprep.registry.videos import VIDEO_FAMILIES
from pixelprep.testing.inputs import make
from pixelprep.testing.videos import Clip
from prompted import build

BACKENDS = [backend for backend in ("native", "torchvision") if backend in usable_backends()]
KNOWN = {"total_num_frames": 6, "fps": 24.0, "duration": 0.25, "frames_indices": list(range(6))}
PROCESSORS = ["Qwen2VLProcessor", "Qwen3VLProcessor", "LlavaOnevisionProcessor", "Glm4vProcessor"]
VIDEO_TOKENS = {"LlavaOnevisionProcessor": "<video>"}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = video_processing_auto.VIDEO_PROCESSOR_MAPPING, dict(video_processing_auto.VIDEO_PROCESSOR_MAPPING_NAMES)
    yield
    uninstall()
    after = video_processing_auto.VIDEO_PROCESSOR_MAPPING, dict(video_processing_auto.VIDEO_PROCESSOR_MAPPING_NAMES)
    assert after == before


def load(folder: Path, **kwargs: Any) -> Any:
    return transformers.AutoVideoProcessor.from_pretrained(folder, **kwargs)


def saved(folder: Path, settings: dict[str, Any], config: dict[str, Any] | None = None) -> Path:
    (folder / "video_preprocessor_config.json").write_text(json.dumps(settings))
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def assert_same(made: Any, expected: Any) -> None:
    assert made.keys() == expected.keys()
    for key, value in expected.items():
        if isinstance(value, torch.Tensor):
            assert made[key].dtype == value.dtype, key
            assert torch.equal(made[key], value), key


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("model_type", "family"), [("qwen2_5_vl", "Qwen2VL"), ("videomae", "VideoMAE")])
def test_by_class_name_and_by_model_type(model_type: str, family: str, backend: str, tmp_path: Path) -> None:
    clip, ours = make(Clip(6, 60, 84)), VIDEO_FAMILIES[family].load().on(backend)
    expected = getattr(transformers, f"{family}VideoProcessor")()(clip, return_tensors="pt")
    assert model_type in install(backend, model_types=[model_type])
    for settings in ({"video_processor_type": f"{family}VideoProcessor"}, {}):
        processor = load(saved(tmp_path, settings, {"model_type": model_type}))
        assert isinstance(processor, ours)
        assert isinstance(processor, VideoProcessorMixin)
        outputs = processor(clip, return_tensors="pt")
        assert type(outputs) is transformers.BatchFeature
        assert_same(outputs, expected)
        assert load(tmp_path, size={"shortest_edge": 100, "longest_edge": 9000}).size["longest_edge"] == 9000
        theirs = load(tmp_path, backend="torchvision")
        assert isinstance(theirs, pixelprep.BaseVideoProcessor) == (backend == "torchvision")
        assert type(pickle.loads(pickle.dumps(processor))) is type(copy.deepcopy(processor)) is type(processor)
    uninstall()
    assert not isinstance(load(tmp_path), pixelprep.BaseVideoProcessor)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PROCESSORS)
def test_inside_processors_of_texts_and_videos(name: str, backend: str) -> None:
    theirs = build(name)[0]
    family = type(theirs.video_processor).__name__.removesuffix("VideoProcessor")
    ours = copy.copy(theirs)
    ours.video_processor = adapted(VIDEO_FAMILIES[family].load().on(backend)())
    clips = [make(Clip(6, 84, 112)), make(Clip(6, 84, 112, seed=1))]
    options = {"return_tensors": "pt", "video_metadata": [KNOWN, KNOWN], "do_sample_frames": False}
    text = [f"Hello {theirs.video_token} there {theirs.video_token}"]
    assert_same(ours(text=text, videos=clips, **options), theirs(text=text, videos=clips, **options))


def test_a_processor_that_is_loaded_has_ours_and_takes_files(tmp_path: Path) -> None:
    """Where transformers needs torchcodec (V28), and stamps frames by their number (V18)."""
    backend = BACKENDS[0]
    build("Qwen3VLProcessor")[0].save_pretrained(tmp_path)
    install(backend, model_types=["qwen3_vl"])
    processor = transformers.AutoProcessor.from_pretrained(tmp_path)
    assert isinstance(processor.video_processor, pixelprep.BaseVideoProcessor)
    assert processor.video_processor.backend == backend
    clip = make_clip(tmp_path / "clip.mp4", milliseconds=[*range(0, 1000, 40), *range(1000, 4000, 200)])
    outputs = processor(
        text=f"{processor.video_token} tell", videos=str(clip), return_tensors="pt", return_metadata=True
    )
    plain = pixelprep.Qwen3VLVideoProcessorNative()(clip, return_tensors="np", return_metadata=True)
    assert np.array_equal(outputs["pixel_values_videos"].numpy(), plain["pixel_values_videos"])
    assert type(outputs["video_metadata"][0].fps) is float
    assert outputs["video_metadata"][0].timestamps == plain["video_metadata"][0].timestamps
    outputs["video_metadata"][0].fps = 3  # transformers' processors set what is not known
    processor.save_pretrained(tmp_path / "again")
    again = transformers.AutoProcessor.from_pretrained(tmp_path / "again")
    assert again.video_processor.to_dict() == processor.video_processor.to_dict()


def test_without_a_rate_as_in_transformers() -> None:
    theirs = build("Qwen3VLProcessor")[0]
    ours = copy.copy(theirs)
    ours.video_processor = adapted(VIDEO_FAMILIES["Qwen3VL"].load().on(BACKENDS[0])())
    clip, options = make(Clip(6, 84, 112)), {"return_tensors": "pt", "do_sample_frames": False}
    text = f"Hello {theirs.video_token}"
    assert_same(ours(text=text, videos=clip, **options), theirs(text=text, videos=clip, **options))
