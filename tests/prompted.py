"""The reference's processors, built without a hub: a byte-level tokenizer with the tokens that each one names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any

from pixelprep.prompts.forms import Form
from pixelprep.prompts.rows import ROWS
from pixelprep.prompts.tokens import Text

# Arguments that a processor cannot be made or called without, as checkpoints of its kind have them.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "LlavaProcessor": {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1},
    "LlavaNextProcessor": {
        "patch_size": 14,
        "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1,
    },
    "LlavaNextVideoProcessor": {
        "patch_size": 14,
        "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1,
    },
    "Granite4VisionProcessor": {
        "patch_size": 14,
        "vision_feature_select_strategy": "full",
        "downsample_rate": "4/8",
    },
    "LlavaOnevisionProcessor": {"num_image_tokens": 729, "vision_feature_select_strategy": "full"},
    "PerceptionLMProcessor": {"patch_size": 14, "pooling_ratio": 2},
    "Blip2Processor": {"num_query_tokens": 32},
    "InstructBlipProcessor": {"num_query_tokens": 32},
    "InstructBlipVideoProcessor": {"num_query_tokens": 32},
}
# What a processor is made with under another name than our layout.
MADE_WITH: dict[str, dict[str, Any]] = {"Kosmos2_5Processor": {"num_image_tokens": 2048}}
# Prompts that are not `Hello PLACEHOLDER there`.
TEXTS = {
    "HunYuanVLProcessor": "Hello <is><img><ie> there",
    "NeoMMEProcessor": "<doc><img>",
    "ColPaliProcessor": "Describe the image.",
}
# Processors that make the prompt themselves where images are given.
WITHOUT_TEXT = {"NeoMMEProcessor", "ColPaliProcessor", "ColQwen2Processor"}
# Tokens that a processor asks its tokenizer for, although no image needs them.
AUDIO = {"audio_token": "<audio>", "boa_token": "<boa>", "eoa_token": "<eoa>"}
_CLIP = {"begin_of_video_token": "<|begin_of_video|>", "end_of_video_token": "<|end_of_video|>"}
BESIDE: dict[str, dict[str, str]] = {
    **dict.fromkeys(("Glm4vProcessor", "Glm46VProcessor", "Glm5NextProcessor"), _CLIP),
    "LightOnOcrProcessor": {"image_break_token": "<|vision_pad|>", "image_end_token": "<|vision_end|>"},
    "Phi4MultimodalProcessor": {"audio_token": "<audio>"},
    "Gemma3nProcessor": AUDIO,
    "Gemma4Processor": AUDIO,
    "Gemma4UnifiedProcessor": AUDIO,
    "EmbeddingGemma2Processor": AUDIO,
    "Apertus1p5Processor": AUDIO,
    "NeoMMEProcessor": {"query_token": "<qry>"},
    "Qwen2_5OmniProcessor": {"audio_token": "<audio>", "vision_bos_token": "<vb>", "vision_eos_token": "<ve>"}
    | {"audio_bos_token": "<ab>", "audio_eos_token": "<ae>"},
    "Qwen3OmniMoeProcessor": {"audio_token": "<audio>", "vision_bos_token": "<vb>", "vision_eos_token": "<ve>"}
    | {"audio_bos_token": "<ab>", "audio_eos_token": "<ae>"},
}
# Processors that fail with a tokenizer whose image token has a name (P18), or never ask it.
UNNAMED = {"Blip2Processor", "InstructBlipProcessor", "InstructBlipVideoProcessor"}
# Settings of the image processor without which it counts nothing.
SETTINGS: dict[str, dict[str, Any]] = {
    "PaliGemmaProcessor": {"image_seq_length": 256},
    "ColPaliProcessor": {"image_seq_length": 256},
    "Florence2Processor": {"image_seq_length": 577},
    "NemotronH_Omni_Reasoning_V3Processor": {"norm_mean": [0.5] * 3, "norm_std": [0.5] * 3},
    "MllamaProcessor": {"max_image_tiles": 4, "size": {"height": 448, "width": 448}},
    "LlavaNextProcessor": {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}},
}
# What the video processor lacks, as checkpoints have it.
VIDEO_SETTINGS: dict[str, dict[str, Any]] = {
    "NemotronH_Omni_Reasoning_V3Processor": {"norm_mean": [0.5] * 3, "norm_std": [0.5] * 3},
    "PerceptionLMProcessor": {"size": {"height": 448, "width": 448}},
}


def prompt_of(name: str, placeholder: str) -> str:
    """A prompt with one image, as a processor takes it."""
    return TEXTS.get(name, "Hello there" if ROWS[name].prefix else f"Hello {placeholder} there")


@cache
def processor_module(name: str) -> str:
    """The module of the reference that defines a processor."""
    import transformers.models

    for package in pkgutil.iter_modules(transformers.models.__path__):
        module = f"transformers.models.{package.name}.processing_{package.name}"
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        if hasattr(found, name) and getattr(found, name).__module__ == module:
            return module
    raise LookupError(f"transformers has no {name}")


def tokens_of(name: str) -> list[str]:
    """Every token that a row can write, labels of small grids included."""
    row = ROWS[name]
    forms = row.form if isinstance(row.form, tuple) else (row.form,)
    found = [row.feature, row.placeholder, *row.front, *row.back, *row.after_images, *row.number_in_front, row.fence]
    if (video := row.video) is not None:
        found += [video.feature, video.placeholder, *video.begin, *video.between, *video.end, video.duration]
        forms += (video.form,)
    for form in (*forms, row.alone or Form()):
        for part in vars(form).values():
            found += part if isinstance(part, tuple) else []
    found += list(row.tokens)
    written = [row.tokens.get(piece, piece) for piece in found if piece and not isinstance(piece, Text)]
    labels = [token for token in written if "{" in token]
    grid = [label.format(r=r, c=c, k=k) for label in labels for r in range(1, 8) for c in range(1, 8) for k in (r * c,)]
    return list(dict.fromkeys([token for token in written if "{" not in token] + grid))


def tokenizer_of(name: str) -> Any:
    """A fast tokenizer: bytes and the tokens of a row, the named ones as attributes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: index for index, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    named = {
        key: token
        for key, token in ROWS[name].tokens.items()
        if "{" not in key and key not in ("bos_token", "eos_token", "unk_token")
    }
    named = {} if name in UNNAMED else {**named, **BESIDE.get(name, {})}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        **{key: named.pop(key) for key in ("sep_token",) if key in named},
        **({"extra_special_tokens": named} if named else {}),
    )
    fast.add_tokens([*tokens_of(name), *named.values()], special_tokens=True)
    return fast


