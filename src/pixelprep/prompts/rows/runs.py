"""Processors that write an image as one run of one token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import counts
from ..forms import Row
from ..tokens import Text

QWEN = Row(
    ("qwen2_vl",),
    "Qwen2VL",
    counts.merged_grid,
    "image_token",
    tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"},
)
_OMNI = {"image_token": "<|IMAGE|>", "video_token": "<|VIDEO|>"}
_GLM = replace(
    QWEN, types=("glm4v", "glm4v_moe"), family="Glm4v", tokens={"image_token": "<|image|>", "video_token": "<|video|>"}
)
_LLAVA_TOKENS = {"image_token": "<image>", "video_token": "<video>"}
_LLAVA_NUMBERS = {"patch_size": None, "vision_feature_select_strategy": None, "num_additional_image_tokens": 0}
_LLAVA_NEXT = Row(
    ("llava_next",),
    "LlavaNext",
    counts.any_resolution,
    "image_token",
    tokens=_LLAVA_TOKENS,
    numbers=_LLAVA_NUMBERS,
)
PLACEHOLDER = {"image_token": "<image_placeholder>"}
_PALIGEMMA = Row(
    ("paligemma",),
    "Siglip",
    counts.image_sequence,
    "image_token",
    tokens={"image_token": "<image>", "bos_token": "<s>"},
    prefix=True,
    after_images=("bos_token",),
    back=(Text("\n"),),
)

FLORENCE_TASKS = {
    "<OCR>": "What is the text in the image?",
    "<OCR_WITH_REGION>": "What is the text in the image, with regions?",
    "<CAPTION>": "What does the image describe?",
    "<DETAILED_CAPTION>": "Describe in detail what is shown in the image.",
    "<MORE_DETAILED_CAPTION>": "Describe with a paragraph what is shown in the image.",
    "<OD>": "Locate the objects with category name in the image.",
    "<DENSE_REGION_CAPTION>": "Locate the objects in the image, with their descriptions.",
    "<REGION_PROPOSAL>": "Locate the region proposals in the image.",
    "<CAPTION_TO_PHRASE_GROUNDING>": "Locate the phrases in the caption: {input}",
    "<REFERRING_EXPRESSION_SEGMENTATION>": "Locate {input} in the image with mask",
    "<REGION_TO_SEGMENTATION>": "What is the polygon mask of region {input}",
    "<OPEN_VOCABULARY_DETECTION>": "Locate {input} in the image.",
    "<REGION_TO_CATEGORY>": "What is the region {input}?",
    "<REGION_TO_DESCRIPTION>": "What does the region {input} describe?",
    "<REGION_TO_OCR>": "What text is in the region {input}?",
}


def _picture_to_make(numbers: Mapping[str, Any], images: bool) -> tuple[str, ...]:
    """The grid of the picture that GLM-Image is to make, and of a smaller one before it where it has no image to start
    from."""
    grids = [(numbers["target_h"] // 32, numbers["target_w"] // 32)]
    if not images:
        ratio = math.sqrt(grids[0][0] / grids[0][1])
        grids.append((max(1, int(ratio * 16)), max(1, int(16 / ratio))))
    pieces = (("grid_bos_token", Text(f"{rows} {columns}"), "grid_eos_token") for rows, columns in grids)
    return (*(piece for grid in pieces for piece in grid), "bos_token")


_DESCRIBE = "<|im_start|>user\n<|vision_start|>{image}<|vision_end|>Describe the image.<|im_end|><|endoftext|>"
_OCR = (
    "<|im_start|>system\nYou should follow the instructions carefully and explain your answers in detail.<|im_end|>"
    "<|im_start|>user\n<img>{image}</img>\n OCR: <|im_end|><|im_start|>assistant\n"
)

RUNS: dict[str, Row] = {
    # One run, counted from the grid of patches.
    "Qwen2VLProcessor": QWEN,
    "Qwen2_5_VLProcessor": replace(QWEN, types=("qwen2_5_vl",)),
    "Exaone4_5_Processor": replace(QWEN, types=("exaone4_5",)),
    "HyperCLOVAXVisionV2Processor": replace(QWEN, types=("hyperclovax_vision_v2",)),
    "Qwen3VLProcessor": replace(QWEN, types=("qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe", "qwen4_exp")),
    "Lfm3VlProcessor": replace(QWEN, types=("lfm3_vl",)),
    "CohereCompassProcessor": replace(
        QWEN, types=("cohere_compass",), family="CohereCompass", feature="<|IMAGE_PAD|>", tokens={}
    ),
    "Cosmos3EdgeProcessor": replace(QWEN, types=("cosmos3_edge",), family="Cosmos3Edge"),
    "Dots3NoteProcessor": replace(QWEN, types=("dots3_note",), feature="<|imgpad|>", tokens={}),
    "Qwen2_5OmniProcessor": replace(QWEN, types=("qwen2_5_omni",), tokens=_OMNI),
    "Qwen3OmniMoeProcessor": replace(QWEN, types=("qwen3_omni_moe",), tokens=_OMNI),
    "Glm4vProcessor": _GLM,
    "Glm46VProcessor": replace(_GLM, types=("glm46v",), family="Glm46V"),
    "Glm5NextProcessor": replace(_GLM, types=("glm5_next",), family="Glm5Next"),
    "Ernie4_5_VLMoeProcessor": replace(
        QWEN,
        types=("ernie4_5_vl_moe",),
        family="Ernie4_5_VLMoe",
        tokens={
            "image_token": "<|IMAGE_PLACEHOLDER|>",
            "video_token": "<|VIDEO_PLACEHOLDER|>",
            "image_start_token": "<|IMAGE_START|>",
            "image_end_token": "<|IMAGE_END|>",
            "video_start_token": "<|VIDEO_START|>",
            "video_end_token": "<|VIDEO_END|>",
        },
        type_fences={"image_start_token": 1, "image_end_token": 1, "video_start_token": 2, "video_end_token": 2},
    ),
    "ColQwen2Processor": replace(
        QWEN,
        types=("colqwen2",),
        default_prompt=_DESCRIBE,
    ),
    "PaddleOCRVLProcessor": replace(
        QWEN,
        types=("paddleocr_vl",),
        family="PaddleOCRVL",
        tokens={"image_token": "<|IMAGE_PLACEHOLDER|>"},
    ),
    "GlmImageProcessor": replace(
        QWEN,
        types=("glm_image",),
        family="GlmImage",
        tokens={
            "image_token": "<|image|>",
            "grid_bos_token": "<sop>",
            "grid_eos_token": "<eop>",
            "bos_token": "<s>",
        },
        numbers={"target_h": 1152, "target_w": 768},
        tail=_picture_to_make,
    ),
    "VideoLlama3Processor": replace(QWEN, types=("video_llama_3",), family="VideoLlama3"),
    "Kimi_K25Processor": replace(QWEN, types=("kimi_k25",), family="Kimi_K25", feature="<|media_pad|>", tokens={}),
    "LightOnOcrProcessor": Row(
        ("lighton_ocr",),
        "Pixtral",
        counts.resized_units,
        "image_token",
        tokens={"image_token": "<|image_pad|>"},
        numbers={"patch_size": 14, "spatial_merge_size": 2},
    ),
    "InklingProcessor": Row(
        ("inkling_mm_model",),
        "Inkling",
        counts.given_by("num_patches"),
        "image_token",
        tokens={"image_token": "<|unused_200054|>"},
    ),
    "Inkling2Processor": Row(
        ("inkling2", "inkling2_loop"),
        "Inkling2",
        counts.whole_grid,
        "image_token",
        tokens={"image_token": "<|unused_200054|>"},
    ),
    # One run with places that no patch is shown in.
    "HunYuanVLProcessor": Row(
        ("hunyuan_vl",),
        "HunYuanVL",
        counts.rows_with_newlines,
        "image_token",
        tokens={"image_token": "<img>", "image_start_token": "<is>", "image_end_token": "<ie>"},
        numbers={"cat_extra_token": True},
    ),
    "HYV4VLProcessor": replace(QWEN, types=("hy_v4_vl",), family="HYV4VL", count=counts.rows_with_newlines),
    "UnlimitedOcrProcessor": Row(
        ("unlimited_ocr",),
        "UnlimitedOcr",
        counts.compressed_tiles_with_newlines,
        "<image>",
        numbers={"patch_size": 16, "downsample_ratio": 4},
    ),
    "DeepseekOcr2Processor": Row(
        ("deepseek_ocr2",),
        "DeepseekOcr2",
        counts.compressed_tiles,
        "<image>",
        numbers={"patch_size": 16, "downsample_ratio": 4},
        asks=lambda numbers: {"crop_to_patches": True, "min_patches": 2, "max_patches": 6},
    ),
    "Phi4MultimodalProcessor": Row(
        ("phi4_multimodal",),
        "Phi4Multimodal",
        counts.given_by("num_img_tokens"),
        "image_token",
        tokens={"image_token": "<|endoftext10|>"},
    ),
    # One run, the unpadded best resolution.
    "LlavaNextProcessor": _LLAVA_NEXT,
    "LlavaNextVideoProcessor": replace(_LLAVA_NEXT, types=("llava_next_video",)),
    "Granite4VisionProcessor": replace(
        _LLAVA_NEXT, types=("granite4_vision",), numbers={**_LLAVA_NUMBERS, "downsample_rate": None}
    ),
    "LlavaOnevisionProcessor": replace(
        _LLAVA_NEXT,
        types=("llava_onevision",),
        family="LlavaOnevision",
        count=counts.capped_resolution,
        numbers={
            "num_image_tokens": None,
            "vision_feature_select_strategy": None,
            "vision_aspect_ratio": "anyres_max_9",
            "in_sample_of_several": False,
        },
    ),
    # One run, so many for each tile.
    "AriaProcessor": Row(
        ("aria",),
        "Aria",
        counts.sized_tiles,
        "image_token",
        tokens={"image_token": "<|img|>"},
        numbers={"size_conversion": {490: 128, 980: 256}},
        asks=lambda numbers: {"max_image_size": 980, "split_image": False},
    ),
    "GotOcr2Processor": Row(
        ("got_ocr2",),
        "GotOcr2",
        counts.tiles_of("num_patches", "num_image_tokens"),
        "<imgpad>",
        numbers={"num_image_tokens": 256},
        asks=lambda numbers: {"crop_to_patches": False, "min_patches": 1, "max_patches": 12},
        default_prompt=_OCR,
        pages=True,
    ),
    "PerceptionLMProcessor": Row(
        ("perception_lm",),
        "PerceptionLM",
        counts.pooled_tiles,
        "image_token",
        tokens={"image_token": "<|image|>", "video_token": "<|video|>"},
        numbers={"patch_size": None, "pooling_ratio": 2},
        built_with={"tile_size": 448, "max_num_tiles": 16, "vision_input_type": "thumb+tile"},
    ),
    # One run of one length.
    "LlavaProcessor": replace(_LLAVA_NEXT, types=("llava", "vipllava"), family="Llava", count=counts.output_patches),
    "VideoLlavaProcessor": replace(
        _LLAVA_NEXT,
        types=("video_llava",),
        family="VideoLlava",
        count=counts.output_patches,
        asks=lambda numbers: {"return_legacy_image_output": False},
        numbers={"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1},
    ),
    "DeepseekVLProcessor": Row(
        ("deepseek_vl",),
        "DeepseekVL",
        counts.constant("num_image_tokens"),
        "image_token",
        tokens=PLACEHOLDER,
        numbers={"num_image_tokens": 576},
    ),
    "DeepseekVLHybridProcessor": Row(
        ("deepseek_vl_hybrid",),
        "DeepseekVLHybrid",
        counts.constant("num_image_tokens"),
        "image_token",
        tokens=PLACEHOLDER,
        numbers={"num_image_tokens": 576},
    ),
    "PaliGemmaProcessor": _PALIGEMMA,
    "ColPaliProcessor": replace(_PALIGEMMA, types=("colpali",), default_prompt="{image}Describe the image."),
    "Florence2Processor": replace(
        _PALIGEMMA,
        types=("florence2",),
        family="CLIP",
        tokens={**_PALIGEMMA.tokens, "eos_token": "</s>"},
        back=("eos_token",),
        tasks=FLORENCE_TASKS,
        default_prompt="{image}",
    ),
}
