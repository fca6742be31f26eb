"""The prompt layout of a checkpoint, from the files it publishes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .layout import PromptLayout
from .lookup import UnknownPromptError, row_of

if TYPE_CHECKING:
    from ..checkpoints.reading import Checkpoint


class AutoPromptLayout:
    """Loads the prompt layout of a checkpoint; makes no objects of its own."""

    def __init__(self) -> None:
        raise TypeError("AutoPromptLayout is not made; use AutoPromptLayout.from_pretrained(...)")

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], *, subfolder: str = "", **kwargs: Any
    ) -> PromptLayout:
        """What stands in the prompts of a checkpoint in place of its images and videos.

        Numbers come from `processor_config.json`, image settings from the image processor's file, tokens from
        `tokenizer_config.json`. No code of the checkpoint is run, and neither torch nor transformers is imported.

        Args:
            pretrained_model_name_or_path: a folder or a hub id.
            subfolder: folder inside it.
            kwargs: `revision`, `token`, `cache_dir`, `local_files_only` and their like for the hub; any other name
                replaces a number of the processor's file.

        Raises:
            FileNotFoundError: there is no such checkpoint. ConfigError: a file cannot be used.
            UnknownPromptError: the files name no processor that writes images into prompts.
            UntrustedCodeError: the image processor is code of the checkpoint.
        """
        from ..auto import load_image_processor, load_processor
        from ..checkpoints.reading import HUB_ARGUMENTS, PROCESSOR, TOKENIZER, read_beside, read_checkpoint
        from ..registry import VIDEOS

        hub = {name: kwargs.pop(name) for name in HUB_ARGUMENTS if name in kwargs}
        checkpoint = read_checkpoint(pretrained_model_name_or_path, subfolder=subfolder, **hub)
        tokenizer = read_beside(checkpoint, TOKENIZER)
        name = _processor_class(checkpoint, tokenizer)
        row = row_of(name)[1]
        asked = {"backend": "pil", "subfolder": subfolder, **hub}
        processor = load_image_processor(pretrained_model_name_or_path, dict(asked))
        arguments = checkpoint.files.get(PROCESSOR, {})
        numbers = {key: value for key, value in {**arguments, **kwargs}.items() if key in row.numbers}
        if unknown := kwargs.keys() - row.numbers.keys():
            raise TypeError(f"{name} has no {', '.join(sorted(unknown))}. Allowed: {', '.join(sorted(row.numbers))}")
        return PromptLayout(
            name,
            processor,
            video_processor=lambda: load_processor(pretrained_model_name_or_path, dict(asked), VIDEOS),
            tokens=_tokens(row, arguments, tokenizer),
            **numbers,
        )


def _processor_class(checkpoint: Checkpoint, tokenizer: Mapping[str, Any]) -> str:
    """The processor that the files name, else the one of their model type.

    Raises:
        UnknownPromptError: none is known.
    """
    from ..checkpoints.reading import PREPROCESSOR, PROCESSOR

    settings = (checkpoint.files.get(PROCESSOR, {}), checkpoint.files.get(PREPROCESSOR, {}), tokenizer)
    tried = [entry.get("processor_class") for entry in settings] + [checkpoint.model_type]
    reasons = []
    for name in filter(None, tried):
        try:
            return row_of(str(name))[0]
        except UnknownPromptError as error:
            reasons.append(str(error))
    why = reasons[0] if reasons else "no file names a `processor_class` or a `model_type`"
    raise UnknownPromptError(f"{checkpoint.source}: {why}; lay prompts out with PromptLayout(name, image_processor)")


def _tokens(row: Any, arguments: Mapping[str, Any], tokenizer: Mapping[str, Any]) -> dict[str, str]:
    """Tokens by their names: the tokenizer's before the processor's, unless the reference never asks the tokenizer."""
    named = {**tokenizer.get("model_specific_special_tokens", {}), **tokenizer, **_extra(tokenizer)}
    found = {}
    for name in row.tokens:
        plain = name.replace("_{k}", "")
        for source in (arguments,) if row.from_arguments else (named, arguments):
            value = source.get(plain)
            value = value.get("content") if isinstance(value, Mapping) else value
            if isinstance(value, str) and value:
                found[name] = f"{value}_{{k}}" if plain != name else value
                break
    return found


def _extra(tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    extra = tokenizer.get("extra_special_tokens")
    return dict(extra) if isinstance(extra, Mapping) else {}
