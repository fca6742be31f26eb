"""Prompts beside the reference's processors: the same ids for images of many sizes, the same positions."""

from __future__ import annotations

import importlib
import random
import warnings
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

import pixelprep
from oracle import picture
from pixelprep.ops import get_ops
from pixelprep.prompts import PromptEncoder, PromptLayout, positions
from pixelprep.prompts.positions import RULES
from pixelprep.prompts.rows import ROWS
from pixelprep.registry.families import FAMILIES
from prompted import ARGUMENTS, SETTINGS, VIDEO_SETTINGS, WITHOUT_TEXT, build, call, prompt_of

SIZES = [(130, 210), (48, 333), (512, 512), (701, 97)]
SQUARER = {"GlmImageProcessor"}
"""What refuses sides that differ more than fourfold."""

# What the reference writes otherwise, and what cannot be called without more than images.
EXCEPTIONS = {
    "ShieldGemma2Processor": "its prompts come out of a chat template of its own, one for each policy",
    "FuyuProcessor": "cuts the first id off, whether its tokenizer writes a BOS or not",
    "InstructBlipVideoProcessor": "takes videos; see the tests of these",
}


def layout_of(name: str) -> PromptLayout:
    row = ROWS[name]
    cls = getattr(pixelprep, f"{row.family}ImageProcessorPil")
    return PromptLayout(name, cls(**{**row.built_with, **SETTINGS.get(name, {})}), **ARGUMENTS.get(name, {}))