@cache
def build(name: str) -> tuple[Any, Any]:
    """A processor of the reference and its tokenizer."""
    import transformers
    from transformers.models.auto.video_processing_auto import VIDEO_PROCESSOR_MAPPING_NAMES

    row = ROWS[name]
    cls = getattr(importlib.import_module(processor_module(name)), name)
    tokenizer = tokenizer_of(name)
    settings = {**row.built_with, **SETTINGS.get(name, {})}
    parts: dict[str, Any] = {}
    for part in inspect.signature(cls.__init__).parameters:
        if part == "image_processor":
            parts[part] = getattr(transformers, f"{row.family}ImageProcessor")(**settings)
        elif part == "tokenizer" or part == "qformer_tokenizer":
            parts[part] = tokenizer
        elif part == "video_processor":
            video = VIDEO_PROCESSOR_MAPPING_NAMES.get(row.types[0])
            video = video.get("torchvision") if isinstance(video, dict) else video
            parts[part] = getattr(transformers, video)(**VIDEO_SETTINGS.get(name, {})) if video else None
        elif part == "feature_extractor" or part == "audio_processor":
            parts[part] = transformers.WhisperFeatureExtractor()
    return cls(**parts, **{**ARGUMENTS.get(name, {}), **MADE_WITH.get(name, {})}), tokenizer


def call(name: str, processor: Any, text: str, images: list[Any], **kwargs: Any) -> Any:
    """What a processor of the reference makes of a prompt and its images."""
    if name in WITHOUT_TEXT:
        return processor(images=images, **kwargs)
    if name == "IdeficsProcessor":  # takes images where they stand in the text
        parts: list[Any] = []
        for number, part in enumerate(text.split("<image>")):
            parts += ([images[number - 1]] if number else []) + ([part] if part else [])
        return processor(text=[parts], **kwargs)
    return processor(text=[text], images=images, **kwargs)
