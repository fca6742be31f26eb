"""From what `from_pretrained` is given to a checkpoint, and from a checkpoint and a class to a processor."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .reading import (
    CONFIG,
    HUB_ARGUMENTS,
    PREPROCESSOR,
    PROCESSOR,
    VIDEO_PREPROCESSOR,
    Checkpoint,
    ConfigError,
    config_checkpoint,
    config_values,
    file_beside,
    read_checkpoint,
)


@dataclass(frozen=True)
class Asked:
    """What `from_pretrained` was asked for besides settings; see `AutoImageProcessor.from_pretrained`."""

    backend: str | None = None
    trust_remote_code: bool | None = None
    code_revision: str | None = None
    return_unused_kwargs: bool = False


def open_checkpoint(source: Any, kwargs: dict[str, Any], kind: str = "Image") -> tuple[Checkpoint, Asked]:
    """Read what a source has for images or videos, and take out of the keyword arguments what is no setting."""
    hub = {name: kwargs.pop(name) for name in HUB_ARGUMENTS if name in kwargs}
    asked = Asked(
        _asked_backend(kwargs),
        kwargs.pop("trust_remote_code", None),
        kwargs.pop("code_revision", None),
        kwargs.pop("return_unused_kwargs", False),
    )
    subfolder, filename = kwargs.pop("subfolder", "") or "", kwargs.pop(f"{kind.lower()}_processor_filename", None)
    config = kwargs.pop("config", None)
    if isinstance(source, (str, os.PathLike)):
        checkpoint = read_checkpoint(source, subfolder=subfolder, filename=filename, kind=kind, **hub)
        if not checkpoint.says_settings:
            has, lacks = ", ".join(checkpoint.files), VIDEO_PREPROCESSOR if kind == "Video" else PREPROCESSOR
            raise FileNotFoundError(
                f"{checkpoint.source} has {has} alone, which says nothing of {kind.lower()}s; it lacks {lacks}. For "
                "the defaults of its model type pass the configuration as an object, or make the class itself"
            )
    else:
        checkpoint = config_checkpoint(source, kind)
    if config is not None:
        checkpoint = replace(checkpoint, files={**checkpoint.files, CONFIG: config_values(config)})
    return checkpoint, asked


def make_processor(cls: Any, checkpoint: Checkpoint, kwargs: Mapping[str, Any], return_unused: bool) -> Any:
    """A processor with the checkpoint's settings; keyword arguments replace them.

    Raises:
        TypeError, ValueError: a setting has the wrong name, type or value; the message names the checkpoint.
        ConfigError: the class cannot use a setting.
    """
    if not hasattr(cls, "_known_names"):  # code of the checkpoint over transformers' own classes
        return cls.from_dict(dict(checkpoint.settings), return_unused_kwargs=return_unused, **kwargs)
    known = cls._known_names() if return_unused else kwargs.keys()
    given = {name: value for name, value in kwargs.items() if name in known}
    settings = {**checkpoint.settings, **paths_beside(checkpoint, cls.files_beside, given)}
    try:
        processor = cls.from_dict(settings, **given)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{checkpoint.source}: {error}") from error
    except (ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        raise ConfigError(f"{checkpoint.source}: {cls.__name__} cannot use a setting: {error!r}") from error
    processor.__dict__["_numbers"] = numbers_beside(checkpoint)
    unused = {name: value for name, value in kwargs.items() if name not in known}
    return (processor, unused) if return_unused else processor


def paths_beside(checkpoint: Checkpoint, options: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, str]:
    """The paths of files that settings name and that lie beside them; none of one that is not there.

    Raises:
        ConfigError: a name leaves the checkpoint.
    """
    found = {}
    for option in options:
        name = checkpoint.settings.get(option)
        if option in given or not isinstance(name, str) or not name:
            continue
        if Path(name).name != name or name in (".", "..") or "\\" in name or "\0" in name:
            raise ConfigError(
                f"{checkpoint.source}: `{option}` {name[:80]!r} is not the name of a file beside the JSON"
            )
        path = file_beside(checkpoint, name)
        if path is not None:
            found[option] = str(path)
    return found


def numbers_beside(checkpoint: Checkpoint) -> dict[str, Any]:
    """What a checkpoint's files say of the prompt side: which processor it has, and that processor's arguments."""
    arguments = {name: value for name, value in checkpoint.files.get(PROCESSOR, {}).items() if _is_plain(value)}
    named = checkpoint.files.get(PREPROCESSOR, {}).get("processor_class")
    found = {"processor_class": named, "model_type": checkpoint.model_type, **arguments}
    return {name: value for name, value in found.items() if value is not None}


def _is_plain(value: Any) -> bool:
    """Whether this is a number, a text or a table of numbers, not the settings of another object."""
    return not isinstance(value, Mapping) or all(isinstance(entry, int | float) for entry in value.values())


def _asked_backend(kwargs: dict[str, Any]) -> str | None:
    backend, use_fast = kwargs.pop("backend", None), kwargs.pop("use_fast", None)
    if use_fast is not None:
        meant = "torchvision" if use_fast else "pil"
        message = f"use_fast is deprecated; use_fast={bool(use_fast)} means backend={meant!r}"
        warnings.warn(message, DeprecationWarning, stacklevel=5)
        backend = backend or meant
    if backend is not None and not isinstance(backend, str):
        raise TypeError(f"`backend` must be a string such as 'torchvision', not {backend!r}")
    return backend
