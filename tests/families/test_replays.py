"""Calls that are made again by a program: the same values, and nothing that belongs to another call."""

from __future__ import annotations

import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from pixelprep.core.callers import warn_caller
from pixelprep.core.limits import CallLimits, set_call_limits
from pixelprep.image_processing_backends import NativeBackend
from pixelprep.plans import replaying
from pixelprep.plans.replaying import Kind
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import Battery, covered_families
from pixelprep.testing.compare import outcome
from pixelprep.testing.inputs import make

# Families of whose cases none has a program, with the reason.
EAGER = {
    "DINOv3ViT": "floats are resized",
    "DepthPro": "floats are resized",
    "Flava": "draws chance",
    "ImageGPT": "colours are looked up by NumPy",
    "Kosmos2_5": "statistics of pixels",
    "EfficientLoFTR": "whether images are grey is looked at",
    "LightGlue": "whether images are grey is looked at",
    "Llama4": "arithmetic in bfloat16",
    "Molmo2": "pixels without antialiasing, made by NumPy",
    "NemotronH_Omni_Reasoning_V3": "floats are resized",
    "Nougat": "the thumbnail is Pillow's",
    "Owlv2": "floats are blurred",
    "PPDocLayoutV4": "floats",
    "PPFormulaNet": "margins are looked for",
    "Pix2Struct": "statistics of pixels",
    "RfDetr": "floats",
    "SLANeXt": "resized by the arithmetic of OpenCV",
    "SuperGlue": "whether images are grey is looked at",
    "UVDoc": "resized by the arithmetic of OpenCV",
    "VitMatte": "trimaps beside the images",
    "VitPose": "people are cut out",
    "ZoeDepth": "floats are resized",
}


def processor(name: str, **options: Any) -> Any:
    return FAMILIES[name].load().on("native")(**options)


