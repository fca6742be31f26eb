"""What code written for the reference calls, imports and catches exists here, and does the same."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import pixelprep
from oracle import picture
from pixelprep import AutoImageProcessor
from pixelprep.registry.families import FAMILIES

MODELS = Path(transformers.__file__).parent / "models"
ROOMS = (
    "image_utils",
    "image_transforms",
    "image_processing_utils",
    "image_processing_backends",
    "image_processing_base",
    "processing_utils",
    "utils",
)
# Of models, texts, sounds and videos, or of the reference's own making; no helper of images.
FOREIGN = {
    "processing_utils": {
        *("MultiModalData", "ProcessingKwargs", "ProcessorMixin", "TextKwargs", "VideosKwargs", "AudioKwargs"),
        *("OmniModalProcessingKwargs", "OmniModalProcessorMixin", "prepare_keyword_inputs", "prepare_prompt_input"),
    },
    "utils": {
        *("is_soundfile_available", "is_num2words_available", "is_mistral_common_available", "is_torchaudio_available"),
        *("cached_file", "resolve_revision", "hf_api", "safe_load_json_file", "is_torchdynamo_compiling"),
        *("is_timm_config_dict", "is_timm_local_checkpoint", "is_kenlm_available", "is_pyctcdecode_available"),
        "ModelOutput",
    },
}


def imported() -> dict[str, set[str]]:
    """What the reference's image processors and processors import from the rooms that are here too."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in [*MODELS.glob("*/processing_*.py"), *MODELS.glob("*/image_processing_*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 3 and node.module in found:
                found[node.module] |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_what_the_references_own_files_import_is_here(room: str) -> None:
    module = importlib.import_module(f"pixelprep.{room}")
    assert {name for name in imported()[room] - FOREIGN.get(room, set()) if not hasattr(module, name)} == set()
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018


def pair(family: str) -> tuple[Any, Any]:
    """The reference's module of a family's torchvision class, and ours."""
    names = (f"{package}.models.{family}.image_processing_{family}" for package in ("transformers", "pixelprep"))
    theirs, ours = map(importlib.import_module, names)
    return theirs, ours


def functions(name: str) -> list[str]:
    """The families whose module has a function of that name in the reference."""
    files = MODELS.glob("*/image_processing_*.py")
    named = {path.parent.name for path in files if re.search(rf"^def {name}\(", path.read_text(), re.MULTILINE)}
    return sorted(named)


def both_ways(family: str, name: str, *arguments: Any) -> None:
    """The same result, or the same error."""
    results = []
    for module in pair(family):
        try:
            result = getattr(module, name)(*arguments)
            results.append(np.asarray(result).tolist())
        except ValueError:
            results.append(ValueError)
    assert results[0] == results[1], arguments


@pytest.mark.parametrize("family", functions("smart_resize"))
def test_smart_resize(family: str) -> None:
    theirs, ours = pair(family)
    names = list(inspect.signature(theirs.smart_resize).parameters)
    assert list(inspect.signature(ours.smart_resize).parameters) == names
    chance = random.Random(family)
    for _ in range(60):
        size = (chance.randrange(20, 3000), chance.randrange(20, 3000))
        if "max_tokens" in names:
            both_ways(family, "smart_resize", *size, 28, chance.randrange(1, 5000))
        elif "num_frames" in names:
            both_ways(family, "smart_resize", chance.randrange(2, 9), *size)
        else:
            both_ways(family, "smart_resize", *size)


@pytest.mark.parametrize("family", functions("get_optimal_tiled_canvas"))
def test_canvases_of_tiles(family: str) -> None:
    theirs, _ = pair(family)
    most_alone = "image_height" in inspect.signature(theirs.get_optimal_tiled_canvas).parameters
    bounds = inspect.signature(theirs.get_all_supported_aspect_ratios).parameters
    both_ways(family, "get_all_supported_aspect_ratios", *([2, 7] if len(bounds) == 2 else [7]))
    chance = random.Random(family)
    for _ in range(60):
        size = (chance.randrange(20, 3000), chance.randrange(20, 3000))
        given = (*size, chance.randrange(1, 12), 224) if most_alone else (size, (224, 224), 1, chance.randrange(1, 12))
        both_ways(family, "get_optimal_tiled_canvas", *given)
        if most_alone:
            both_ways(family, "get_image_size_fit_to_canvas", *size, 448, 672, 224)


