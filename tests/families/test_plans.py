"""Plans: what symbols are, what a plan answers, and that nothing is planned wrongly.

That a plan executed is the call is a check of the battery, for every family and backend.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from pixelprep.core.errors import NeedsPixelsError
from pixelprep.image_processing_outputs import converter
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.ops.protocol import VERB_NAMES
from pixelprep.plans import Symbol, SymbolOps, replaying
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families, usable_backends
from pixelprep.testing.compare import outcome


def family(name: str, backend: str = "pil", **options: Any) -> Any:
    return FAMILIES[name].load().on(backend)(**options)


# ------------------------------------------------------------------------------------------------------ symbols


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        lambda x: np.stack([x, x]),
        bool,
        lambda x: x == x,
        lambda x: x != 1,
        lambda x: x < 1,
        lambda x: x + 1,
        lambda x: 2 * x,
        lambda x: x / 255,
        lambda x: -x,
        lambda x: x[0],
        list,
        float,
        int,
        lambda x: x.max(),
        lambda x: x.astype("float32"),
        lambda x: 1 in x,
        lambda x: x.__setitem__(0, 1),
    ],
)
def test_symbols_refuse_what_is_no_verb(use: Any) -> None:
    with pytest.raises(NeedsPixelsError, match="needs its pixels"):
        use(Symbol((3, 4, 5)))


def test_symbols_have_every_verb() -> None:
    verbs, image = SymbolOps(), Symbol((3, 12, 18))
    assert all(callable(getattr(verbs, name)) for name in VERB_NAMES)
    resized = verbs.resize(image, 6, 9, resample=2)
    assert (resized.verb, resized.shape, resized.dtype) == ("resize", (3, 6, 9), "uint8")
    assert list(resized.arguments) == ["images", "height", "width", "resample", "antialias"]
    frames = verbs.crop(Symbol((8, 3, 12, 18)), 1, 2, 5, 6)
    assert frames.shape == (8, 3, 5, 6)
    for arguments in ((image, 6), (image, 6, 9, 2, True, 1)):
        with pytest.raises(TypeError):
            verbs.resize(*arguments)
    with pytest.raises(TypeError):
        verbs.cast(image, kind="float32")


# ------------------------------------------------------------------------------------------------------ outputs


@pytest.mark.parametrize("tensors", ["np", None])
@pytest.mark.parametrize("name", [name for name in covered_families() if not FAMILIES[name].cases().own_inputs])
def test_outputs_foretell_a_batch_of_two_sizes(name: str, tensors: str | None) -> None:
    cases = FAMILIES[name].cases()
    settings = {**cases.made, **cases.small}
    processor = family(name, usable_backends()[0], **settings)
    images = [PIL.Image.new("RGB", (61, 37)), PIL.Image.new("RGB", (44, 120))]
    sizes = [(37, 61), (120, 44)]
    real = outcome(processor, images, return_tensors=tensors)
    plan = outcome(lambda: {"": processor.plan(sizes, return_tensors=tensors)})
    if isinstance(real, Exception):  # of two sizes no batch is made
        assert (type(plan), str(plan)) == (type(real), str(real))
    else:
        assert compare(plan[""].outputs, real, "", bool(plan[""].withheld)) > 0


def compare(told: Any, real: Any, where: str, withheld: bool) -> int:
    """How many arrays there are; each is of the shape, the dtype and, if there are any, the values that were told."""
    if isinstance(real, dict):
        assert list(told) == list(real)
        return sum(compare(told[key], real[key], key, withheld) for key in real)
    if hasattr(real, "shape"):
        array = converter("np")(real)
        assert (told.shape, told.dtype) == (tuple(array.shape), array.dtype.name), where
        whole = array.dtype.kind in "iub" and array.dtype != np.uint8 and where != "input_ids"  # of nearest colours
        assert withheld or told.values is not None or not whole, where
        assert told.values is None or np.array_equal(array, told.values), where
        return 1
    assert told.shape is None, f"{where} is a {type(real).__name__}"
    if told.entries is not None:
        assert len(told.entries) == len(real)
        return sum(compare(*pair, where, withheld) for pair in zip(told.entries, real, strict=True))
    assert withheld or told.values == json.loads(json.dumps(real)), where
    return 0


def test_integers_have_values_and_lists_stay_lists() -> None:
    llama = family("Llama4").plan([(300, 451), (2000, 90)], return_tensors="np").outputs
    assert llama["aspect_ratios"].values == [[1, 2], [6, 1]]
    fuyu = family("Fuyu").plan([(300, 451), (2000, 90)], return_tensors="np").outputs
    assert fuyu["image_unpadded_heights"].values == [[300], [1080]]
    assert fuyu["image_sizes"].dtype == "int64"
    assert fuyu["image_scale_factors"].dtype == "float64"
    idefics = family("Idefics3").plan((300, 451), return_row_col_info=True, return_tensors="np").outputs
    assert idefics["rows"].shape is None
    assert idefics["rows"].values == [[3]]
    mask = family("Detr").plan([(300, 451), (90, 61)], return_tensors="np").outputs["pixel_mask"]
    assert mask.shape == (2, 1180, 1202)
    assert np.sum(mask.values) == 800 * 1202 + 1180 * 800
    clip = family("CLIP").plan([(300, 451), (90, 61)]).outputs["pixel_values"]
    assert clip.shape is None
    assert [entry.shape for entry in clip.entries] == [(3, 224, 224)] * 2


# ------------------------------------------------------------------------------------------------------- inputs


def test_of_files_the_header_is_read(tmp_path: Path) -> None:
    processor, image = family("Qwen2VL"), PIL.Image.new("RGB", (640, 427))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # lies on its side
    image.save(tmp_path / "whole.png")
    image.save(tmp_path / "turned.jpg", exif=exif)
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:100])
    expected = [[1, 30, 46], [1, 46, 30]]
    plan = processor.plan([tmp_path / "cut.png", str(tmp_path / "turned.jpg")])
    assert plan.outputs["image_grid_thw"].values == expected
    assert plan == processor.plan([image, (640, 427)])
    assert processor([image, tmp_path / "turned.jpg"], return_tensors="np").image_grid_thw.tolist() == expected
    with pytest.raises(ValueError, match="image 1"):
        processor.plan([image, tmp_path / "absent.png"])


def test_a_png_that_is_turned_by_what_stands_behind_its_pixels(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 8
    PIL.Image.new("RGB", (64, 32)).save(tmp_path / "first.png", exif=exif)
    data = (tmp_path / "first.png").read_bytes()
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    behind = data.index(b"IEND") - 4
    (tmp_path / "late.png").write_bytes(data[:start] + data[end:behind] + data[start:end] + data[behind:])
    for name in ("first.png", "late.png"):
        assert family("CLIP").plan(tmp_path / name).inputs == (((3, 64, 32), "uint8"),)


@pytest.mark.parametrize("backend", usable_backends())
@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16", "F"])
@pytest.mark.parametrize("converts", [None, True, False])
def test_pictures_of_any_mode(mode: str, converts: bool | None, backend: str) -> None:
    processor, image = family("ViT", backend, do_normalize=False), PIL.Image.new(mode, (30, 20))
    real = outcome(processor, image, do_convert_rgb=converts, return_tensors="np")
    told = outcome(lambda: processor.plan(image, do_convert_rgb=converts, return_tensors="np").outputs)
    if isinstance(real, Exception):
        assert type(told) is type(real)
    else:
        compare(told, real, mode, False)


def test_sizes_in_any_nesting() -> None:
    processor = family("Idefics3", return_row_col_info=True)
    assert processor.plan([[(300, 451)], [(90, 61), (90, 61)]]).outputs["rows"].values == [[3], [4, 4]]
    assert processor.plan([(300, 451), (90, 61)]) == processor.plan([[(300, 451), (90, 61)]])
    assert processor.plan([300, 451]) == processor.plan((300, 451)) == processor.plan((np.int64(300), 451))
    for wrong in ((0, 5), [(3, 4), (5, 0)], []):
        with pytest.raises(ValueError, match=r"pixel each way|no images"):
            processor.plan(wrong)
    for wrong in (None, {}, (1.5, 2)):
        with pytest.raises(TypeError):
            processor.plan(wrong)


# ------------------------------------------------------------------------------------------ nothing planned wrongly


def canonical(backend: str) -> str:
    """Every family's plans, as text."""
    digest = hashlib.sha256()
    for name in covered_families():
        cases = FAMILIES[name].cases()
        if not cases.own_inputs:
            processor = family(name, backend, **{**cases.made, **cases.small})
            for size in ((300, 451), (90, 61)):
                digest.update(repr(processor.plan(size, return_tensors="np")).encode())
    return digest.hexdigest()


