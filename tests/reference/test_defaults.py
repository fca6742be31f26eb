"""The families' own defaults on photographs, a backend that is wrong, and CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import torch

from oracle import compared, difference, draw, outcome, photos, picture, processors, small
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.ops.torchvision import TorchvisionOps
from pixelprep.registry.families import FAMILIES as REGISTRY

# Families that images alone do not feed are tried by their own cases.
PAIRS = [pair for pair in compared() if not REGISTRY[pair[0]].cases().own_inputs]
PHOTOS = photos()


def assert_same(family: str, backend: str, images: Any, **options: Any) -> None:
    reference, ours = (outcome(processor, images, **options) for processor in processors(family, backend))
    for result in (reference, ours):
        if isinstance(result, Exception):
            raise result
    assert difference(reference, ours) == 0.0


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.name)
def test_defaults_on_photographs(photo: Path) -> None:
    """Each photograph through some of the families, every family with one of them."""
    with PIL.Image.open(photo) as image:
        image = image.convert("RGB")
    for family, backend in PAIRS[PHOTOS.index(photo) :: len(PHOTOS)]:
        if processors(family, backend)[0] is not None:
            assert_same(family, backend, image, return_tensors="pt")


# Families whose images are resized as bytes.
FAMILIES = ["CLIP", "ConvNext", "LlavaOnevision", "Idefics3", "Qwen2VL", "Pixtral", "Segformer", "Detr"]


class OneLevelOff(TorchvisionOps):
    """A backend that is wrong by the least that bytes can be wrong."""

    def resize(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        resized = super().resize(images, *args, **kwargs)
        return resized ^ 1 if resized.dtype is torch.uint8 else resized


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wrong_backend_fails(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same(family, "torchvision", picture(37, 61), return_tensors="pt", **small(family))
    monkeypatch.setattr(BaseImageProcessor, "ops", OneLevelOff())
    with pytest.raises(AssertionError, match=r"== 0\.0"):
        assert_same(family, "torchvision", picture(37, 61), return_tensors="pt", **small(family))


@pytest.mark.cuda
@pytest.mark.parametrize("family", FAMILIES)
def test_cuda(family: str) -> None:
    """On a GPU images of one shape are stacked; the outputs are the CPU's within what a GPU's kernels promise."""
    options = {"return_tensors": "pt", **small(family), "resample": 2}
    images = [draw(40, 30), draw(40, 30, seed=1), draw(37, 61)]
    if family == "CLIP":
        options["crop_size"] = 40
    processor = processors(family, "torchvision")[1]
    on_cpu, on_gpu = processor(images, **options), processor(images, device="cuda", **options)
    assert on_gpu["pixel_values"].device.type == "cuda"
    std = min(processor.image_std)
    for name, expected in on_cpu.items():
        got = on_gpu[name].cpu()
        assert got.shape == expected.shape
        # CUDA resizes in floating point and rounds once, the CPU in 16-bit fixed point twice: one level of 255, two
        # where one resize follows another (LlavaOnevision's tiles, Idefics3).
        assert (got.double() - expected.double()).abs().max() <= 2.01 / 255 / std
    alone = processor(images, device="cuda", disable_grouping=True, **options)
    assert difference(dict(alone.to("cpu")), dict(on_gpu.to("cpu"))) == 0.0
