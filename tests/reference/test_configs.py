"""Published configurations: each loads and gives the pixels that the reference gives with the same files.

The files beside the repository are read where they are; the odd styles that they show are repeated here, so that a
checkout alone tests them too.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import transformers

from oracle import compared_backends, difference, outcome, picture, reference_class, reference_of
from pixelprep import AutoImageProcessor
from pixelprep.auto import read_checkpoint
from pixelprep.core.schema import OLD_NAMES
from pixelprep.image_processing_base import TYPE_KEYS
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.registry.families import FAMILIES as KNOWN, written_families
from pixelprep.registry.lookup import find_class
from pixelprep.testing.compare import how
from pixelprep.testing.inputs import make
from published import CONFIGS, DECIDED, INDEX, WARNED, Decision
from told import tell

# Families whose files are read in the odd styles below.
FAMILIES = ("CLIP", "ConvNext", "LlavaOnevision", "Idefics3", "Qwen2VL", "Pixtral", "Segformer", "Detr")
BACKENDS = compared_backends()
PHOTO = picture(96, 64)
CLIPS = ("VideoMAE", "Tvp", "Vivit")
transformers.logging.set_verbosity_error()


def load_reference(folder: Path, backend: str, family: str | None = None, **kwargs: Any) -> Any:
    # A `repo_path` of a file is from the working folder.
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(folder):
        warnings.simplefilter("ignore")
        if family is not None:
            cls = reference_class(family, backend)
            assert cls is not None
            return cls.from_pretrained(folder, **kwargs)
        return transformers.AutoImageProcessor.from_pretrained(folder, backend=backend, **kwargs)


def load_ours(folder: Path, backend: str, **kwargs: Any) -> BaseImageProcessor:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        return AutoImageProcessor.from_pretrained(folder, backend=backend, **kwargs)


def call(family: str) -> tuple[list[Any], dict[str, Any]]:
    """What a family is called with: a photograph, and what must stand beside it."""
    cases = KNOWN[family].cases()
    if cases.own_inputs:
        return make([cases.inputs[0].images, *cases.inputs[0].beside]), {}
    if family == "OneFormer":
        return [PHOTO], {"task_inputs": ["semantic"]}
    return [[PHOTO, PHOTO] if family in CLIPS else PHOTO], {"apply_ocr": False} if "LayoutLM" in family else {}


def what_comes_of(folder: str, backend: str) -> tuple[str, str]:
    """The class that a published configuration is loaded as, and how its outputs compare, in words for the page.

    Raises:
        AssertionError: neither the reference nor a decision has them so.
    """
    path, decided = CONFIGS / folder, DECIDED.get(folder, Decision(""))
    if decided.error:
        kind, message = decided.error
        with pytest.raises(kind, match=message):
            load_ours(path, backend)
        return kind.__name__, "an error"
    with pytest.warns(UserWarning, match=WARNED[folder]) if folder in WARNED else contextlib.nullcontext():
        ours = AutoImageProcessor.from_pretrained(path, backend=backend)
    assert ours.family is not None
    family = ours.family.__name__
    assert not decided.family or family == decided.family
    inputs, beside = call(family)
    got = outcome(ours, *inputs, return_tensors="pt", **beside)
    if backend in decided.refused:
        assert isinstance(got, Exception)
        assert decided.refused[backend] in str(got)
        return family, "an error"
    named = reference_of(family, backend) is not None and reference_class(family, backend) is not None
    if not named:  # what the reference takes instead is its class for the other backend, or timm's
        assert not isinstance(got, Exception), got
        return family, "no such class there"
    reference = load_reference(path, backend, decided.family or None, **decided.respelt)
    assert type(reference).__name__ == type(ours).__name__
    wanted = outcome(reference, *inputs, return_tensors="pt", **beside)
    assert how(wanted, got)[0] == "same", how(wanted, got)
    return family, "the class meant" if decided.family else "the filter meant" if decided.respelt else "same"


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["folder"])
def test_published_configurations(entry: dict[str, Any], request: pytest.FixtureRequest) -> None:
    folder = entry["folder"]
    results = {backend: what_comes_of(folder, backend) for backend in BACKENDS}
    for backend, (taken, outputs) in results.items():
        tell(request, "configurations", folder, "loads as", taken)
        tell(request, "configurations", folder, backend, outputs)
    decided = DECIDED.get(folder)
    tell(request, "configurations", folder, "unusual", ", ".join(entry["odd"]).replace("|", "/"))
    tell(request, "configurations", folder, "why", decided.why if decided else "")


@pytest.mark.parametrize("folder", [entry["folder"] for entry in INDEX])
def test_published_configurations_survive_saving(folder: str, tmp_path: Path) -> None:
    if folder in DECIDED and DECIDED[folder].error:
        return
    with pytest.warns(UserWarning, match=WARNED[folder]) if folder in WARNED else contextlib.nullcontext():
        processor = AutoImageProcessor.from_pretrained(CONFIGS / folder, backend="pil")
    processor.save_pretrained(tmp_path)
    again = load_ours(tmp_path, "pil")
    assert again.to_dict() == processor.to_dict()
    settings = read_checkpoint(CONFIGS / folder).settings
    unknown = settings.keys() - type(processor)._known_names() - TYPE_KEYS - OLD_NAMES.keys()
    assert {name: settings[name] for name in unknown} == {name: again.to_dict()[name] for name in unknown}


MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.3, 0.4]
CROP = {"crop_size": 40, "do_center_crop": True, "do_normalize": True, "do_resize": True, "resample": 3, "size": 44}

# name: (files, the reference's family if it cannot tell by itself, settings spelt as the reference reads them)
STYLES: dict[str, tuple[dict[str, Any], str | None]] = {
    "int sizes": ({"preprocessor_config.json": {**CROP, "image_processor_type": "CLIPImageProcessor"}}, None),
    "list sizes": (
        {
            "preprocessor_config.json": {
                **CROP,
                "size": [44, 50],
                "crop_size": [40, 36],
                "image_processor_type": "CLIPImageProcessor",
            }
        },
        None,
    ),
    "old feature extractor": (
        {"preprocessor_config.json": {**CROP, "feature_extractor_type": "CLIPFeatureExtractor"}},
        None,
    ),
    "feature extractor as image processor": (
        {"preprocessor_config.json": {**CROP, "image_processor_type": "CLIPFeatureExtractor"}},
        "CLIP",
    ),
    "both types": (
        {
            "preprocessor_config.json": {
                **CROP,
                "image_processor_type": "CLIPImageProcessor",
                "feature_extractor_type": "CLIPFeatureExtractor",
            }
        },
        None,
    ),
    "Fast": ({"preprocessor_config.json": {"size": 44, "image_processor_type": "SegformerImageProcessorFast"}}, None),
    "model type alone": (
        {"preprocessor_config.json": {"size": {"shortest_edge": 56}}, "config.json": {"model_type": "convnextv2"}},
        None,
    ),
    "config.json alone": ({"config.json": {"model_type": "segformer"}, "preprocessor_config.json": {}}, None),
    "nested": (
        {
            "processor_config.json": {
                "processor_class": "Qwen2_5_VLProcessor",
                "image_processor": {
                    "image_processor_type": "Qwen2VLImageProcessorFast",
                    "min_pixels": 3136,
                    "max_pixels": 10000,
                    "size": {"shortest_edge": 3136, "longest_edge": 10000},
                    "crop_size": None,
                    "do_pad": None,
                    "input_data_format": None,
                },
            },
            "preprocessor_config.json": {"image_processor_type": "CLIPImageProcessor"},
        },
        None,
    ),
    "pixel bounds": (
        {
            "preprocessor_config.json": {
                "image_processor_type": "Qwen2VLImageProcessor",
                "min_pixels": 3136,
                "max_pixels": 9000,
                "image_mean": MEAN,
                "image_std": STD,
            }
        },
        None,
    ),
    "patch size of two": (
        {
            "preprocessor_config.json": {
                "image_processor_type": "PixtralImageProcessor",
                "size": {"longest_edge": 80},
                "patch_size": {"height": 16, "width": 16},
                "pad_size": None,
            }
        },
        None,
    ),
    "max_size": (
        {
            "preprocessor_config.json": {
                "image_processor_type": "DetrImageProcessor",
                "size": 60,
                "max_size": 100,
                "pad_and_return_pixel_mask": True,
                "format": "coco_detection",
            }
        },
        None,
    ),
    "nulls": (
        {
            "preprocessor_config.json": {
                **CROP,
                "image_processor_type": "CLIPImageProcessor",
                "do_center_crop": None,
                "data_format": None,
                "return_tensors": None,
                "device": None,
            }
        },
        None,
    ),
    "unset sizes": (
        {
            "preprocessor_config.json": {
                "image_processor_type": "CLIPImageProcessor",
                "do_resize": False,
                "do_center_crop": False,
                "size": {"shortest_edge": -1},
                "crop_size": {"height": -1, "width": -1},
            }
        },
        None,
    ),
    "unknown keys": (
        {
            "preprocessor_config.json": {
                **CROP,
                "image_processor_type": "CLIPImageProcessor",
                "vendor": {"x": [1, 2]},
                "_valid_processor_keys": ["images"],
                "processor_class": "CLIPProcessor",
            }
        },
        None,
    ),
    "Pil suffix": ({"preprocessor_config.json": {**CROP, "image_processor_type": "CLIPImageProcessorPil"}}, None),
}


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("style", STYLES)
def test_odd_styles(style: str, backend: str, tmp_path: Path) -> None:
    files, family = STYLES[style]
    write(tmp_path, files)
    reference, ours = load_reference(tmp_path, backend, family), load_ours(tmp_path, backend)
    assert difference(dict(reference(PHOTO, return_tensors="pt")), dict(ours(PHOTO, return_tensors="pt"))) == 0.0
    ours.save_pretrained(tmp_path / "saved")
    again = load_ours(tmp_path / "saved", backend)
    assert again.to_dict() == ours.to_dict()
    assert difference(ours(PHOTO), again(PHOTO)) == 0.0


@pytest.mark.parametrize("spelling", ["BICUBIC", "bicubic", "Bicubic", 3])
@pytest.mark.parametrize("backend", BACKENDS)
def test_filters_by_name(spelling: Any, backend: str, tmp_path: Path) -> None:
    config = {**CROP, "image_processor_type": "CLIPImageProcessor"}
    write(tmp_path, {"preprocessor_config.json": {**config, "resample": spelling}})
    reference = reference_class("CLIP", backend)
    assert reference is not None
    expected = reference(**{**CROP, "resample": 3})(PHOTO, return_tensors="pt")
    assert difference(dict(expected), dict(load_ours(tmp_path, backend)(PHOTO, return_tensors="pt"))) == 0.0


def test_both_sides_save_what_the_other_loads(tmp_path: Path) -> None:
    for family in FAMILIES:
        for backend in BACKENDS:
            reference = reference_class(family, backend)
            assert reference is not None
            ours = load_ours(Path(reference(do_normalize=False).save_pretrained(tmp_path)[0]).parent, backend)
            assert ours.family is not None
            assert ours.family.__name__ == family
            assert ours.do_normalize is False
            again = load_reference(Path(ours.save_pretrained(tmp_path)[0]).parent, backend)
            assert type(again) is reference
            assert again.do_normalize is False


def test_unknown_keys_are_kept_and_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, STYLES["unknown keys"][0])
    with caplog.at_level(logging.WARNING, logger="pixelprep"):
        processor = load_ours(tmp_path, "pil")
        load_ours(tmp_path, "pil")
    assert sum("vendor" in record.message for record in caplog.records) <= 1
    assert not any("processor_class" in record.message for record in caplog.records)
    assert processor.vendor == {"x": [1, 2]}
    assert processor.to_dict()["vendor"] == {"x": [1, 2]}
    processor.to_dict()["vendor"]["x"].append(3)
    assert processor.vendor == {"x": [1, 2]}


def test_families_of_the_foundation_are_written() -> None:
    assert set(FAMILIES) <= set(written_families())
    assert all(find_class(f"{name}ImageProcessor")[0].name == name for name in FAMILIES)
