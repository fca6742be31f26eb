"""What a call makes is bounded before memory is taken: images, outputs, tiles, and the numbers of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pixelprep
from oracle import usable_backends
from pixelprep import CallLimits, get_call_limits, set_call_limits
from pixelprep.registry.families import FAMILIES

BACKENDS = usable_backends()


@pytest.fixture
def small() -> Iterator[None]:
    before = set_call_limits(CallLimits(max_target_pixels=100_000, max_output_elements=1_000_000))
    yield
    set_call_limits(before)


def processor(family: str, backend: str, **options: Any) -> Any:
    return FAMILIES[family].load().on(backend)(**options)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("backend", BACKENDS)
class TestCalls:
    IMAGE = np.zeros((30, 40, 3), np.uint8)

    def test_a_size_that_is_too_large(self, backend: str) -> None:
        with pytest.raises(ValueError, match=r"image 0.*1000x1000.*max_target_pixels.*`size`|output.*max_output"):
            processor("ViT", backend)([self.IMAGE, self.IMAGE], size={"height": 1000, "width": 1000})

    def test_a_strip_that_a_crop_would_cut_down(self, backend: str) -> None:
        """Native makes no more of it than the crop keeps; the others say what it would become."""
        strip = np.zeros((1, 2000, 3), np.uint8)
        made = processor("CLIP", backend, size=64, crop_size=64)
        if getattr(made.ops, "makes_windows", False):
            out = made([strip], input_data_format="channels_last", return_tensors="np")
            assert out["pixel_values"].shape == (1, 3, 64, 64)
            return
        with pytest.raises(ValueError, match="image 0: an image of 1x2000 would become one of 64x128000"):
            made([strip], input_data_format="channels_last")
        with pytest.raises(ValueError, match="64x128000"):
            made.plan((1, 2000))

    def test_padding_that_is_too_large(self, backend: str) -> None:
        with pytest.raises(ValueError, match=r"image 0.*max_target_pixels|max_output_elements"):
            processor("CLIP", backend)([self.IMAGE], crop_size={"height": 2000, "width": 2000}, do_resize=False)

    def test_an_output_that_is_too_large(self, backend: str) -> None:
        with pytest.raises(ValueError, match=r"8x3x224x224 = 1204224 elements.*max_output_elements"):
            processor("CLIP", backend)([self.IMAGE] * 8, return_tensors="np")


@pytest.mark.parametrize("backend", BACKENDS)
def test_tiles_beyond_number(backend: str) -> None:
    with pytest.raises(ValueError, match=r"image 0.*tiles of 3x3.*`crop_size`"):
        processor("LlavaOnevision", backend, crop_size={"height": 3, "width": 5})([TestCalls.IMAGE])


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in ("TimmWrapper", "ImageGPT")])
def test_defaults_are_within_the_limits(family: str) -> None:
    """A photograph of 24 megapixels passes everywhere."""
    made = processor(family, "pil")
    if made.planned and not FAMILIES[family].cases().own_inputs:
        assert made.plan((4000, 6000)).outputs


@pytest.mark.parametrize(
    "limits", [{"max_target_pixels": 0}, {"max_output_elements": 1.5}, {"max_target_pixels": True}]
)
def test_limits_are_positive_numbers(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        CallLimits(**limits)
    assert get_call_limits() == CallLimits()


SIDES = ["patch_size", "merge_size", "temporal_patch_size"]


@pytest.mark.parametrize("value", [0, -1, 2**31 - 1, 2**63, 10**30])
@pytest.mark.parametrize("name", SIDES)
def test_numbers_of_a_configuration_have_ranges(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"`{name}`"):
        pixelprep.Qwen2VLImageProcessorPil.from_dict({name: value})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_whole_number_of_every_family_has_a_range(family: str) -> None:
    """No division by zero, overflow or reshape of NumPy: an error that names the setting, or a processor that works."""
    cls = FAMILIES[family].load().on("pil")
    image = np.zeros((40, 50, 3), np.uint8)
    for name, value in cls._class_defaults().items():
        if type(value) is not int:
            continue
        for wrong in (0, -1, 2**63):
            message = ""
            try:
                made = cls.from_dict({name: wrong})
                if not FAMILIES[family].cases().own_inputs:
                    made([image])
            except (ValueError, TypeError, ImportError) as error:
                message = str(error)
            assert "reshape" not in message, (name, wrong, message)


@pytest.mark.parametrize("value", [0, float("nan"), float("inf"), 1e-320, 1e-39, -1e-45])
def test_a_deviation_has_a_reciprocal(value: float) -> None:
    for given in (value, [0.5, value, 0.5]):
        with pytest.raises(ValueError, match="`image_std`"):
            pixelprep.CLIPImageProcessorPil(image_std=given)
