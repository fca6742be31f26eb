"""Plans as text: keys, round trips, other processes, and texts that are damaged."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from pixelprep import Plan, PlanError, digest
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.plans import PlanLimits
from pixelprep.plans.storing import key_of
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families, usable_backends
from pixelprep.testing.compare import difference, outcome
from pixelprep.testing.family import Picture
from pixelprep.testing.inputs import make

BACKENDS = usable_backends()
PLANNED = [name for name in covered_families() if not FAMILIES[name].cases().own_inputs and name != "Flava"]
# What `small` leaves on that looks at pages.
PLAIN = {"Nougat": {"do_crop_margin": False}, "PPFormulaNet": {"do_crop_margin": False}}


def family(name: str, backend: str = "pil", **options: Any) -> Any:
    return FAMILIES[name].load().on(backend)(**options)


def small(name: str, backend: str) -> Any:
    cases = FAMILIES[name].cases()
    return family(name, backend, **{**cases.made, **cases.small, **PLAIN.get(name, {})})


@pytest.mark.parametrize("name", PLANNED)
@pytest.mark.parametrize("backend", BACKENDS[:1])
def test_a_plan_that_was_stored_gives_what_the_call_gives(name: str, backend: str) -> None:
    processor = small(name, backend)
    images = [make(Picture(90, 61, mode="RGBA" if name == "Inkling2" else "RGB")), make(Picture(52, 44))]
    for some in (images, images[:1]):
        real = outcome(processor, some, return_tensors="np")
        if isinstance(real, Exception):  # of two sizes no batch is made
            continue
        text = processor.plan(some, return_tensors="np").to_json()
        plan = Plan.from_json(text, backend=backend)
        assert difference(real, dict(plan.execute(some))) == 0
        assert plan.to_json() == text


@pytest.mark.parametrize("backend", BACKENDS[:1])
def test_equal_keys_are_equal_values(backend: str) -> None:
    image, known = make(Picture(90, 61)), defaultdict[str, list[Any]](list)
    for name in PLANNED:
        processor = small(name, backend)
        plan = processor.plan(image, return_tensors="np")
        known[plan.key].append((name, outcome(plan.execute, image)))
    shared = [entries for entries in known.values() if len(entries) > 1]
    assert len(shared) > 5
    for (_, first), *others in shared:
        for name, output in others:
            assert difference(first, output) == 0, name


def test_keys_follow_values() -> None:
    plan = family("CLIP").plan((90, 61), return_tensors="np")
    assert plan.key == family("CLIP").plan(PIL.Image.new("RGB", (61, 90)), return_tensors="np").key
    assert len(plan.key) == 64
    others = [
        family("CLIP").plan((61, 90), return_tensors="np"),
        family("CLIP").plan((90, 61), return_tensors="np", image_mean=0.5),
        family("CLIP").plan((90, 61)),  # a list, not an array
        family("CLIP", do_convert_rgb=True, reference=None)
        if False
        else family("ViT").plan((90, 61), return_tensors="np"),
    ]
    assert len({plan.key, *(other.key for other in others)}) == 5
    if {"native", "torchvision"} <= set(BACKENDS):
        keys = {b: family("CLIP", b).plan((90, 61), return_tensors="np").key for b in ("native", "torchvision", "pil")}
        assert keys["native"] == keys["torchvision"] != keys["pil"] == plan.key
        assert family("CLIP", "torchvision").plan((90, 61), return_tensors="pt").key == keys["native"]


def test_code_of_ones_own_has_keys_of_its_own() -> None:
    class Inverted(BaseImageProcessor):
        do_rescale = True

        def process_image(self, image: Any, **kwargs: Any) -> Any:
            return super().process_image(PIL.Image.eval(image, lambda v: 255 - v), **kwargs)

    class Plain(BaseImageProcessor):
        do_rescale = True

    image = PIL.Image.new("RGB", (6, 5))
    own, common = Inverted.on("pil")().plan(image), Plain.on("pil")().plan(image)
    assert own.execute(image)["pixel_values"][0].min() == 1
    assert own.nodes == common.nodes
    assert own.key != common.key
    with pytest.raises(PlanError, match=r"code that is not pixelprep's \(test_stored_plans"):
        Plan.from_json(own.to_json()).execute(image)


def test_another_process_runs_it(tmp_path: Path) -> None:
    backend = BACKENDS[0]
    make(Picture(90, 61)).save(tmp_path / "image.png")
    processor = family("LlavaOnevision", backend)
    plan = processor.plan(tmp_path / "image.png", return_tensors="np")
    (tmp_path / "plan.json").write_text(plan.to_json())
    code = (
        f"import sys, hashlib; sys.path[:0] = {sys.path!r}\n"
        "from pixelprep import Plan\n"
        f"plan = Plan.from_json(open('plan.json').read(), backend={backend!r})\n"
        "out = plan.execute('image.png')\n"
        "digest = hashlib.sha256(out['pixel_values'].tobytes()).hexdigest()\n"
        "print(plan.key, digest, 'pixelprep.models' in str(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    expected = processor(tmp_path / "image.png", return_tensors="np")["pixel_values"]
    assert run.stdout.split() == [plan.key, hashlib.sha256(expected.tobytes()).hexdigest(), "False"], run.stderr


# -------------------------------------------------------------------------------------------------------- damaged

DAMAGED = ("CLIP", "Qwen2VL", "Idefics3", "Fuyu", "Siglip2", "MiniCPMV4_6", "Pix2Struct", "Llama4", "Owlv2")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all numbers, texts and the like."""
    if isinstance(value, dict):
        return [place for key, entry in value.items() for place in leaves(entry, (*path, key))]
    if isinstance(value, list):
        return [place for index, entry in enumerate(value) for place in leaves(entry, (*path, index))]
    return [path]


