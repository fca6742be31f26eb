"""pixelprep inside transformers itself: after one line existing code has other image processors, and equal results."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers.image_processing_utils import BaseImageProcessor
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING, IMAGE_PROCESSOR_MAPPING_NAMES

import pixelprep
from oracle import difference, our_class, picture, reference_class, usable_backends
from pixelprep import ops
from pixelprep.integrations.transformers import install, uninstall
from pixelprep.ops import MissingBackendError, UnknownBackendError, registration
from pixelprep.registry.families import FAMILIES, UnknownFamilyError
from pixelprep.registry.videos import VIDEO_FAMILIES

# The reference's class whose pixels a backend promises.
TWINS = {"torchvision": "torchvision", "native": "torchvision", "pil": "pil"}
BACKENDS = [backend for backend in usable_backends() if backend in TWINS]
MODELS = {"clip": "CLIP", "swin": "ViT", "qwen2_vl": "Qwen2VL", "siglip": "Siglip", "resnet": "ConvNext"}


@pytest.fixture(autouse=True)
def tables() -> Iterator[None]:
    """Whatever a test does, transformers' tables are as before after it."""
    before = copy.deepcopy(dict(IMAGE_PROCESSOR_MAPPING_NAMES)), dict(IMAGE_PROCESSOR_MAPPING._extra_content)
    yield
    uninstall()
    assert (dict(IMAGE_PROCESSOR_MAPPING_NAMES), dict(IMAGE_PROCESSOR_MAPPING._extra_content)) == before


def checkpoint(folder: Path, preprocessor: Any, config: Any = None) -> Path:
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def load(folder: Path, **kwargs: Any) -> Any:
    return transformers.AutoImageProcessor.from_pretrained(folder, **kwargs)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model_type", MODELS)
def test_same_results_by_class_name_and_by_model_type(model_type: str, backend: str, tmp_path: Path) -> None:
    family = MODELS[model_type]
    expected = reference_class(family, TWINS[backend])()(picture(61, 90), return_tensors="pt")
    assert model_type in install(backend, model_types=[model_type])
    for name in (None, f"{family}ImageProcessor", f"{family}ImageProcessorFast"):
        folder = checkpoint(tmp_path, {"image_processor_type": name} if name else {}, {"model_type": model_type})
        processor = load(folder)
        assert isinstance(processor, our_class(family, backend))
        assert isinstance(processor, BaseImageProcessor)
        assert processor.backend == backend
        outputs = processor(picture(61, 90), return_tensors="pt")
        assert type(outputs) is transformers.BatchFeature
        assert difference(dict(expected), dict(outputs)) == 0.0
        assert processor.to_dict() == our_class(family, backend)().to_dict()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pipeline(backend: str, tmp_path: Path) -> None:
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=32, patch_size=8
    )
    torch.manual_seed(0)
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path)
    reference_class("ViT", TWINS[backend])(size={"height": 32, "width": 32}).save_pretrained(tmp_path)

    def run() -> tuple[Any, Any]:
        pipeline = transformers.pipeline("image-classification", model=str(tmp_path))
        return pipeline.image_processor, pipeline([picture(50, 60), picture(33, 32)])

    before = transformers.pipeline(
        "image-classification", model=str(tmp_path), image_processor=load(tmp_path, backend=TWINS[backend])
    )([picture(50, 60), picture(33, 32)])
    install(backend, model_types="vit")
    processor, after = run()
    assert isinstance(processor, our_class("ViT", backend))
    assert after == before
    uninstall()
    assert not isinstance(run()[0], pixelprep.BaseImageProcessor)


def test_a_processor_of_images_and_text(tmp_path: Path) -> None:
    backend = BACKENDS[-1]
    install(backend, model_types=["clip"])
    folder = checkpoint(tmp_path, {"image_processor_type": "CLIPImageProcessor", "size": 30, "crop_size": 28})
    (folder / "vocab.json").write_text(json.dumps({"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder)
    processor = transformers.CLIPProcessor(image_processor=load(folder), tokenizer=tokenizer)
    outputs = processor(text=["a"], images=picture(40, 50), return_tensors="pt")
    assert outputs["pixel_values"].shape == (1, 3, 28, 28)
    processor.save_pretrained(tmp_path / "saved")
    again = transformers.CLIPProcessor.from_pretrained(tmp_path / "saved")
    assert isinstance(again.image_processor, our_class("CLIP", backend))
    assert again.image_processor.to_dict() == processor.image_processor.to_dict()


def test_arguments_of_transformers(tmp_path: Path) -> None:
    install("pil", model_types=["clip"])
    folder = checkpoint(tmp_path, {"image_processor_type": "CLIPImageProcessor"})
    assert load(folder, size={"shortest_edge": 30}, revision="main", torch_dtype="auto").size["shortest_edge"] == 30
    processor, unused = load(folder, return_unused_kwargs=True, foo=1)
    assert unused == {"foo": 1}
    assert type(pickle.loads(pickle.dumps(processor))) is type(processor)
    assert type(copy.deepcopy(processor)) is type(processor)
    assert processor.output_shapes(50, 60)["pixel_values"].shape == (1, 3, 224, 224)
    assert isinstance(load(folder, backend="torchvision"), reference_class("CLIP", "torchvision"))


def test_all_model_types_and_the_way_back() -> None:
    installed = install("pil")
    families = [*FAMILIES.values(), *VIDEO_FAMILIES.values()]
    assert set(installed) == {name for family in families if family.written for name in family.model_types}
    assert set(install("torchvision", model_types=["git"])) == set(FAMILIES["CLIP"].model_types)
    uninstall()
    assert not any(isinstance(cls, type) for names in IMAGE_PROCESSOR_MAPPING_NAMES.values() for cls in names.values())


def test_another_backend_later(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, {"image_processor_type": "CLIPImageProcessor"})
    for backend in (*BACKENDS, *BACKENDS):
        install(backend, model_types=["clip"])
        assert load(folder).backend == backend
        assert load(folder, backend=backend).backend == backend


def test_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownFamilyError, match="did you mean 'clip'"):
        install("pil", model_types=["clipp"])
    with pytest.raises(UnknownBackendError, match="did you mean 'pil'"):
        install("pill")
    monkeypatch.setitem(
        registration._BACKENDS, "nowhere", ops.Backend("nowhere", None, ("no_such_module",), "pip install no")
    )  # type: ignore[arg-type]
    with pytest.raises(MissingBackendError, match=r"pip install no$"):
        install("nowhere")