def test_two_processes_plan_alike() -> None:
    backend = usable_backends()[0]
    code = f"import sys; sys.path[:0] = {sys.path!r}; import test_plans; print(test_plans.canonical({backend!r}))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.split()[:1] == [canonical(backend)], run.stderr


def test_chance_is_declared() -> None:
    processor = family("Flava")
    plan = processor.plan((90, 61), return_image_mask=True, return_tensors="np")
    assert plan.outputs["bool_masked_pos"].shape == (1, 14, 14)
    assert plan.outputs["bool_masked_pos"].values is None
    with pytest.raises(NeedsPixelsError, match="draws chance"):
        plan.execute(PIL.Image.new("RGB", (61, 90)))


def test_what_is_on_an_image_cannot_be_planned() -> None:
    page = family("Nougat").plan((900, 610), return_tensors="np")
    assert page.outputs["pixel_values"].shape == (1, 3, 896, 672)
    with pytest.raises(NeedsPixelsError, match="do_crop_margin=False"):
        page.execute(PIL.Image.new("RGB", (610, 900)))
    with pytest.raises(NeedsPixelsError):
        family("Nougat").plan((900, 610), do_pad=False)


def test_any_attribute_that_changes_drops_the_plans() -> None:
    class Marked(BaseImageProcessor):
        do_rescale = True
        factor = 2

        def _preprocess(self, images: list[Any], options: Any) -> Any:
            images = [self.ops.pad(image, 0, self.factor, 0, 0) for image in images]
            return self.batch_feature({"pixel_values": images}, options)

    processor = Marked.on("pil")()
    assert processor.plan((5, 6)) is processor.plan((5, 6))
    assert processor.output_shapes(5, 6)["pixel_values"].shape == (1, 3, 7, 6)
    processor.factor = 4  # no option
    assert processor.output_shapes(5, 6)["pixel_values"].shape == (1, 3, 9, 6)
    processor.note = "any name"
    del processor.factor
    assert processor.output_shapes(5, 6)["pixel_values"].shape == (1, 3, 7, 6)