@pytest.mark.parametrize("family", sorted({*functions("binary_mask_to_rle")} - {"sam", "sam2", "sam3"}))
def test_run_lengths(family: str) -> None:
    theirs, ours = pair(family)
    for seed in range(5):
        segments = torch.from_numpy(np.random.default_rng(seed).integers(0, 4, (6, 9)))
        mask = (segments == 2).to(torch.int64)
        assert ours.binary_mask_to_rle(mask) == ours.binary_mask_to_rle(mask.numpy()) == theirs.binary_mask_to_rle(mask)
        assert ours.convert_segmentation_to_rle(segments) == theirs.convert_segmentation_to_rle(segments)


def test_functions_of_one_family(tmp_path: Path) -> None:
    for arguments in ((picture(300, 700), 200, 16), (picture(30, 70), (200, 100), (14, 8))):
        both_ways("pixtral", "get_resize_output_image_size", *arguments)
    candidates = [(336, 672), (672, 336), (672, 672)]
    both_ways("llava_next", "select_best_resolution", (500, 300), candidates)
    info = {"0": {"name": "wall", "isthing": 0}, "1": {"name": "cat", "isthing": 1}}
    (tmp_path / "info.json").write_text(json.dumps(info))
    theirs, ours = pair("oneformer")
    assert ours.load_metadata(str(tmp_path), "info.json") == theirs.load_metadata(str(tmp_path), "info.json") == info
    assert ours.prepare_metadata(info) == theirs.prepare_metadata(info)


class TestHelpers:
    def test_sizes(self) -> None:
        from transformers import image_processing_utils as theirs, image_transforms as others

        from pixelprep import image_processing_utils as ours, image_transforms as moved

        for size in ({"shortest_edge": 3}, 7, (3, 4), {"height": 2, "width": 5}):
            assert dict(ours.get_size_dict(size)) == dict(theirs.get_size_dict(size))
        candidates = [(336, 672), (672, 336), (672, 672)]
        for shape in ((30, 70), (500, 300), (900, 900)):
            assert ours.select_best_resolution(shape, candidates) == theirs.select_best_resolution(shape, candidates)
            assert tuple(moved.get_size_with_aspect_ratio(shape, 80, 120)) == tuple(
                others.get_size_with_aspect_ratio(shape, 80, 120)
            )

    def test_tiles(self) -> None:
        from transformers import image_transforms as theirs

        from pixelprep import image_transforms as ours

        images = torch.arange(2 * 3 * 8 * 12).reshape(2, 3, 8, 12)
        assert torch.equal(ours.split_to_tiles(images, 2, 3), theirs.split_to_tiles(images, 2, 3))
        np.testing.assert_array_equal(ours.split_to_tiles(images.numpy(), 2, 3), theirs.split_to_tiles(images, 2, 3))
        made, expected = ours.divide_to_patches(images[0], 5), theirs.divide_to_patches(images[0], 5)
        assert len(made) == len(expected)
        assert all(torch.equal(a, b) for a, b in zip(made, expected, strict=True))

    def test_images(self) -> None:
        from transformers import image_utils as theirs

        from pixelprep import image_utils as ours

        image, array = picture(5, 6), np.zeros((2, 5, 6, 3))
        for given in (image, [image, image], array, list(array)):
            assert len(ours.make_list_of_images(given)) == len(theirs.make_list_of_images(given))
            assert ours.valid_images(given) == theirs.valid_images(given)
        assert not ours.valid_images("text")
        assert ours.get_channel_dimension_axis(array[0]) == theirs.get_channel_dimension_axis(array[0])
        np.testing.assert_array_equal(ours.to_numpy_array(image), theirs.to_numpy_array(image))
        assert str(ours.get_image_type(image)) == str(theirs.get_image_type(image).value)


