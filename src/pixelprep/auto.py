"""From a checkpoint to its image processor: find the configuration, the family and the backend."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from .checkpoint import (
    CONFIG,
    FILES,
    HUB_ARGUMENTS,
    PREPROCESSOR,
    PROCESSOR,
    Checkpoint,
    ConfigError,
    config_checkpoint,
    config_values,
    read_checkpoint,
)
from .ops import DEFAULT_ORDER, MissingBackendError, choose_backend, get_backend
from .registry import (
    MODEL_TYPES,
    Family,
    UnknownFamilyError,
    family_of_model_type,
    find_class,
    find_registered,
    register_classes,
    registered_classes,
)
from .utils import did_you_mean, write_atomically

if TYPE_CHECKING:
    from .image_processing_utils import BaseImageProcessor

__all__ = [
    "CONFIG",
    "FILES",
    "PREPROCESSOR",
    "PROCESSOR",
    "AutoImageProcessor",
    "Checkpoint",
    "ConfigError",
    "UntrustedCodeError",
    "load_image_processor",
    "read_checkpoint",
    "save_image_processor",
]


class UntrustedCodeError(UnknownFamilyError):
    """A checkpoint's image processor is code that nobody allowed to run; the message says which and how to allow it."""


class AutoImageProcessor:
    """The image processor of any checkpoint."""

    def __init__(self) -> None:
        raise TypeError("use AutoImageProcessor.from_pretrained(source)")

    @overload
    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Any, *, return_unused_kwargs: Literal[True], **kwargs: Any
    ) -> tuple[BaseImageProcessor, dict[str, Any]]: ...
    @overload
    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> BaseImageProcessor: ...
    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> Any:
        """The image processor that a checkpoint describes.

        Args:
            pretrained_model_name_or_path: a folder, a JSON file, a hub id, or a model configuration, which stands for
                the defaults of its model type.
            config: a model configuration to use instead of the checkpoint's `config.json`.
            backend: "torchvision", "native", "pil" or any that is registered; else the environment variable
                `PIXELPREP_BACKEND`, else the first of them that is installed.
            use_fast: deprecated; True is `backend="torchvision"`, False `backend="pil"`.
            trust_remote_code: True runs the image processor's code that the checkpoint brings along, if it does.
            code_revision: commit of the code, where it lies in another repository.
            image_processor_filename: another name of `preprocessor_config.json`.
            return_unused_kwargs: return `(processor, unused)`, keyword arguments that are no settings, instead of
                raising for them.
            revision, token, cache_dir, local_files_only, force_download, proxies, subfolder: what is read from the hub,
                and how.
            kwargs: any other name replaces a setting of the file, as at construction.

        Raises:
            FileNotFoundError: there is no such checkpoint. ConfigError: a file cannot be used.
            UnknownFamilyError: the checkpoint names no image processor that is known.
            UntrustedCodeError: its image processor is code, and `trust_remote_code` is not True.
            MissingBackendError: no backend can run here.
            TypeError, ValueError: a setting has the wrong name, type or value.
        """
        return load_image_processor(pretrained_model_name_or_path, kwargs)

    @staticmethod
    def register(
        config_or_model_type: Any,
        slow_image_processor_class: type[BaseImageProcessor] | None = None,
        fast_image_processor_class: type[BaseImageProcessor] | None = None,
        image_processor_classes: Mapping[str, type[BaseImageProcessor]] | None = None,
        exist_ok: bool = False,
    ) -> None:
        """Let `from_pretrained` use other classes for a model type, new or known.

        Args:
            config_or_model_type: a model type, or a configuration class that has one as `model_type`.
            slow_image_processor_class: deprecated; means `{"pil": ...}`.
            fast_image_processor_class: deprecated; means `{"torchvision": ...}`.
            image_processor_classes: a class for each backend, under any name that users shall write in `backend=`. A
                second call for the same type adds to the first.
            exist_ok: replace classes that are there already.

        Raises:
            TypeError: a class is no `BaseImageProcessor`, or is bound to no backend.
            ValueError: a backend has a class already, or the classes' defaults differ; the message lists how.
        """
        model_type = getattr(config_or_model_type, "model_type", config_or_model_type)
        if not isinstance(model_type, str) or not model_type:
            raise TypeError(f"give a model type or a configuration class that has one, not {config_or_model_type!r}")
        classes = dict(image_processor_classes or {})
        old = {"pil": slow_image_processor_class, "torchvision": fast_image_processor_class}
        given = {backend: image_processor for backend, image_processor in old.items() if image_processor is not None}
        if given:
            warnings.warn(
                "slow_image_processor_class and fast_image_processor_class are deprecated; pass "
                f"image_processor_classes={{{', '.join(f'{backend!r}: ...' for backend in given)}}}",
                DeprecationWarning,
                stacklevel=2,
            )
        register_classes(model_type, {**given, **classes}, exist_ok)


