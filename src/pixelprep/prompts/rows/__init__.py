"""Each of the reference's processors that writes images into prompts, by its class name, as one `Row` of data."""

from __future__ import annotations

from dataclasses import replace

from ..forms import Row
from .fenced import FENCED
from .runs import RUNS
from .tiles import TILES
from .videos import VIDEOS

# What marks the places of images in the reference's outputs, unasked, and what is marked beside features.
_TYPE_IDS = {
    "mm_token_type_ids": (
        *("Qwen2VL", "Qwen2_5_VL", "Qwen3VL", "CohereCompass", "Glm4v", "Glm46V", "Glm5Next", "Ernie4_5_VLMoe"),
        *("PaddleOCRVL", "HunYuanVL", "HYV4VL", "Gemma4", "Gemma4Unified", "Molmo2", "MiniCPMV4_7"),
    ),
    "token_type_ids": ("Gemma3n", "Gemma3", "ShieldGemma2"),
}
_WHOLE = ("Chameleon", "InternVL", "QianfanOCR", "Pixtral", "Molmo2", "Cohere2Vision", "Idefics3", "ColModernVBert")
_MARKED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_WHOLE, ("*",)),
    "AyaVision": ("start_of_img_token", "end_of_img_token", "tile_global_token"),
}


def _with_types(name: str, row: Row) -> Row:
    stem = name.removesuffix("Processor").removesuffix("_")
    output = next((output for output, names in _TYPE_IDS.items() if stem in names), "")
    return replace(row, type_ids=output, marked=_MARKED.get(stem, ()), video=VIDEOS.get(name))


ROWS: dict[str, Row] = {name: _with_types(name, row) for name, row in {**RUNS, **FENCED, **TILES}.items()}