def test_a_plan_is_for_its_sizes_and_no_others() -> None:
    plan = family("CLIP").plan([(30, 20), (20, 30)])
    images = [PIL.Image.new("RGB", size) for size in ((20, 30), (30, 20))]
    assert len(plan.execute(images).pixel_values) == 2
    for others in (images[::-1], images[:1], [image.convert("L") for image in images][:1]):
        with pytest.raises(ValueError, match="make a plan for these sizes"):
            plan.execute(others)
    nested = family("Idefics3").plan([[(30, 20)], [(20, 30)]])
    with pytest.raises(ValueError, match="nest otherwise"):
        nested.execute([images])


def test_a_plan_is_of_the_processor_as_it_was() -> None:
    processor, image = family("ViT"), PIL.Image.new("RGB", (61, 90), (200, 100, 0))
    before, plan = processor(image, return_tensors="np"), processor.plan((90, 61), return_tensors="np")
    processor.image_mean, processor.size = 0.1, {"height": 32, "width": 32}
    assert np.array_equal(plan.execute(image)["pixel_values"], before["pixel_values"])
    assert processor.plan((90, 61), return_tensors="np").outputs["pixel_values"].shape == (1, 3, 32, 32)


def test_plans_pickle_and_copy() -> None:
    plan = family("Qwen2VL").plan((300, 451), return_tensors="np")
    asked = plan.outputs["image_grid_thw"].values, plan.image_tokens, plan.regions().boxes
    for other in (pickle.loads(pickle.dumps(plan)), copy.deepcopy(plan)):
        assert other == plan
        assert other.outputs["image_grid_thw"].values == asked[0]
        assert other.image_tokens == asked[1]
        assert np.array_equal(other.regions().boxes, asked[2])


def test_a_processor_remembers_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MOST", 3)
    processor = family("Gemma4")
    plans = [processor.plan((300, 400 + width)) for width in range(5)]
    assert list(processor._plans.values()) == plans[2:]
    monkeypatch.setattr(replaying, "MOST_WEIGHT", 12_000)  # each has a position for 2520 patches
    processor.plan((300, 300))
    assert len(processor._plans) == 2


def test_threads_plan_alike() -> None:
    processor = family("LlavaOnevision")
    with ThreadPoolExecutor(4) as pool:
        plans = list(pool.map(lambda number: processor.plan((300 + number % 3, 451)), range(60)))
    assert all(plan == processor.plan((300 + number % 3, 451)) for number, plan in enumerate(plans))