def picture(height: int = 50, width: int = 70, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def programs(of: Any) -> list[Any]:
    return [kind.program for kind in of.__dict__.get("_plans", {}).values() if isinstance(kind, Kind) and kind.program]


def others(images: Any) -> Any:
    """Images of the same sizes and kinds, of other pixels."""
    if isinstance(images, (list, tuple)):
        return [others(image) for image in images]
    if isinstance(images, np.ndarray) and images.dtype == np.uint8:
        return 255 - images
    if isinstance(images, PIL.Image.Image) and images.mode in ("L", "RGB"):
        return images.point(lambda value: 255 - value)
    return images


def same(got: Any, expected: Any) -> bool:
    """Whether two results have the same types, and their arrays the same bits."""
    if type(got) is not type(expected):
        return False
    if isinstance(got, Exception):
        return str(got) == str(expected)
    if hasattr(got, "detach"):
        return same(got.numpy(), expected.numpy())
    if hasattr(got, "keys"):
        return list(got) == list(expected) and all(same(got[name], expected[name]) for name in got)
    if isinstance(got, (list, tuple)):
        return len(got) == len(expected) and all(map(same, got, expected))
    if isinstance(got, np.ndarray):
        return (got.dtype, got.shape, got.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())
    return bool(got == expected)


@pytest.mark.parametrize("name", covered_families())
def test_a_call_made_again_gives_what_one_for_the_first_time_gives(name: str) -> None:
    battery, replays = Battery(name), False
    for case in battery.all:
        options = {"return_tensors": "np", **battery.cases.settings(case)}
        made: dict[str, Any] = {}
        if battery.cases.at_construction:
            made, options = options, {"return_tensors": options.pop("return_tensors")}
        first: Any = outcome(lambda made=made: {"": battery.make("native", **made)})
        if isinstance(first, Exception):
            continue
        first, fresh = first[""], battery.make("native", **made)
        images = make(case.images)
        outcome(first, images, *make(case.beside), **options)
        expected = outcome(fresh, others(images), *make(case.beside), **options)
        for _ in range(2):
            got = outcome(first, others(images), *make(case.beside), **options)
            assert same(got, expected), f"{case.name} on {case.images}"
        replays |= bool(programs(first))
    assert replays is (name not in EAGER)


def test_outputs_belong_to_their_call() -> None:
    made = processor("Detr", size={"height": 40, "width": 60})
    image = picture()
    first = {name: value.copy() for name, value in made(image, return_tensors="np").items()}
    for _ in range(4):
        outputs = made(image, return_tensors="np")
        assert same(dict(outputs), first)
        for value in outputs.values():
            value[...] = 7
    assert programs(made)


@pytest.mark.parametrize("tensors", ["np", "pt", None])
def test_samples_of_several_images(tensors: str | None) -> None:
    options = {"size": {"longest_edge": 60}, "max_image_size": {"longest_edge": 30}}
    made = processor("Idefics3", **options)
    for seed in range(4):
        images = [[picture(seed=seed)], [picture(30, 20, seed), picture(61, 33, seed)]]
        expected = processor("Idefics3", **options)(images, return_tensors=tensors)
        assert same(dict(made(images, return_tensors=tensors)), dict(expected))
    assert programs(made)


def test_whatever_is_set_counts_at_once() -> None:
    made = processor("LlavaNext", size={"shortest_edge": 32}, crop_size=32, image_grid_pinpoints=[[32, 64], [64, 64]])
    images = [picture(), picture(80, 20)]
    for name, value in (
        ("image_mean", 0.1),
        ("resample", 0),
        ("image_grid_pinpoints", [[64, 32]]),
        ("reference", "5.20.0"),
        ("do_normalize", False),
    ):
        for _ in range(3):
            made(images, return_tensors="np")
        assert programs(made)
        setattr(made, name, value)
        assert not programs(made)
        fresh = type(made).from_dict(made.to_dict())
        assert same(dict(made(images, return_tensors="np")), dict(fresh(images, return_tensors="np")))


def test_limits_that_were_lowered_hold() -> None:
    made = processor("ViT")
    for _ in range(3):
        made([picture()] * 2, return_tensors="np")
    before = set_call_limits(CallLimits(max_output_elements=1000))
    try:
        with pytest.raises(ValueError, match="max_output_elements"):
            made([picture()] * 2, return_tensors="np")
    finally:
        set_call_limits(before)
    assert made([picture()] * 2, return_tensors="np")["pixel_values"].shape == (2, 3, 224, 224)


def test_what_warns_warns_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = processor("CLIP")
    preprocess = type(made)._preprocess

    def warning(self: Any, images: Any, options: Any) -> Any:
        warn_caller("look here")
        return preprocess(self, images, options)

    monkeypatch.setattr(type(made), "_preprocess", warning)
    for _ in range(4):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            made(picture(), return_tensors="np")
        assert [str(warning.message) for warning in caught] == ["look here"]
    assert not programs(made)


def test_classes_of_others_are_called_each_time() -> None:
    class Chance(NativeBackend):
        do_resize = True
        size = {"height": 20, "width": 20}
        resample = 2

        def resize(self, image: Any, size: Any, resample: Any) -> Any:
            self.seen = getattr(self, "seen", 0) + 1
            return super().resize(image, size, random.choice([0, 2, 3]))

    made = Chance()
    found = {made(picture(), return_tensors="np")["pixel_values"].tobytes() for _ in range(60)}
    assert made.seen == 60
    assert len(found) > 1
    assert not programs(made)


def test_one_program_for_many_threads() -> None:
    made = processor("Qwen2VL")
    images = [picture(90, 120, seed) for seed in range(8)]
    expected = [processor("Qwen2VL")(image, return_tensors="np")["pixel_values"] for image in images]
    made(images[0], return_tensors="np")
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            got = list(pool.map(lambda image: made(image, return_tensors="np")["pixel_values"], images))
            assert all(map(np.array_equal, got, expected))
    assert len(programs(made)) == 1


def test_programs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MOST", 3)
    made = processor("CLIP")
    sizes = [(40, 50 + width) for width in range(5)]
    for size in sizes:
        for _ in range(2):
            made(picture(*size), return_tensors="np")
    assert len(programs(made)) == 3
    monkeypatch.setattr(replaying, "MOST_WEIGHT", 2 * programs(made)[0].weight)
    for _ in range(2):
        made(picture(33, 44), return_tensors="np")
    assert len(programs(made)) == 2


def test_other_backends_have_none() -> None:
    made = pixelprep.CLIPImageProcessorPil()
    for _ in range(3):
        made(picture(), return_tensors="np")
    assert not programs(made)


def test_files_are_decoded_as_ever(tmp_path: Any) -> None:
    PIL.Image.fromarray(picture()).save(tmp_path / "a.jpg")
    paths = [tmp_path / "a.jpg"] * 20
    made = processor("CLIP")
    expected = made(paths, return_tensors="np")["pixel_values"]
    for _ in range(3):
        assert np.array_equal(made(paths, return_tensors="np")["pixel_values"], expected)
    assert not programs(made)
