"""A call in two halves, bytes and arithmetic: together the bits of the whole, or a refusal that says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest

from pixelprep.core.errors import NeedsPixelsError
from pixelprep.plans import Plan, SplitError
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families, usable_backends
from pixelprep.testing.compare import as_numpy, difference, outcome
from pixelprep.testing.family import Picture
from pixelprep.testing.inputs import make

LOOKS = {"Nougat", "PPFormulaNet", "Flava"}  # plans that tell shapes alone
# What works on floats after the last bytes: a resize, statistics of the image, colours that are mixed or looked up.
REFUSED = {
    **dict.fromkeys(
        ("DINOv3ViT", "NemotronH_Omni_Reasoning_V3", "ZoeDepth", "PPOCRV5ServerDet", "PPOCRV5ServerRec", "UVDoc"),
        "resize_float",
    ),
    **dict.fromkeys(("Phi4Multimodal", "RfDetr", "DepthPro", "PPDocLayoutV4"), "resize"),
    **dict.fromkeys(("Pix2Struct", "Kosmos2_5"), "standardize"),
    **dict.fromkeys(("LightGlue", "SuperGlue", "EfficientLoFTR"), "grayscale"),
    "Owlv2": "resize_blurred",
    "ImageGPT": "nearest_color",
}


def family(name: str, backend: str = "pil", **options: Any) -> Any:
    return FAMILIES[name].load().on(backend)(**options)


@pytest.mark.parametrize("backend", usable_backends()[:2])
@pytest.mark.parametrize("name", [name for name in covered_families() if name not in LOOKS])
def test_two_halves_are_the_call(name: str, backend: str) -> None:
    cases = FAMILIES[name].cases()
    processor = family(name, backend, **{**cases.made, **cases.small})
    images: Any = [make(Picture(90, 61)), make(Picture(52, 44))]
    beside: tuple[Any, ...] = ()
    if cases.own_inputs:
        images, *beside = make([cases.inputs[0].images, *cases.inputs[0].beside])
    elif isinstance(outcome(processor, images, return_tensors="np"), Exception):  # of two sizes no batch is made
        images = images[:1]
    for tensors in ("np", None):
        plan = processor.plan(images, *beside, return_tensors=tensors)
        if name in REFUSED:
            with pytest.raises(SplitError, match=f"`{REFUSED[name]}` works on floats"):
                plan.execute(images, *beside, until="uint8")
            continue
        half, real = plan.execute(images, *beside, until="uint8"), processor(images, *beside, return_tensors=tensors)
        real = dict(real) if hasattr(real, "items") else {"pixel_values": real}
        assert difference(real, dict(plan.finish(half))) == 0
        told = bytes_in(as_numpy(dict(half))), floats_in(as_numpy(real))
        assert told[0] > 0
        assert told[0] == told[1] or name in ("ImageGPT", "Fuyu", "Lfm2Vl", "PPOCRV5ServerDet")  # other floats beside


def bytes_in(value: Any) -> int:
    """How many bytes there are in nested outputs."""
    return _count(value, lambda dtype: dtype == np.uint8)


def floats_in(value: Any) -> int:
    return _count(value, lambda dtype: dtype.kind == "f" or dtype.name in ("bfloat16", "uint8"))


def _count(value: Any, kind: Any) -> int:
    if isinstance(value, dict):
        return sum(_count(entry, kind) for entry in value.values())
    if isinstance(value, (list, tuple)):
        return sum(_count(entry, kind) for entry in value)
    return int(value.size) if hasattr(value, "dtype") and kind(value.dtype) else 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", ["CLIP", "Siglip2", "Detr", "Llama4", "Idefics3", "Inkling2"])
def test_padding_and_dtypes(name: str, dtype: str) -> None:
    """Zeros that are filled in before and after arithmetic, missing tiles, other dtypes."""
    backend = usable_backends()[0]
    processor = family(name, backend, **FAMILIES[name].cases().small)
    images: Any = [make(Picture(90, 61)), make(Picture(52, 44))]
    images = [[images[0]], images] if type(processor).nested_images else images
    plan = processor.plan(images, return_tensors="np", dtype=dtype)
    real, half = processor(images, return_tensors="np", dtype=dtype), plan.execute(images, until="uint8")
    assert difference(dict(real), dict(plan.finish(half))) == 0


def test_a_stored_plan_is_split_too() -> None:
    processor, image = family("Qwen2VL"), make(Picture(90, 61))
    plan = Plan.from_json(processor.plan(image, return_tensors="np").to_json(), backend="pil")
    half = plan.execute(image, until="uint8")
    assert half["pixel_values"].dtype == np.uint8
    assert difference(dict(processor(image, return_tensors="np")), dict(plan.finish(half))) == 0


def test_what_is_refused() -> None:
    plan = family("CLIP").plan((90, 61), return_tensors="np")
    with pytest.raises(ValueError, match="`until` is"):
        plan.execute(PIL.Image.new("RGB", (61, 90)), until="float32")
    half = plan.execute(PIL.Image.new("RGB", (61, 90)), until="uint8")
    with pytest.raises(ValueError, match=r"expected bytes of shape \(1, 3, 224, 224\)"):
        plan.finish({"pixel_values": half["pixel_values"][:, :, 1:]})
    with pytest.raises(ValueError, match="expected bytes of shape"):
        plan.finish({"pixel_values": half["pixel_values"].astype("float32")})
    floats = np.zeros((90, 61, 3), np.float32)
    with pytest.raises(SplitError, match="holds float32, not bytes"):
        family("CLIP").plan(floats).execute(floats, until="uint8")
    with pytest.raises(NeedsPixelsError, match="cannot be"):
        family("Nougat").plan((90, 61)).execute(PIL.Image.new("RGB", (61, 90)), until="uint8")
