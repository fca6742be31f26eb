"""Feature tokens of images as plans tell them: measured counts, numbers from a checkpoint's files, what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from measured import CLASSES, DEVIATES, layout_for
from pixelprep import AutoImageProcessor
from pixelprep.prompts import MissingNumberError, UnknownPromptError
from pixelprep.prompts.rows import ROWS
from pixelprep.registry.families import FAMILIES


def family(name: str, **settings: Any) -> Any:
    return FAMILIES[name].load().on("pil")(**settings)


# What the reference's processor hands to the image processor.
PAN_AND_SCAN = {
    "pan_and_scan_min_crop_size": 256,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}


@pytest.mark.parametrize("name", [name for name in CLASSES if name in ROWS and "size" in CLASSES[name]["cases"][0]])
def test_measured_counts(name: str) -> None:
    """What the reference's processor writes for an image holds as many feature tokens as the plan tells."""
    entry = CLASSES[name]
    for case in entry["cases"]:
        call = case["options"].get("call", {})
        if any(name.startswith(who) and call == what for who, what in DEVIATES):
            continue
        call = {**PAN_AND_SCAN, **call} if "do_pan_and_scan" in call else call
        layout = layout_for(name, case, entry["built_with"])
        numbers = {**layout.numbers, **{key: value for key, value in call.items() if key in layout.numbers}}
        options = {key: value for key, value in call.items() if key not in layout.numbers}
        plan = layout.image_processor.plan(
            tuple(case["size"]), numbers={"processor_class": name, **numbers}, **{**ROWS[name].asks(numbers), **options}
        )
        (tokens,) = plan.image_tokens
        written = sum(count for token, count in flat(case["seq"]) if token == layout.image_token)
        begins = name == "NeoMMEProcessor"  # with the feature token, as a mark
        assert tokens.count == written - begins, (case["size"], case["options"])
        assert tokens.count == sum(part.count for part in tokens.parts) + tokens.extra
        for part in tokens.parts:
            assert part.rows is None or part.count == part.rows * (part.columns + part.newline)


def flat(sequence: list[Any]) -> list[tuple[str, int]]:
    found = []
    for piece, count in sequence:
        found += flat(piece) * count if isinstance(piece, list) else [(piece, count)]
    return found


def test_order() -> None:
    (qwen,) = family("Qwen2VL").plan((1080, 1920)).image_tokens
    assert [(p.what, p.rows, p.columns) for p in qwen.parts] == [("image", 26, 47)]
    (idefics,) = family("Idefics3").plan((1080, 1920)).image_tokens
    assert (idefics.count, idefics.tiles) == (13 * 169, (3, 4))
    assert [p.tile for p in idefics.parts] == [(r, c) for r in range(3) for c in range(4)] + [None]
    assert idefics.parts[-1].what == "overview"
    numbers = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    (llava,) = family("LlavaNext", size=336, crop_size=336).plan((480, 640), numbers=numbers).image_tokens
    assert [(p.what, p.rows, p.columns, p.newline) for p in llava.parts] == [
        ("overview", 24, 24, False),
        ("image", 36, 48, True),
    ]
    assert llava.count == 24 * 24 + 36 * 49
    (molmo,) = family("Molmo2").plan((1080, 1920)).image_tokens
    assert [p.what for p in molmo.parts] == ["overview", "image"]


def test_images_are_counted_one_by_one() -> None:
    sizes = [(480, 640), (90, 60)]
    together = family("Qwen2VL").plan(sizes).image_tokens
    assert together == tuple(family("Qwen2VL").plan(size).image_tokens[0] for size in sizes)
    onevision = {"num_image_tokens": 729, "vision_feature_select_strategy": "full"}
    alone = family("LlavaOnevision").plan(sizes, numbers=onevision).image_tokens
    sample = family("LlavaOnevision").plan([sizes], numbers=onevision).image_tokens
    assert [entry.count for entry in sample] == [730, 730]
    assert min(entry.count for entry in alone) > 730


def test_numbers_come_from_the_processor_file(tmp_path: Path) -> None:
    settings = {"image_processor_type": "CLIPImageProcessor", "processor_class": "LlavaProcessor", "crop_size": 336}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({**settings, "size": {"shortest_edge": 336}}))
    bare = AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    with pytest.raises(MissingNumberError, match=r"needs `patch_size`.*pass numbers=\{'patch_size': \.\.\.\}"):
        _ = bare.plan((480, 640)).image_tokens
    given = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    assert bare.plan((480, 640), numbers=given).image_tokens[0].count == 576
    (tmp_path / "processor_config.json").write_text(json.dumps({**given, "processor_class": "LlavaProcessor"}))
    processor = AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    assert processor.plan((480, 640)).image_tokens[0].count == 576
    assert processor.plan((480, 640), numbers={"patch_size": 28}).image_tokens[0].count == 144
    assert processor.plan((480, 640), crop_size=112).image_tokens[0].count == 64
    with pytest.raises(TypeError, match="did you mean `patch_size`"):
        _ = processor.plan((480, 640), numbers={"patchsize": 28}).image_tokens


def test_what_feeds_no_model_says_so() -> None:
    with pytest.raises(UnknownPromptError, match="feeds no language model"):
        _ = family("ConvNext").plan((480, 640)).image_tokens
    with pytest.raises(UnknownPromptError, match="PaliGemmaProcessor, ColPaliProcessor, Gemma3nProcessor"):
        _ = family("Siglip").plan((480, 640)).image_tokens
    gemma = family("Siglip").plan((480, 640), numbers={"processor_class": "gemma3n"})
    assert gemma.image_tokens[0].count == 256
