"""Processors that write a run between two tokens, or rows of them."""

from __future__ import annotations

from dataclasses import replace

from .. import counts
from ..forms import Form, Row
from ..tokens import Text
from .runs import PLACEHOLDER, QWEN

_MUSE = replace(
    QWEN,
    types=("muse_glimmer",),
    family="MuseGlimmer",
    feature="<|patch|>",
    form=Form(("<|image_start|>",), ("<|image_end|>",)),
    tokens={},
)
_GEMMA = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
_SPACED = Form((Text("\n\n"), "boi_token"), ("eoi_token", Text("\n\n")))
_CROPS = Form(
    label=(Text("\n\n"), "boi_token"),
    mark=("eoi_token", Text("\n\n")),
    column=(Text(" "),),
    overview="first",
    overview_label=(Text("Here is the original image \n\n"), "boi_token"),
    overview_mark=("eoi_token", Text("\n\n and here are some crops to help you see better ")),
)
_PAN_AND_SCAN = {
    "pan_and_scan_min_crop_size": 256,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}
_GEMMA3 = Row(
    ("gemma3", "t5gemma2", "t5gemma2_encoder"),
    "Gemma3",
    counts.pan_and_scan,
    "image_token",
    "boi_token",
    _CROPS,
    _SPACED,
    tokens=_GEMMA,
    numbers={"image_seq_length": 256},
    asks=lambda numbers: {"do_pan_and_scan": False, **_PAN_AND_SCAN},
    default_prompt="{image}",
)
_GEMMA4 = Row(
    ("gemma4", "diffusion_gemma"),
    "Gemma4",
    counts.given_by("num_soft_tokens_per_image"),
    "image_token",
    form=Form(("boi_token",), ("eoi_token",)),
    tokens={
        "image_token": "<|image|>",
        "boi_token": "<|image>",
        "eoi_token": "<image|>",
        "video_token": "<|video|>",
    },
    default_prompt="{image}",
)
_INTERN = Row(
    ("internvl",),
    "GotOcr2",
    counts.tiles_of("num_patches", "image_seq_length"),
    "context_image_token",
    form=Form(("start_image_token",), ("end_image_token",)),
    tokens={
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    },
    numbers={"image_seq_length": 256},
    asks=lambda numbers: {"crop_to_patches": True},
    built_with={"size": {"height": 448, "width": 448}},
)
_FAKE = "<fake_token_around_image>"
FENCED: dict[str, Row] = {
    # A run between two tokens.
    "JanusProcessor": Row(
        ("janus",),
        "Janus",
        counts.constant("num_image_tokens"),
        "image_token",
        form=Form(("boi_token",), ("eoi_token",)),
        tokens={**PLACEHOLDER, "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"},
        numbers={"num_image_tokens": 576},
    ),
    "ChameleonProcessor": Row(
        ("chameleon",),
        "Chameleon",
        counts.constant("image_seq_length"),
        "image_token",
        form=Form(("boi_token",), ("eoi_token",)),
        tokens={
            "image_token": "<image>",
            "boi_token": "<racm3:break>",
            "eoi_token": "<eoss>",
            "sep_token": "<reserved08706>",
        },
        numbers={"image_seq_length": 1024},
        back=("sep_token",),
        framed=True,
    ),
    "Gemma3nProcessor": Row(
        ("gemma3n",),
        "Siglip",
        counts.constant("image_seq_length"),
        "image_token",
        form=_SPACED,
        tokens=_GEMMA,
        numbers={"image_seq_length": 256},
        default_prompt="{image}",
    ),
    "Gemma3Processor": _GEMMA3,
    "ShieldGemma2Processor": replace(
        _GEMMA3, types=("shieldgemma2",), default_prompt="", asks=lambda numbers: {"do_pan_and_scan": False}
    ),
    "Gemma4Processor": _GEMMA4,
    "Gemma4UnifiedProcessor": replace(_GEMMA4, types=("gemma4_unified",), family="Gemma4Unified"),
    "EmbeddingGemma2Processor": replace(_GEMMA4, types=("embedding_gemma2",)),
    "MiniMaxM3VLProcessor": replace(
        QWEN,
        types=("minimax_m3_vl",),
        family="MiniMaxM3VL",
        feature="]<]image[>[",
        form=Form(("]<]start of image[>[",), ("]<]end of image[>[",)),
        tokens={},
    ),
    "MuseGlimmerProcessor": _MUSE,
    "MuseSparkProcessor": replace(_MUSE, types=("muse_spark",)),
    "NemotronH_Omni_Reasoning_V3Processor": Row(
        ("nemotron_h_omni",),
        "NemotronH_Omni_Reasoning_V3",
        counts.shuffled_grid,
        "<image>",
        form=Form(("<img>",), ("</img>",)),
        numbers={"video_temporal_patch_dim": 2},
    ),
    "InternVLProcessor": _INTERN,
    "QianfanOCRProcessor": replace(
        _INTERN,
        types=("qianfan_ocr",),
        placeholder="image_placeholder_token",
        tokens={**_INTERN.tokens, "image_placeholder_token": "<image>"},
    ),
    "Idefics2Processor": Row(
        ("idefics2",),
        "Idefics2",
        counts.repeated,
        "image_token",
        form=Form(label=("image_boundary_token",), end=("image_boundary_token",)),
        tokens={"image_token": "<image>", "image_boundary_token": _FAKE},
        numbers={"image_seq_len": 64},
        fence="image_boundary_token",
        blank=True,
    ),
    # Rows of features.
    "PixtralProcessor": Row(
        ("pixtral", "mistral3", "mistral_large4"),
        "Pixtral",
        counts.resized_rows,
        "image_token",
        form=Form(row_between=("image_break_token",), last_row=("image_end_token",)),
        tokens={"image_token": "[IMG]", "image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"},
        numbers={"patch_size": 16, "spatial_merge_size": 1},
        asks=lambda numbers: {"patch_size": numbers["patch_size"] * numbers["spatial_merge_size"]},
        from_arguments=True,
    ),
    "FuyuProcessor": Row(
        ("fuyu",),
        "Fuyu",
        counts.unpadded_rows,
        "|SPEAKER|",
        form=Form(row_after=("|NEWLINE|",), end=("bos_token",)),
        tokens={"bos_token": "<s>"},
        prefix=True,
        back=("<0x04>",),
    ),
    "NeoMMEProcessor": Row(
        ("neomme",),
        "NeoMME",
        counts.grid_rows,
        "image_token",
        form=Form(("image_token",), row_after=("row_token",)),
        tokens={"image_token": "<img>", "row_token": "<row>", "document_token": "<doc>"},
        default_prompt="<doc>{image}",
    ),
    "Apertus1p5Processor": Row(
        ("apertus1p5",),
        "Apertus1p5",
        counts.code_rows,
        "image_token",
        form=Form(("boi_token", Text("{h}*{w}"), "image_wrapper_token"), ("eoi_token",), row_between=("eol_token",)),
        tokens={
            "image_token": "<image>",
            "boi_token": "<boi>",
            "eoi_token": "<eoi>",
            "image_wrapper_token": "<wrap>",
            "eol_token": "<eol>",
        },
    ),
    "Emu3Processor": Row(
        ("emu3",),
        "Emu3",
        counts.codes_with_newlines,
        "image_token",
        form=Form(("boi_token", Text("{h}*{w}"), "image_wrapper_token"), ("eof_token", "eoi_token")),
        tokens={
            "image_token": "<image>",
            "boi_token": "<|image start|>",
            "eoi_token": "<|image end|>",
            "image_wrapper_token": "<|image token|>",
            "eof_token": "<|extra_200|>",
            "bos_token": "<s>",
        },
        front=("bos_token",),
        framed=True,
    ),
    "Molmo2Processor": Row(
        ("molmo2",),
        "Molmo2",
        counts.two_grids,
        "<im_patch>",
        "<|image|>",
        (
            Form(("<low_res_im_start>",), ("<im_end>",), row_after=("<im_col>",)),
            Form(("<im_start>",), ("<im_end>",), row_after=("<im_col>",)),
        ),
        tokens={"bos_token": "<s>"},
        front=("bos_token",),
        framed=True,
    ),
}