def damaged(written: dict[str, Any], chance: random.Random) -> str:
    """A plan with one to three values changed, under a key that fits."""
    written = copy.deepcopy(written)
    for _ in range(chance.randrange(1, 4)):
        *way, last = chance.choice([place for place in leaves(written) if place[0] != "key"])
        entry = written
        for step in way:
            entry = entry[step]
        old = entry[last]
        entry[last] = chance.choice(
            [old + 1 if isinstance(old, int) else 1, -1, 0, 2**40, 1.5, None, True, "x", [], [1], {}, -3, 255, 7]
        )
    with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):  # some have not even one
        written["key"] = key_of(written)
    return json.dumps(written)


@pytest.mark.parametrize("backend", [name for name in ("native", "pil", "torchvision") if name in BACKENDS])
@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_plans_are_errors(name: str, backend: str) -> None:
    processor, image = small(name, backend), make(Picture(40, 30))
    plan = processor.plan(image, return_tensors="np")
    written, chance = json.loads(plan.to_json()), random.Random(f"{name} {backend}")
    texts = [damaged(written, chance) for _ in range(int(os.environ.get("PIXELPREP_FUZZ", "40")))]
    limits = PlanLimits(max_elements=10**6)
    read = [outcome(lambda text=text: {"": Plan.from_json(text, backend=backend, limits=limits)}) for text in texts]
    refused = [error for error in read if isinstance(error, Exception)]
    assert len(refused) > len(texts) // 4
    assert all(isinstance(error, PlanError) and 10 < len(str(error)) < 2000 for error in refused)
    # What is left makes sense, and runs, or is refused by a verb.
    made = [outcome(plan[""].execute, image) for plan in read if not isinstance(plan, Exception)]
    assert all(isinstance(result, ValueError) for result in made if isinstance(result, Exception))


def test_what_is_no_plan() -> None:
    plan = family("CLIP").plan((90, 61), return_tensors="np")
    text = plan.to_json()
    others = ("", "{", "[]", "null", "[" * 10**5, '{"format": "pixelprep plan"}', text[:-1], text.replace(":1,", ":3,"))
    for wrong in others:
        with pytest.raises(PlanError):
            Plan.from_json(wrong)
    with pytest.raises(PlanError, match="changed after it was written"):
        Plan.from_json(text.replace("0.48145466", "0.5"))
    with pytest.raises(PlanError, match="meaning 7"):
        Plan.from_json(text.replace('"meaning":1', '"meaning":7'))
    for limits, name in ((PlanLimits(max_bytes=10), "max_bytes"), (PlanLimits(max_nodes=1), "max_nodes")):
        with pytest.raises(PlanError, match=name):
            Plan.from_json(text, limits=limits)
    with pytest.raises(PlanError, match="max_elements"):
        Plan.from_json(text, limits=PlanLimits(max_elements=1000))
    with pytest.raises(PlanError, match="knows verbs and no model"):
        _ = Plan.from_json(text, backend="pil").image_tokens
    with pytest.raises(PlanError, match="promises the values of"):
        Plan.from_json(text, backend="reference")


# --------------------------------------------------------------------------------------------------------- digests


def test_digests(tmp_path: Path) -> None:
    image = make(Picture(20, 30))
    image.save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    file = digest(tmp_path / "a.png")
    assert file == digest(str(tmp_path / "a.png")) == digest(data) == digest({"bytes": data, "path": "b.png"})
    pixels = np.asarray(image)
    assert digest(image) == digest(image.copy()) != file
    assert digest(pixels) == digest(np.asfortranarray(pixels)) == digest(pixels[:, ::-1][:, ::-1])
    different = [
        image,
        pixels,
        pixels[None],
        pixels.astype("int16"),
        pixels.transpose(2, 0, 1),
        image.convert("L"),
        [image],
    ]
    different += [[image, image], [[image, image]], [[image], [image]], image.convert("P"), image.convert("RGBA")]
    assert len({digest(entry) for entry in different}) == len(different)
    with pytest.raises(TypeError, match="image 1"):
        digest([image, 3.5])
    with pytest.raises(pixelprep.ImageLoadError):
        digest(tmp_path / "absent.png")