class TestMethods:
    CLASSES = (pixelprep.CLIPImageProcessorPil, pixelprep.Qwen2VLImageProcessorPil)

    @pytest.mark.parametrize("family", FAMILIES)
    def test_made_from_its_own_dictionary(self, family: str) -> None:
        cls = FAMILIES[family].load().on("pil")
        processor = cls()
        assert cls(**processor.to_dict()).to_dict() == processor.to_dict()

    def test_made_from_the_dictionary_of_a_file(self) -> None:
        """With what the file says beside settings, and what was set since."""
        published = {"processor_class": "Some", "num_channels": 3, "reduce_labels": True, "size": 30}
        processor = pixelprep.CLIPImageProcessorPil.from_dict(published)
        processor.note = [1, 2]
        again: Any = pixelprep.CLIPImageProcessorPil(**processor.to_dict())
        assert again.to_dict() == processor.to_dict()
        assert (again.note, again.num_channels, again.processor_class) == ([1, 2], 3, "Some")
        with pytest.raises(TypeError, match="num_channels"):  # written by hand
            pixelprep.CLIPImageProcessorPil(num_channels=3)  # type: ignore[call-arg]

    @pytest.mark.parametrize("cls", CLASSES)
    def test_files_and_dictionaries(self, cls: Any, tmp_path: Path) -> None:
        processor = cls(do_resize=False)
        processor.to_json_file(tmp_path / "a.json")
        assert cls.from_json_file(tmp_path / "a.json").to_dict() == processor.to_dict()
        processor.save_pretrained(tmp_path)
        settings, rest = cls.get_image_processor_dict(tmp_path, foo=1, revision="main")
        assert settings == json.loads((tmp_path / "preprocessor_config.json").read_text())
        assert rest == {"foo": 1}
        made, unused = cls.from_dict(settings, return_unused_kwargs=True, do_resize=True, bar=2)
        assert (made.do_resize, unused) == (True, {"bar": 2})
        assert type(cls.from_dict(settings)) is cls

    def test_push_to_hub_saves_and_uploads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What `save_pretrained(push_to_hub=True)` does is tested with the registry."""
        given: list[dict[str, Any]] = []
        processor = pixelprep.CLIPImageProcessorPil()
        monkeypatch.setattr(type(processor), "save_pretrained", lambda self, folder, **kwargs: given.append(kwargs))
        processor.push_to_hub("owner/name", private=True)
        assert given == [{"push_to_hub": True, "repo_id": "owner/name", "private": True}]

    def test_register_for_auto_class(self) -> None:
        class Mine(pixelprep.CLIPImageProcessorPil):  # type: ignore[misc, valid-type]
            pass

        Mine.register_for_auto_class()
        assert (Mine._auto_class, pixelprep.CLIPImageProcessorPil._auto_class) == ("AutoImageProcessor", None)


class TestErrors:
    """Code written for the reference catches ours."""

    def test_absent_files_and_settings(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "alone").mkdir()
        (tmp_path / "alone" / "config.json").write_text('{"model_type": "clip"}')
        for folder in ("absent", "empty", "alone"):
            for load in (AutoImageProcessor.from_pretrained, pixelprep.CLIPImageProcessorPil.from_pretrained):
                with pytest.raises(OSError, match=re.escape(str(tmp_path / folder))):
                    load(tmp_path / folder)

    def test_wrong_values(self) -> None:
        for given in (
            {"resample": "no"},
            {"image_std": 0.0},
            {"size": {"height": -1, "width": 3}},
            {"data_format": "first"},
            {"format": "coco"},
        ):
            with pytest.raises(ValueError, match=r"resample|image_std|size|channels_first|coco_detection"):
                pixelprep.DetrImageProcessorPil(**given)  # type: ignore[arg-type]

    @pytest.mark.parametrize("content", [None, b"", b"\x89PNG and no more", "cut"])
    @pytest.mark.parametrize("caught", [OSError, ValueError])
    def test_files_of_images(self, content: bytes | str | None, caught: type[Exception], tmp_path: Path) -> None:
        path = tmp_path / "image.png"
        if content == "cut":
            picture(30, 40).save(path)
            content = path.read_bytes()[:900]
        if isinstance(content, bytes):
            path.write_bytes(content)
        with pytest.raises(caught, match="image 0"):
            pixelprep.CLIPImageProcessorPil()([str(path)])