@pytest.mark.parametrize("name", [name for name in ROWS if name not in EXCEPTIONS])
def test_ids_are_those_of_the_reference(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        processor, tokenizer = build(name)
    layout = layout_of(name)
    text = processor.visual_prompt_prefix if name == "ColQwen2Processor" else prompt_of(name, layout.image_placeholder)
    chance = random.Random(name)
    sizes = [*SIZES, *((chance.randrange(28, 240), chance.randrange(28, 240)) for _ in range(40))]
    for height, width in sizes:
        if name in SQUARER and max(height, width) >= 4 * min(height, width):
            continue
        image = PIL.Image.fromarray(np.zeros((height, width, 3), np.uint8))
        made = call(name, processor, text, [image], return_tensors="pt")
        expanded = layout.expand(text, [(height, width)])
        ids = tokenizer(expanded.text)["input_ids"]
        if name == "Kosmos2Processor":  # features take ids that no text says
            ids = [*ids[:2], *expanded.replacements[0].expansion.ids(tokenizer)[1:-1], *ids[66:]]
        assert made["input_ids"][0].tolist() == ids, (height, width)


SINGLE = {
    "GlmImageProcessor": "wants as many images in every prompt",
    "GotOcr2Processor": "takes lists of images as pages of one document",
    "Ovis2Processor": "makes no arrays of prompts with several images (P8)",
    "IdeficsProcessor": "takes images where they stand in a list of texts",
}


@pytest.mark.parametrize(
    "name", [name for name, row in ROWS.items() if not row.prefix and name not in {*EXCEPTIONS, *SINGLE, *WITHOUT_TEXT}]
)
def test_several_images_and_prompts(name: str) -> None:
    processor, tokenizer = build(name)
    layout = layout_of(name)
    mark = layout.image_placeholder
    texts = [f"{mark}first{mark}", f"then {mark}"]
    if name == "HunYuanVLProcessor":
        texts = [text.replace(mark, f"<is>{mark}<ie>") for text in texts]
    sizes = [[(60, 90), (300, 200)], [(128, 64)]]
    images = [[PIL.Image.new("RGB", (width, height)) for height, width in own] for own in sizes]
    if name == "LlavaOnevisionProcessor":  # else these are samples of several images, which are not tiled (P17)
        images = [image for own in images for image in own]  # type: ignore[misc]
    made = processor(text=texts, images=images, padding=True, return_tensors="pt")
    rows = zip(made["input_ids"], made["attention_mask"], strict=True)
    expected = [ids[mask.bool()].tolist() for ids, mask in rows]
    assert [tokenizer(expanded.text)["input_ids"] for expanded in layout.expand(texts, sizes)] == expected
    flat = [size for own in sizes for size in own]
    assert [tokenizer(expanded.text)["input_ids"] for expanded in layout.expand(texts, flat)] == expected


# What takes no text without an image, or makes a query of it.
NEVER_ALONE = {"GotOcr2Processor", "PaliGemmaProcessor", "ColPaliProcessor", "ColQwen2Processor", "PI0Processor"}
NEVER_ALONE |= {"Kosmos2_5Processor", "ShieldGemma2Processor", "InstructBlipVideoProcessor"}


@pytest.mark.parametrize("name", [name for name in ROWS if name not in NEVER_ALONE])
def test_texts_without_images(name: str) -> None:
    processor, tokenizer = build(name)
    text = "hi there"
    made = processor(text=[[text]] if name == "IdeficsProcessor" else [text], return_tensors="pt")
    assert made["input_ids"][0].tolist() == tokenizer(layout_of(name).expand(text).text)["input_ids"]


@pytest.mark.parametrize("target", [{}, {"target_h": 512, "target_w": 2000}, {"target_h": 900, "target_w": 417}])
def test_the_picture_that_glm_image_is_to_make(target: dict[str, int]) -> None:
    processor, tokenizer = build("GlmImageProcessor")
    layout, image = layout_of("GlmImageProcessor"), PIL.Image.new("RGB", (90, 64))
    for text, images in (("a<|image|>b<|image|>", [image, image]), ("hi", [])):
        made = processor(text=[text], images=images or None, **target)
        expanded = layout.expand(text, [(64, 90)] * len(images), **target)
        assert list(made["input_ids"][0]) == tokenizer(expanded.text)["input_ids"]


# ------------------------------------------------------------------------------------------------------------- videos

# What a call needs in the reference so that it does not crash (P14), or draws no times with a font that is not there.
VIDEO_CALLS: dict[str, dict[str, Any]] = {
    "Ernie4_5_VLMoeProcessor": {"draw_on_frames": False},
    "Cosmos3EdgeProcessor": {"return_metadata": True},
    "MuseGlimmerProcessor": {"return_metadata": True},
    "MuseSparkProcessor": {"return_metadata": True},
    "SmolVLMProcessor": {"return_tensors": "pt"},
    "EmbeddingGemma2Processor": {"add_timestamps": True},
}
SAMPLED: list[dict[str, Any]] = [
    {},
    {"do_sample_frames": True, "num_frames": 17, "fps": None},
    {"do_sample_frames": True, "fps": 2, "num_frames": None},
]
# Those whose own rules let no call say it, or do not heed what it says (V2, V14 of docs/deviations.md).
BY_OWN_RULE = {
    "InstructBlipVideoProcessor",
    *("Glm4vProcessor", "Glm46VProcessor", "Glm5NextProcessor", "Gemma4Processor", "Gemma4UnifiedProcessor"),
    *("EmbeddingGemma2Processor", "MiniMaxM3VLProcessor", "SmolVLMProcessor"),
    *("MiniCPMV4_6Processor", "MiniCPMV4_7Processor", "MiniCPMOcrProcessor"),
}


def video_layout_of(name: str) -> PromptLayout:
    row, layout = ROWS[name], layout_of(name)
    assert row.video is not None
    cls = getattr(pixelprep, f"{row.video.family}VideoProcessorPil")
    return PromptLayout(
        name, layout.image_processor, video_processor=cls(**VIDEO_SETTINGS.get(name, {})), **ARGUMENTS.get(name, {})
    )


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.video is not None])
def test_ids_of_videos_are_those_of_the_reference(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        processor, tokenizer = build(name)
        layout = video_layout_of(name)
        chance = random.Random(name)
        text = f"See {layout.video_placeholder} there"
        text = f"{layout.video_placeholder}hi" if ROWS[name].prefix else text
        sampled = SAMPLED[:1] if name in BY_OWN_RULE else SAMPLED
        for trial in range(6):
            unit = 28 if name == "MiniMaxM3VLProcessor" else 1
            sides = [chance.randrange(56, 200) // unit * unit for _ in range(2)]
            frames, fps = chance.randrange(33, 50), chance.choice([24.0, 2.5, 12.5, 29.97])
            known = {"total_num_frames": frames, "fps": fps, "duration": frames / fps}
            given = {"frames_indices": list(range(frames))} | known
            asked = {**VIDEO_CALLS.get(name, {}), **sampled[trial % len(sampled)]}
            video = np.zeros((frames, *sides, 3), np.uint8)
            if name == "InstructBlipVideoProcessor":
                made = processor(text=[text.replace("<video>", "")], images=[video])
            else:
                made = processor(text=[text], videos=[video], video_metadata=[given], **asked)
            ours = {key: value for key, value in asked.items() if not key.startswith("return_")}
            told: Any = {**known, "height": sides[0], "width": sides[1]}
            if name == "VideoLlama3Processor":  # what is kept depends on what is on the frames
                told, ours = layout.video_processor.with_ops(get_ops("pil"))(video, video_metadata=[known], **ours), {}
            expanded = layout.expand(text, videos=[told], **ours)
            assert list(made["input_ids"][0]) == tokenizer(expanded.text)["input_ids"], (frames, fps, sides, asked)


# ---------------------------------------------------------------------------------------------------------- positions

MODELS = {
    "qwen2_vl": "Qwen2VLModel",
    "paddleocr_vl": "PaddleOCRVLModel",
    "qwen2_5_vl": "Qwen2_5_VLModel",
    "qwen3_vl": "Qwen3VLModel",
    "qwen3_5": "Qwen3_5Model",
    "glm4v": "Glm4vModel",
    "glm46v": "Glm46VModel",
    "ernie4_5_vl_moe": "Ernie4_5_VLMoeModel",
    "hy_v4_vl": "HYV4VLModel",
    "hunyuan_vl": "HunYuanVLModel",
}


def reference_positions(kind: str, types: list[int], **grids: Any) -> tuple[np.ndarray[Any, Any], int]:
    module = importlib.import_module(f"transformers.models.{kind}.modeling_{kind}")
    cls = getattr(module, MODELS[kind])
    model = object.__new__(cls)
    config = cls.config_class()
    if kind == "hunyuan_vl":  # checkpoints have four axes, the default none
        config.text_config.rope_parameters = {"mrope_section": [0.25] * 4}
    torch.nn.Module.__init__(model)
    model.config = config
    ids = torch.zeros(1, len(types), dtype=torch.long)
    found, delta = model.get_rope_index(ids, torch.tensor([types], dtype=torch.int32), **grids)
    return found[:, 0].numpy(), int(delta)


def features(rule: Any, grid: tuple[int, int, int], kind: int) -> int:
    time = grid[0] // (rule.temporal_merge if kind == 2 else 1)
    return time * (grid[1] // rule.merge_size) * (grid[2] // rule.merge_size + rule.newline)


@pytest.mark.parametrize("kind", MODELS)
def test_positions_are_those_of_the_reference(kind: str) -> None:
    rule, chance = RULES[kind], random.Random(kind)
    for trial in range(12):
        types: list[int] = [0] * chance.randrange(1, 4)
        images, videos, seconds = [], [], []
        for _ in range(chance.randrange(1, 4)):
            video = chance.random() < 0.5 and not rule.by_image and kind != "paddleocr_vl"
            grid = (chance.choice([2, 4]) if video else 1, 2 * chance.randrange(1, 5), 2 * chance.randrange(1, 5))
            (videos if video else images).append(grid)
            if video:
                seconds.append(chance.choice([1.0, 0.5, 2.0]))
            frames = grid[0] if video and rule.frames_apart else 1
            count = features(rule, grid, 2 if video else 1) // frames
            for _ in range(frames):
                types += [2 if video else 1] * count + [0] * chance.randrange(1, 3)
        grids: dict[str, Any] = {}
        if images:
            grids["image_grid_thw"] = torch.tensor(images)
        if videos:
            grids["video_grid_thw"] = torch.tensor(videos)
            if rule.tokens_per_second is not None:
                grids["second_per_grid_ts"] = torch.tensor(seconds)
        expected, delta = reference_positions(kind, types, **grids)
        found, ours = positions(types, kind, image_grids=images, video_grids=videos, seconds_per_grid=seconds)
        np.testing.assert_array_equal(found, expected, err_msg=f"{trial}: {types} {grids}")
        assert ours == delta


OMNI = {"qwen2_5_omni": "Qwen2_5OmniThinker", "qwen3_omni_moe": "Qwen3OmniMoeThinker"}


@pytest.mark.parametrize("kind", OMNI)
def test_positions_of_models_that_hear(kind: str) -> None:
    """The reference reads spans from ids; sound by itself is text to positions."""
    module = importlib.import_module(f"transformers.models.{kind}.modeling_{kind}")
    config = getattr(module, f"{OMNI[kind]}Config")()
    cls = getattr(module, f"{OMNI[kind]}ForConditionalGeneration")
    model = object.__new__(cls)
    torch.nn.Module.__init__(model)
    model.config, model.spatial_merge_size = config, 2
    config.vision_start_token_id, end = 151652, 151653  # as checkpoints say
    chance, rule = random.Random(kind), RULES[kind]
    for trial in range(12):
        ids, images, videos, seconds = [5] * chance.randrange(1, 4), [], [], []
        for _ in range(chance.randrange(1, 4)):
            video = chance.random() < 0.5
            grid = (chance.choice([2, 4]) if video else 1, 2 * chance.randrange(1, 5), 2 * chance.randrange(1, 5))
            (videos if video else images).append(grid)
            seconds += [chance.choice([1.0, 0.5, 0.3, 2.0])] * video
            token = config.video_token_id if video else config.image_token_id
            ids += [config.vision_start_token_id, *[token] * features(rule, grid, 2 if video else 1), end]
            ids += [5] * chance.randrange(0, 3)
        given = {"image_grid_thw": torch.tensor(images) if images else None}
        given["video_grid_thw"] = torch.tensor(videos) if videos else None
        given["second_per_grids"] = torch.tensor(seconds) if videos else None
        given["attention_mask"] = torch.ones(1, len(ids), dtype=torch.long)
        expected, delta = model.get_rope_index(torch.tensor([ids]), **given)
        kinds = {config.image_token_id: 1, config.video_token_id: 2}
        types = [kinds.get(token, 0) for token in ids]
        found, ours = positions(types, kind, image_grids=images, video_grids=videos, seconds_per_grid=seconds)
        np.testing.assert_array_equal(found, expected[:, 0].numpy(), err_msg=f"{trial}: {ids} {given}")
        assert str(found.dtype) in str(expected.dtype)
        assert ours == float(delta)


# ------------------------------------------------------------------------------------------------------- the encoder

# Where the reference marks nothing, or not the features (P13), and what has no ids of types.
OTHER_TYPES = {"JanusProcessor", "Ovis2Processor", "Llama4Processor", "NeoMMEProcessor"}


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.default_prompt])
def test_prompts_of_images_alone(name: str) -> None:
    processor, tokenizer = build(name)
    layout = layout_of(name)
    encoder = PromptEncoder(layout, layout.image_processor.with_ops(get_ops("pil")), tokenizer.backend_tokenizer)
    image = picture(90, 130)
    expected = processor(images=[image], return_tensors="pt")["input_ids"]
    assert encoder(None, image)["input_ids"] == expected.tolist()


def test_the_pages_of_a_document_are_one_image_of_the_prompt() -> None:
    processor, tokenizer = build("GotOcr2Processor")
    layout, page = layout_of("GotOcr2Processor"), PIL.Image.new("RGB", (60, 50))
    text = "<img><imgpad></img>read"
    made = processor(images=[[page, page]], text=text, multi_page=True)
    expanded = layout.expand(text, [[(50, 60), (50, 60)]])
    assert list(made["input_ids"][0]) == tokenizer(expanded.text)["input_ids"]


OTHER_PIXELS = {
    "PI0Processor": "puts the cameras of a robot together, one axis more",
    "GlmImageProcessor": "has the grid of the picture to make among those of images",
}


@pytest.mark.parametrize("name", [name for name in ROWS if name not in EXCEPTIONS and name not in WITHOUT_TEXT])
def test_the_encoder_gives_what_the_references_processor_gives(name: str) -> None:
    processor, tokenizer = build(name)
    layout = layout_of(name)
    row = ROWS[name]
    suffix = "Pil" if FAMILIES[row.family].only_backend else ""
    cls = getattr(pixelprep, f"{row.family}ImageProcessor{suffix}")
    images = cls(**{**row.built_with, **SETTINGS.get(name, {})})
    special = {"eos_token": "</s>", "pad_token": "<pad>"}
    encoder = PromptEncoder(layout, images, tokenizer.backend_tokenizer, special_tokens=special)
    image = picture(90, 130)
    text = prompt_of(name, layout.image_placeholder)
    asked = {} if row.type_ids else {"return_mm_token_type_ids": True}
    expected = call(name, processor, text, [image], return_tensors="pt", **asked)
    made = encoder(text, image, return_tensors="pt", **asked)
    for key in ("input_ids", "attention_mask", *filter(None, [layout.mask_name])):
        assert made[key].tolist() == expected[key].tolist(), key
    kinds = [key for key in expected if key in ("mm_token_type_ids", row.type_ids)]
    for key in kinds if name not in OTHER_TYPES else ():
        assert made[key].tolist() == expected[key].tolist(), key
    for key in expected.keys() & set(images(image, **layout.asked)) if name not in OTHER_PIXELS else ():
        assert torch.equal(torch.as_tensor(made[key]), torch.as_tensor(expected[key])), key


@pytest.mark.parametrize(
    "name", [name for name, row in ROWS.items() if row.video is not None and name != "InstructBlipVideoProcessor"]
)
def test_the_encoder_makes_of_videos_what_the_references_processor_makes(name: str) -> None:
    processor, tokenizer = build(name)
    layout, row = video_layout_of(name), ROWS[name]
    assert row.video is not None
    suffix = "Pil" if FAMILIES[row.family].only_backend else ""
    images = getattr(pixelprep, f"{row.family}ImageProcessor{suffix}")
    videos = getattr(pixelprep, f"{row.video.family}VideoProcessor")
    encoder = PromptEncoder(
        layout,
        images(**{**row.built_with, **SETTINGS.get(name, {})}),
        tokenizer.backend_tokenizer,
        video_processor=videos(**VIDEO_SETTINGS.get(name, {})),
    )
    text = f"See {layout.video_placeholder} there"
    if name.startswith("Glm"):  # only between these are tokens of images those of a video there (P13)
        text = f"See <|begin_of_video|>{layout.video_placeholder}<|end_of_video|> there"
    video = np.random.default_rng(0).integers(0, 255, (40, 112, 84, 3), np.uint8)
    known = {"total_num_frames": 40, "fps": 12.5, "duration": 3.2, "frames_indices": list(range(40))}
    call = VIDEO_CALLS.get(name, {})
    types = {} if row.type_ids else {"return_mm_token_type_ids": True}
    expected = processor(
        text=[text], videos=[video], video_metadata=[known], **{**call, "return_tensors": "pt", **types}
    )
    ours = {key: value for key, value in call.items() if not key.startswith("return_")}
    made = encoder(text, videos=video, video_metadata=[known], return_tensors="pt", **ours, **types)
    for key in expected.keys() - {"video_metadata"}:
        torch.testing.assert_close(torch.as_tensor(made[key]), torch.as_tensor(expected[key]), rtol=0, atol=0, msg=key)