def load_image_processor(source: Any, kwargs: dict[str, Any], cls: type[BaseImageProcessor] | None = None) -> Any:
    """Read a checkpoint and make its processor: of the class given, else of the class that the files name."""
    hub = {name: kwargs.pop(name) for name in HUB_ARGUMENTS if name in kwargs}
    backend = _asked_backend(kwargs)
    trust, code_revision = kwargs.pop("trust_remote_code", None), kwargs.pop("code_revision", None)
    return_unused = kwargs.pop("return_unused_kwargs", False)
    subfolder, filename = kwargs.pop("subfolder", "") or "", kwargs.pop("image_processor_filename", None)
    config = kwargs.pop("config", None)
    if isinstance(source, (str, os.PathLike)):
        checkpoint = read_checkpoint(source, subfolder=subfolder, filename=filename, **hub)
    else:
        checkpoint = config_checkpoint(source)
    if config is not None:
        checkpoint = replace(checkpoint, files={**checkpoint.files, CONFIG: config_values(config)})
    if cls is None:
        cls = find_checkpoint_class(checkpoint, backend, trust, code_revision)
    elif not cls.backend or (backend is not None and backend != cls.backend):
        if cls.backend and cls.family is None:
            raise ValueError(f"{cls.__name__} is written for the backend {cls.backend!r}, not for {backend!r}")
        cls = cls.on(choose_backend(backend))
    if not hasattr(cls, "_known_names"):  # code of the checkpoint over transformers' own classes
        return cls.from_dict(dict(checkpoint.settings), return_unused_kwargs=return_unused, **kwargs)
    unused = {}
    if return_unused:
        unused = {name: kwargs.pop(name) for name in list(kwargs) if name not in cls._known_names()}
    try:
        processor = cls.from_dict(checkpoint.settings, **kwargs)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{checkpoint.source}: {error}") from error
    except (ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        raise ConfigError(f"{checkpoint.source}: {cls.__name__} cannot use a setting: {error!r}") from error
    return (processor, unused) if return_unused else processor


def _asked_backend(kwargs: dict[str, Any]) -> str | None:
    backend, use_fast = kwargs.pop("backend", None), kwargs.pop("use_fast", None)
    if use_fast is not None:
        meant = "torchvision" if use_fast else "pil"
        message = f"use_fast is deprecated; use_fast={bool(use_fast)} means backend={meant!r}"
        warnings.warn(message, DeprecationWarning, stacklevel=4)
        backend = backend or meant
    if backend is not None and not isinstance(backend, str):
        raise TypeError(f"`backend` must be a string such as 'torchvision', not {backend!r}")
    return backend


def find_checkpoint_class(
    checkpoint: Checkpoint,
    backend: str | None = None,
    trust_remote_code: bool | None = None,
    code_revision: str | None = None,
) -> Any:
    """The class that a checkpoint's files name, by class, by model type or as code, on a backend.

    Raises:
        UnknownFamilyError: they name none that is known; the message says what was found.
        UntrustedCodeError: they name only code, and it is not allowed to run.
    """
    family, own = _known_classes(checkpoint)
    remote = checkpoint.remote_code
    # Classes that the user registered go before the checkpoint's code, which goes before the shipped ones.
    if remote is not None and not own and (family is None or trust_remote_code is True):
        from .remote_code import describe_code, load_code

        if trust_remote_code is True:
            return load_code(remote, checkpoint, backend, code_revision)
        raise UntrustedCodeError(
            f"{checkpoint.source}: the image processor is code that comes with the checkpoint; loading it would run "
            f"{describe_code(remote, checkpoint, backend)}. Read it, and if you trust it, pass trust_remote_code=True"
        )
    if family is None and not own:
        raise _unknown(checkpoint)
    return _choose_class(family, own, backend)


def _known_classes(checkpoint: Checkpoint) -> tuple[Family | None, dict[str, type[BaseImageProcessor]]]:
    """The shipped family of a checkpoint, if there is one, and the registered classes, which go first."""
    model_type = checkpoint.model_type
    family = None
    for name in checkpoint.class_names:
        registered = find_registered(name)
        if registered is not None:
            return MODEL_TYPES.get(registered), registered_classes(registered)
        try:
            family = find_class(name)[0]
            break
        except UnknownFamilyError:
            continue
    if family is None and model_type is not None and model_type not in MODEL_TYPES:
        own = registered_classes(model_type)
        if own:
            return None, own
    if family is None and model_type is not None:
        try:
            family = family_of_model_type(model_type)
        except UnknownFamilyError:
            return None, {}
    return family, registered_classes(model_type, family)


def _choose_class(
    family: Family | None, own: Mapping[str, type[BaseImageProcessor]], backend: str | None
) -> type[BaseImageProcessor]:
    """The class on the backend asked for, else on the first that can run, of those that are offered."""
    asked = backend or os.environ.get("PIXELPREP_BACKEND") or None
    reasons = {name: get_backend(cls.backend).missing() for name, cls in own.items()}
    if asked is not None and asked in own and reasons[asked] is None:
        return own[asked]
    if family is not None:
        chosen = choose_backend(asked, family.backend_order)
        return own[chosen] if chosen in own and reasons[chosen] is None else family.load().on(chosen)
    for name in sorted(own, key=lambda name: (*DEFAULT_ORDER, name).index(name)):
        if reasons[name] is None:
            if asked is not None:
                why = reasons.get(asked) or f"there is no backend {asked!r}{_did_you_mean(asked, own)}"
                install = f"; install it with: {get_backend(own[asked].backend).install}" if asked in own else ""
                warnings.warn(f"{why}{install}. Using {name!r} instead.", stacklevel=5)
            return own[name]
    lines = [f"{name}: {why} ({get_backend(own[name].backend).install})" for name, why in reasons.items()]
    raise MissingBackendError("no backend can run here: " + "; ".join(lines))


def _did_you_mean(name: str, known: Mapping[str, Any]) -> str:
    return did_you_mean(name, known) or f"; there are: {', '.join(map(repr, known))}"


def _unknown(checkpoint: Checkpoint) -> UnknownFamilyError:
    reasons = []
    lookups = [(find_class, name) for name in checkpoint.class_names]
    lookups += [(family_of_model_type, checkpoint.model_type)] if checkpoint.model_type else []  # type: ignore[list-item]
    for look_up, name in lookups:
        try:
            look_up(name)
        except UnknownFamilyError as error:
            reasons.append(str(error))
    why = "; ".join(reasons) or "the files name neither a class nor a model type"
    return UnknownFamilyError(
        f"{checkpoint.source}: {why}. If you know the model, pass its configuration as config=..., or load the file "
        "with a class, as in CLIPImageProcessor.from_pretrained(...)"
    )


def save_image_processor(
    processor: BaseImageProcessor, folder: str | os.PathLike[str], push_to_hub: bool, hub: dict[str, Any]
) -> list[str]:
    """Write `preprocessor_config.json` into a folder, with the code of a class that came as code; upload them if asked.

    Args:
        processor: what to save.
        folder: made if absent; its name is the repository's if `hub` has no `repo_id`.
        push_to_hub: also upload.
        hub: `repo_id`, `token`, `private`, `revision`, `commit_message`, `commit_description`, `create_pr`.

    Raises:
        NotADirectoryError: the folder is a file. TypeError: an unknown name in `hub`.
    """
    allowed = {"repo_id", "token", "private", "revision", "commit_message", "commit_description", "create_pr"}
    if unknown := hub.keys() - allowed:
        from .processing_utils import unknown_names

        raise TypeError(unknown_names(sorted(unknown), allowed, "save_pretrained"))
    target = Path(folder)
    if target.is_file():
        raise NotADirectoryError(f"{os.fspath(folder)!r} is a file; give a folder to save into")
    target.mkdir(parents=True, exist_ok=True)
    path = target / PREPROCESSOR
    write_atomically(path, processor.to_json_string().encode())
    paths = [path]
    if type(processor).__module__.startswith(f"{__package__}.remote_code."):
        from .remote_code import copy_code

        paths += copy_code(type(processor), target)
    if push_to_hub:
        from huggingface_hub import HfApi

        api = HfApi(token=hub.get("token"))
        name = hub.get("repo_id") or target.resolve().name
        repo_id = api.create_repo(name, private=hub.get("private"), exist_ok=True).repo_id
        rest = {key: hub[key] for key in ("revision", "commit_description", "create_pr") if key in hub}
        message = hub.get("commit_message", "Upload image processor")
        for file in paths:
            place = file.relative_to(target).as_posix()
            api.upload_file(path_or_fileobj=file, path_in_repo=place, repo_id=repo_id, commit_message=message, **rest)
    return [str(file) for file in paths]
