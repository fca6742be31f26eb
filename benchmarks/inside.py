"""transformers' own processors, text and image in: with pixelprep installed in them, and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .cases import INPUTS
from .measure import Effort, Timing, median_seconds, paired

QUESTION = "What is this?"


@dataclass(frozen=True)
class Inside:
    """A processor of transformers, made up with a tokenizer of bytes, and the speeds to reach."""

    family: str
    image: str  # what stands for an image in a prompt
    tokens: Sequence[str]
    target: float  # from opened images
    settings: dict[str, Any] = field(default_factory=dict)


PROCESSORS = (
    Inside("Qwen2VL", "<|vision_start|><|image_pad|><|vision_end|>", ("<|video_pad|>",), 3),
    Inside(
        "LlavaOnevision",
        "<image>",
        ("<video>",),
        6,
        {"num_image_tokens": 729, "vision_feature_select_strategy": "full"},
    ),
    Inside("Idefics3", "<image>", ("<fake_token_around_image>", "<end_of_utterance>", "<global-img>"), 3),
)
TARGET_FROM_FILES = 1.5


@dataclass(frozen=True)
class InsideRow:
    """What was measured; from a file, also the seconds that decoding it takes alone."""

    title: str
    timing: Timing
    target: float
    decoding: float | None = None


def row(case: Inside, given: str, folder: Path, effort: Effort) -> InsideRow:
    """One processor on an opened image ("photo") or a file ("file")."""
    image = INPUTS[given].make(folder)
    ours, theirs = processors(case)
    calls = _call(ours, case, image), _call(theirs, case, image)
    _check_equal(calls[0](), calls[1]())
    timing, title = paired(*calls, effort), f"{case.family}, {INPUTS[given].title}"
    if given == "file":
        decoding = median_seconds(lambda: ours.image_processor.fetch_images(image), effort)
        return InsideRow(title, timing, TARGET_FROM_FILES, decoding)
    return InsideRow(title, timing, case.target)


def _call(processor: Any, case: Inside, image: Any) -> Callable[[], Any]:
    return lambda: processor(text=[case.image + QUESTION], images=[image], return_tensors="pt")


@cache
def _tokenizer(tokens: tuple[str, ...]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="<pad>", unk_token="<unk>")
    fast.add_tokens(list(tokens), special_tokens=True)
    return fast


def processors(case: Inside) -> tuple[Any, Any]:
    """The processor as a checkpoint has it, loaded with pixelprep's native classes installed and without."""
    import transformers

    from pixelprep.integrations.transformers import install, uninstall

    marks = tuple(f"{part}>" for part in case.image.split(">")[:-1])
    parts: dict[str, Any] = {
        "image_processor": getattr(transformers, f"{case.family}ImageProcessor")(),
        "tokenizer": _tokenizer((*marks, *case.tokens)),
    }
    if "video" in "".join(case.tokens):
        parts["video_processor"] = getattr(transformers, f"{case.family}VideoProcessor")()
    cls: Any = getattr(transformers, f"{case.family}Processor")
    with TemporaryDirectory() as checkpoint:
        cls(**parts, **case.settings).save_pretrained(checkpoint)
        theirs = transformers.AutoProcessor.from_pretrained(checkpoint)
        install("native")
        try:
            ours = transformers.AutoProcessor.from_pretrained(checkpoint)
        finally:
            uninstall()
    assert ours.image_processor.backend == "native"
    assert type(theirs.image_processor).__module__.startswith("transformers.")
    return ours, theirs


def _check_equal(ours: Any, theirs: Any) -> None:
    import torch

    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
