"""Settings: one pass from call over instance to class, closed names, immutable values, files that come back."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given, settings, strategies as st

import pixelprep
from oracle import difference, draw, our_class, picture, usable_backends
from pixelprep.core.enums import ChannelDimension, PILImageResampling
from pixelprep.core.schema import Options
from pixelprep.core.sizes import SIZE_STYLES, SizeDict
from pixelprep.image_processing_backends import TorchvisionBackend
from pixelprep.models.clip.image_processing_clip import CLIP
from pixelprep.models.detr.image_processing_detr import Detr
from pixelprep.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VL
from pixelprep.processing_utils import ImagesKwargs
from pixelprep.registry.families import written_families

BACKENDS = usable_backends()
FAMILIES = written_families()
CLIPPil = CLIP.on("pil")
PHOTO = picture(50, 70)


class TestPrecedence:
    def test_call_over_instance_over_class(self) -> None:
        processor = CLIPPil(crop_size=40)
        assert processor(PHOTO, return_tensors="np")["pixel_values"].shape == (1, 3, 40, 40)
        assert processor(PHOTO, crop_size=30, return_tensors="np")["pixel_values"].shape == (1, 3, 30, 30)
        assert processor(PHOTO, return_tensors="np")["pixel_values"].shape == (1, 3, 40, 40)
        assert CLIPPil()(PHOTO, return_tensors="np")["pixel_values"].shape == (1, 3, 224, 224)

    def test_subclass_over_class(self) -> None:
        class Small(CLIPPil):  # type: ignore[valid-type, misc]
            crop_size = 20

        assert Small().crop_size == SizeDict(height=20, width=20)
        assert CLIPPil().crop_size == SizeDict(height=224, width=224)

    def test_options_of_calls_as_defaults(self) -> None:
        processor = CLIPPil(return_tensors="np", input_data_format="channels_first", device="cpu")
        output = processor(draw(30, 3).transpose(2, 0, 1))["pixel_values"]
        assert isinstance(output, np.ndarray)
        assert processor.input_data_format is ChannelDimension.FIRST

    def test_repeated_calls_are_resolved_anew_after_a_change(self) -> None:
        processor = CLIPPil()
        for edge in (20, 30):
            processor.crop_size = edge
            for _ in range(2):
                assert processor(PHOTO, do_normalize=False)["pixel_values"][0].shape == (3, edge, edge)

    def test_equal_values_of_other_types_are_other_values(self) -> None:
        processor = CLIPPil()
        processor(PHOTO, do_resize=True, resample=1)
        for name, value in {"do_resize": 1, "resample": True}.items():
            with pytest.raises(TypeError, match=name):
                processor(PHOTO, **{name: value})

    def test_one_call_leaves_no_trace(self) -> None:
        processor = CLIPPil()
        before = processor.to_dict()
        processor(PHOTO, size=30, crop_size=20, do_normalize=False, image_mean=0.5, return_tensors="np")
        assert processor.to_dict() == before


class TestNames:
    @pytest.mark.parametrize("family", FAMILIES)
    def test_unknown_names_are_errors(self, family: str) -> None:
        cls = our_class(family, "pil")
        with pytest.raises(TypeError, match=r"has no `sizee` \(did you mean `size`\?\)"):
            cls(sizee=3)
        processor = cls()
        with pytest.raises(TypeError, match=r"has no `resmaple` \(did you mean `resample`\?\)"):
            processor.preprocess(PHOTO, resmaple=3)
        with pytest.raises(TypeError, match=r"has no `interpolation`.*Allowed: .*\bresample\b"):
            processor(PHOTO, interpolation=3)

    def test_every_unknown_name_is_named(self) -> None:
        with pytest.raises(TypeError, match=r"`do_resise` \(did you mean `do_resize`\?\), `zzzz`\. Allowed"):
            CLIPPil(do_resise=True, zzzz=1)

    def test_names_of_other_families_are_unknown(self) -> None:
        with pytest.raises(TypeError, match="`crop_pct`"):
            CLIPPil(crop_pct=0.9)
        with pytest.raises(TypeError, match="`min_pixels`"):
            CLIPPil()(PHOTO, min_pixels=9)

    def test_attributes_that_are_not_there(self) -> None:
        with pytest.raises(AttributeError, match="CLIPImageProcessorPil has no attribute 'tile_size'"):
            _ = CLIPPil().tile_size


WRONG: list[tuple[str, Any, type[Exception], str]] = [
    ("do_resize", "yes", TypeError, r"`do_resize` cannot be 'yes'"),
    ("do_resize", 1, TypeError, r"`do_resize` cannot be 1"),
    ("do_normalize", [True], TypeError, r"`do_normalize`"),
    ("rescale_factor", "1/255", TypeError, r"`rescale_factor`"),
    ("rescale_factor", 0.0, ValueError, r"`rescale_factor` must be finite and not zero"),
    ("rescale_factor", float("nan"), ValueError, r"`rescale_factor`"),
    ("image_mean", ["a", "b", "c"], TypeError, r"`image_mean`"),
    ("image_mean", [0.5, float("inf"), 0.5], ValueError, r"`image_mean` must be finite"),
    ("image_std", [0.5, 0.0, 0.5], ValueError, r"`image_std` must be finite and not zero"),
    ("resample", 9, (TypeError, ValueError), r"(?s)resample.*NEAREST \(0\).*9"),  # type: ignore[list-item]
    ("resample", "cubic", (TypeError, ValueError), r"(?s)resample.*'cubic'"),  # type: ignore[list-item]
    ("resample", 2.5, TypeError, r"resample"),
    ("size", "224", TypeError, r"`size` must be an int, a sequence"),
    ("size", 0, ValueError, r"`size\['.*'\]` must be a positive int.*0"),
    ("size", -3, ValueError, r"positive int.*-3"),
    ("size", True, TypeError, r"`size`"),
    ("size", [], TypeError, r"`size`"),
    ("size", {"height": 3}, ValueError, r"`size` has the keys \['height'\]"),
    ("size", {"hieght": 3, "width": 3}, ValueError, r"hieght"),
    ("size", {"shortest_edge": "3"}, TypeError, r"`size\['shortest_edge'\]`"),
    ("size", {"shortest_edge": 2.5}, TypeError, r"`size\['shortest_edge'\]`"),
    ("size", 2**31, ValueError, r"below 2\*\*31"),
    ("crop_size", {"shortest_edge": True}, TypeError, r"`crop_size\['shortest_edge'\]`"),
    ("return_tensors", "tf", ValueError, r"`return_tensors` must be one of np, pt, mlx, jax or None, not 'tf'"),
    ("return_tensors", 3, TypeError, r"`return_tensors`"),
    ("input_data_format", "last", ValueError, r"`input_data_format` must be one of channels_first, channels_last"),
    ("dtype", "float64", ValueError, r"`dtype` must be one of"),
    ("image_seq_length", 1.5, TypeError, r"`image_seq_length`"),
]


@pytest.mark.parametrize(("name", "value", "error", "message"), WRONG, ids=[f"{w[0]}={w[1]!r}" for w in WRONG])
class TestValues:
    def test_at_construction(self, name: str, value: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            CLIPPil(**{name: value})

    def test_at_the_call(self, name: str, value: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            CLIPPil()(PHOTO, **{name: value})

    def test_at_assignment(self, name: str, value: Any, error: type[Exception], message: str) -> None:
        processor = CLIPPil()
        before = processor.to_dict()
        with pytest.raises(error, match=message):
            setattr(processor, name, value)
        assert processor.to_dict() == before


class TestCombinations:
    @pytest.mark.parametrize(
        ("kwargs", "message"),
        [
            ({"size": None}, "`do_resize` is on but `size` is not set; set it, or pass do_resize=False"),
            ({"resample": None}, "`do_resize` is on but `resample` is not set"),
            ({"crop_size": None}, "`do_center_crop` is on but `crop_size` is not set"),
            ({"image_mean": None, "image_std": None}, "`image_mean` and `image_std` are not set"),
            ({"rescale_factor": None}, "`do_rescale` is on but `rescale_factor` is not set"),
        ],
    )
    def test_what_is_on_needs_its_values(self, kwargs: dict[str, Any], message: str) -> None:
        processor = CLIPPil(**kwargs)
        with pytest.raises(ValueError, match=message):
            processor(PHOTO)

    def test_statistics_of_other_lengths(self) -> None:
        with pytest.raises(ValueError, match="3 channels and `image_mean` or `image_std` 2"):
            CLIPPil()(PHOTO, image_mean=[0.5, 0.5])

    def test_bytes_need_both_steps_off(self) -> None:
        with pytest.raises(ValueError, match="do_rescale=False, do_normalize=False"):
            CLIPPil()(PHOTO, dtype="uint8")
        output = CLIPPil()(PHOTO, dtype="uint8", do_rescale=False, do_normalize=False, return_tensors="np")
        assert output["pixel_values"].dtype == np.uint8


class TestNone:
    def test_at_the_call_it_means_not_given(self) -> None:
        plain = CLIPPil()(PHOTO, return_tensors="np")
        nones = dict.fromkeys(set(ImagesKwargs.__annotations__) - {"return_tensors"})
        assert difference(plain, CLIPPil()(PHOTO, return_tensors="np", **nones)) == 0.0

    def test_unless_the_option_knows_it(self) -> None:
        processor = CLIPPil(pad_size=400, do_pad=True, return_tensors="np")
        assert processor(PHOTO)["pixel_values"].shape == (1, 3, 400, 400)
        assert processor(PHOTO, pad_size=None)["pixel_values"].shape == (1, 3, 224, 224)
        assert isinstance(processor(PHOTO, return_tensors=None)["pixel_values"], list)

    def test_at_construction_it_switches_off(self, tmp_path: Path) -> None:
        processor = CLIPPil(do_center_crop=None)
        assert processor(PHOTO)["pixel_values"][0].shape == (3, 224, 313)
        processor.save_pretrained(tmp_path)
        assert json.loads((tmp_path / "preprocessor_config.json").read_text())["do_center_crop"] is None
        assert CLIPPil.from_pretrained(tmp_path)(PHOTO)["pixel_values"][0].shape == (3, 224, 313)

    def test_assigned_it_switches_off(self) -> None:
        processor = CLIPPil()
        processor.do_center_crop = None
        assert processor(PHOTO)["pixel_values"][0].shape == (3, 224, 313)


class TestAttributes:
    def test_values_are_canonical(self) -> None:
        processor = CLIPPil(size=30, crop_size=(20, 24), resample="bicubic", image_mean=np.array([0.5, 0.4, 0.3]))
        assert processor.size == SizeDict(shortest_edge=30)
        assert processor.crop_size == SizeDict(height=20, width=24)
        assert processor.resample is PILImageResampling.BICUBIC
        assert processor.image_mean == (0.5, 0.4, 0.3)
        processor.size = {"height": 9, "width": 8}
        assert processor.size == SizeDict(height=9, width=8)

    def test_every_declared_name_is_there(self) -> None:
        processor = CLIPPil()
        assert all(hasattr(processor, name) for name in ImagesKwargs.__annotations__)
        assert processor.pad_size is None
        assert processor.rescale_factor == 1 / 255
        assert processor.default_to_square is False

    def test_defaults_of_the_class_are_out_of_reach(self) -> None:
        first = CLIPPil()
        with pytest.raises((AttributeError, TypeError)):
            first.size["shortest_edge"] = 3
        with pytest.raises((AttributeError, TypeError)):
            first.size.shortest_edge = 3
        with pytest.raises((AttributeError, TypeError)):
            first.image_mean[0] = 9.0
        assert CLIPPil().size == SizeDict(shortest_edge=224)

    def test_what_was_passed_is_copied(self) -> None:
        size, mean = {"shortest_edge": 30}, [0.5, 0.4, 0.3]
        processor = CLIPPil(size=size, image_mean=mean)
        size["shortest_edge"], mean[0] = 99, 9.0
        assert processor.size == SizeDict(shortest_edge=30)
        assert processor.image_mean == (0.5, 0.4, 0.3)
        bounds = {"shortest_edge": 4000, "longest_edge": 9000}
        Qwen2VL.on("pil")(size=bounds, min_pixels=5000)
        assert bounds == {"shortest_edge": 4000, "longest_edge": 9000}

    def test_assignment_follows_the_rules_of_the_family(self) -> None:
        processor = Qwen2VL.on("pil")()
        processor.min_pixels = 50000
        assert processor.size == SizeDict(shortest_edge=50000, longest_edge=28 * 28 * 1280)
        expected = Qwen2VL.on("pil")(min_pixels=50000)(PHOTO, return_tensors="np")
        assert difference(expected, processor(PHOTO, return_tensors="np")) == 0.0
        assert difference(expected, processor(PHOTO, return_tensors="np", do_rescale=True)) == 0.0

    def test_other_attributes_are_free(self) -> None:
        processor = CLIPPil()
        processor.my_note = "x"
        assert processor.my_note == "x"
        assert processor.to_dict()["my_note"] == "x"  # and saved

    def test_constructor_names_of_old_files(self) -> None:
        processor = Detr.on("pil")(size=60, max_size=100, pad_and_return_pixel_mask=False)
        assert processor.size == SizeDict(shortest_edge=60, longest_edge=100)
        assert processor.do_pad is False
        assert CLIPPil(use_square_size=True).size == SizeDict(height=224, width=224)
        with pytest.raises(TypeError, match="max_size"):
            processor(PHOTO, max_size=3)

    def test_a_patch_given_as_a_number_is_one(self) -> None:
        """Models read it from here, as they do in transformers."""
        cls = our_class("Pixtral", "pil")
        processor = cls(patch_size=14)
        for made in (processor, cls.from_dict(processor.to_dict()), copy.deepcopy(processor)):
            assert made.patch_size == made.to_dict()["patch_size"] == 14
        both = cls(patch_size={"height": 14, "width": 14}), cls(patch_size=np.int64(14))
        for made in both:
            assert difference(dict(processor(PHOTO)), dict(made(PHOTO))) == 0.0
        assert (both[0].patch_size, both[1].patch_size) == ({"height": 14, "width": 14}, 14)
        for wrong in (0, -1, 2**20, {"height": 0, "width": 3}):
            with pytest.raises(ValueError, match="patch_size"):
                processor(PHOTO, patch_size=wrong)
        for wrong in (True, 1.5, "14", [1.5]):
            with pytest.raises(TypeError, match="patch_size"):
                cls(patch_size=wrong)

    def test_contributors_classes_are_checked_too(self) -> None:
        class Mine(TorchvisionBackend):
            size = {"hieght": 3}

        with pytest.raises(ValueError, match="hieght"):
            Mine()


@pytest.mark.parametrize("family", FAMILIES)
class TestRoundTrips:
    def test_dictionaries_and_files(self, family: str, tmp_path: Path) -> None:
        cls = our_class(family, "pil")
        processor = cls(do_normalize=False, image_mean=[0.1, 0.2, 0.3], rescale_factor=0.5)
        config = processor.to_dict()
        assert json.loads(json.dumps(config)) == config
        assert config["image_processor_type"] == f"{family}ImageProcessor"
        again = cls.from_dict(config)
        assert again.to_dict() == config
        processor.to_json_file(tmp_path / "one.json")
        assert cls.from_pretrained(tmp_path / "one.json").to_dict() == config
        processor.save_pretrained(tmp_path / "folder")
        for backend in BACKENDS:
            loaded = pixelprep.AutoImageProcessor.from_pretrained(tmp_path / "folder", backend=backend)
            assert type(loaded) is our_class(family, backend)
            assert loaded.to_dict() == config

    def test_class_defaults_survive(self, family: str) -> None:
        cls = our_class(family, "pil")
        assert cls.from_dict(cls().to_dict()).to_dict() == cls().to_dict()
        first, again = cls(), cls.from_dict(cls().to_dict())
        assert dict(first._options) == dict(again._options)

    def test_copies_and_pickles(self, family: str) -> None:
        processor = our_class(family, "pil")(do_normalize=False)
        for again in (copy.copy(processor), copy.deepcopy(processor), pickle.loads(pickle.dumps(processor))):
            assert type(again) is type(processor)
            assert again.to_dict() == processor.to_dict()
            again.do_normalize = True
            assert processor.do_normalize is False

    def test_text(self, family: str) -> None:
        processor = our_class(family, "pil")()
        name, _, content = repr(processor).partition(" ")
        assert name == f"{family}ImageProcessorPil"
        assert json.loads(content) == processor.to_dict()


def test_pixels_survive_round_trips(tmp_path: Path) -> None:
    for backend in BACKENDS:
        processor = CLIP.on(backend)(size=30, crop_size=20, resample="lanczos", image_mean=[0.1, 0.2, 0.3])
        processor.save_pretrained(tmp_path / backend)
        for again in (
            pixelprep.AutoImageProcessor.from_pretrained(tmp_path / backend, backend=backend),
            pickle.loads(pickle.dumps(processor)),
            copy.deepcopy(processor),
        ):
            assert difference(processor(PHOTO, return_tensors="np"), again(PHOTO, return_tensors="np")) == 0.0


def test_classes_of_contributors_pickle() -> None:
    processor = Pickled(size=30)
    again = pickle.loads(pickle.dumps(processor))
    assert again.to_dict() == processor.to_dict()
    assert difference(processor(PHOTO), again(PHOTO)) == 0.0
    assert copy.deepcopy(processor).size == processor.size


class Pickled(TorchvisionBackend):
    do_resize = True
    resample = 2


def test_files_are_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CLIPPil(size=30).save_pretrained(tmp_path)
    before = (tmp_path / "preprocessor_config.json").read_text()
    monkeypatch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        CLIPPil(size=40).save_pretrained(tmp_path)
    assert (tmp_path / "preprocessor_config.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["preprocessor_config.json"]


def test_saving_into_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(NotADirectoryError, match="is a file; give a folder"):
        CLIPPil().save_pretrained(tmp_path / "taken")


@pytest.mark.parametrize("backend", BACKENDS)
def test_threads_share_a_processor(backend: str) -> None:
    processor = CLIP.on(backend)()
    images = [draw(40 + seed, 60, seed=seed) for seed in range(8)]

    def run(seed: int) -> Any:
        size = 20 + seed % 4
        return np.asarray(processor(images[seed % 8], crop_size=size, return_tensors="np")["pixel_values"])

    alone = [run(seed) for seed in range(32)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(run, range(32)))
    assert all(np.array_equal(*pair) for pair in zip(alone, together, strict=True))


@pytest.mark.filterwarnings("ignore:images hold floats of 0..1")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("family", ["CLIP", "LlavaOnevision", "Idefics3", "Qwen2VL", "Pixtral", "Segformer", "Detr"])
def test_inputs_are_not_touched(family: str, backend: str) -> None:
    small = {"Idefics3": {"size": {"longest_edge": 364}}, "Detr": {"size": {"shortest_edge": 60, "longest_edge": 90}}}
    processor = our_class(family, backend)(**small.get(family, {}))
    arrays: list[Any] = [
        draw(56, 84),
        draw(56, 84).astype(np.float32),
        (draw(56, 84) / 255).astype(np.float64),
        torch.from_numpy(draw(56, 84)),
        torch.from_numpy(draw(56, 84)).permute(2, 0, 1).float().contiguous(),
        picture(56, 84),
    ]
    for image in arrays:
        for options in ({}, {"do_resize": False, "do_rescale": False, "do_normalize": False}):
            before = np.asarray(image).copy()
            output = processor(image, **options)["pixel_values"]
            assert np.array_equal(np.asarray(image), before)
            if backend != "mlx" and not isinstance(image, PIL.Image.Image):
                # Writing into an output must not reach the input either.
                first = output
                while isinstance(first, list):
                    first = first[0]
                if getattr(getattr(first, "flags", None), "writeable", True):
                    first[...] = 0
                assert np.array_equal(np.asarray(image), before), (type(image), options)


@pytest.mark.parametrize("backend", BACKENDS)
def test_label_maps_are_not_touched(backend: str) -> None:
    processor = our_class("Segformer", backend)(size=40, do_reduce_labels=True)
    for label in (draw(50, 70, 1)[..., 0] % 3, torch.from_numpy(draw(50, 70, 1)[..., 0] % 3)):
        before = np.asarray(label).copy()
        first = processor(PHOTO, label, return_tensors="np")["labels"]
        assert np.array_equal(np.asarray(label), before)
        assert np.array_equal(processor(PHOTO, label, return_tensors="np")["labels"], first)


def test_annotations_are_not_touched() -> None:
    target = {"image_id": 1, "annotations": [{"category_id": 1, "area": 9.0, "bbox": [1.0, 2.0, 9.0, 9.0]}]}
    before = copy.deepcopy(target)
    Detr.on("pil")()(PHOTO, target, return_tensors="np")
    assert target == before


SIDES = st.integers(1, 2**31 - 1)


def parse_or_error(value: Any) -> SizeDict | TypeError | ValueError:
    try:
        return SizeDict.parse(value, name="crop_size")
    except (TypeError, ValueError) as error:
        return error


class TestSizeDict:
    @given(SIDES, st.booleans())
    def test_ints(self, side: int, square: bool) -> None:
        expected = {"height": side, "width": side} if square else {"shortest_edge": side}
        assert dict(SizeDict.parse(side, square=square)) == expected

    @given(st.lists(SIDES, min_size=2, max_size=4))
    def test_sequences(self, sides: list[int]) -> None:
        for kind in (list, tuple, np.array):
            assert dict(SizeDict.parse(kind(sides))) == {"height": sides[0], "width": sides[1]}
        assert dict(SizeDict.parse(sides[:1])) == {"height": sides[0], "width": sides[0]}

    @given(st.sampled_from(SIZE_STYLES).flatmap(lambda style: st.fixed_dictionaries(dict.fromkeys(style, SIDES))))
    def test_mappings(self, sizes: dict[str, int]) -> None:
        parsed = SizeDict.parse(sizes)
        assert dict(parsed) == sizes
        assert SizeDict.parse(parsed) is parsed
        assert SizeDict.parse(dict(parsed)) == parsed
        assert SizeDict.parse({key: float(value) for key, value in sizes.items()}) == parsed
        assert hash(parsed) == hash(SizeDict(**sizes))
        assert pickle.loads(pickle.dumps(parsed)) == copy.deepcopy(parsed) == parsed
        assert all(parsed[key] == getattr(parsed, key) == value for key, value in sizes.items())
        assert len(parsed) == len(sizes)
        assert json.loads(json.dumps(dict(parsed))) == sizes

    @settings(max_examples=150)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.sampled_from([*SizeDict.__annotations__, "x", ""]), inner, max_size=3)
            ),
            max_leaves=6,
        )
    )
    def test_anything_else_is_a_clear_error(self, value: Any) -> None:
        parsed = parse_or_error(value)
        if isinstance(parsed, Exception):
            assert "`crop_size" in str(parsed)
        else:
            assert set(parsed) in SIZE_STYLES
            assert all(type(number) is int and number > 0 for number in parsed.values())

    def test_unset_fields(self) -> None:
        size = SizeDict(height=3, width=4)
        assert size.shortest_edge is None
        assert "shortest_edge" not in size
        assert size.get("shortest_edge") is None
        assert size["shortest_edge"] is None
        with pytest.raises(KeyError):
            size["depth"]
        assert str(size) == "{'height': 3, 'width': 4}"


NAMES = st.sampled_from(["size", "crop_size", "do_resize", "tile"])


class TestOptions:
    @given(st.dictionaries(NAMES, st.integers()), st.dictionaries(NAMES, st.integers()))
    def test_is_an_immutable_mapping(self, values: dict[str, int], changes: dict[str, int]) -> None:
        options = Options(values)
        assert isinstance(options, Mapping)
        assert dict(options) == values
        assert all(getattr(options, name) == value for name, value in values.items())
        replaced = options.replace(**changes)
        assert dict(replaced) == {**values, **changes}
        assert dict(options) == values
        assert dict(pickle.loads(pickle.dumps(options))) == dict(copy.deepcopy(options)) == values
        with pytest.raises((AttributeError, TypeError), match="immutable"):
            options.size = 3
        values["added"] = 1
        assert "added" not in options

    def test_names_that_are_not_there(self) -> None:
        with pytest.raises(AttributeError, match=r"no `do_resise` \(did you mean `do_resize`\?\)"):
            _ = Options({"do_resize": True}).do_resise
        with pytest.raises(TypeError):
            Options({"do_resize": True})["do_resize"] = False  # type: ignore[index]
