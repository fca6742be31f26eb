"""From a checkpoint to its image or video processor: find the configuration, the family and the backend."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from .checkpoints.loading import make_processor, open_checkpoint
from .checkpoints.reading import (
    CONFIG,
    FILES,
    PREPROCESSOR,
    PROCESSOR,
    Checkpoint,
    ConfigError,
    read_checkpoint,
)
from .core.names import did_you_mean
from .ops import (
    DEFAULT_ORDER,
    MissingBackendError,
    choose_backend,
    get_backend,
    why_not,
)
from .registry.families import Family, UnknownFamilyError
from .registry.lookup import IMAGES, VIDEOS, Catalogue, family_of_model_type, find_class, find_family
from .registry.registered import find_registered, register_classes, registered_classes

if TYPE_CHECKING:
    from .image_processing_utils import BaseImageProcessor
    from .video_processing_utils import BaseVideoProcessor

__all__ = [
    "CONFIG",
    "FILES",
    "PREPROCESSOR",
    "PROCESSOR",
    "AutoImageProcessor",
    "AutoVideoProcessor",
    "Checkpoint",
    "ConfigError",
    "UntrustedCodeError",
    "load_image_processor",
    "load_processor",
    "read_checkpoint",
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
        model_type = _model_type(config_or_model_type)
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


class AutoVideoProcessor:
    """The video processor of any checkpoint."""

    def __init__(self) -> None:
        raise TypeError("use AutoVideoProcessor.from_pretrained(source)")

    @overload
    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Any, *, return_unused_kwargs: Literal[True], **kwargs: Any
    ) -> tuple[BaseVideoProcessor, dict[str, Any]]: ...
    @overload
    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> BaseVideoProcessor: ...
    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> Any:
        """The video processor that a checkpoint describes.

        Its settings are nested in `processor_config.json`, stand in `video_preprocessor_config.json`, or are those of
        the image processor in `preprocessor_config.json`; its class is named there, or follows from `config.json`.

        Args:
            pretrained_model_name_or_path: as for `AutoImageProcessor.from_pretrained`, and so are all other arguments.
            video_processor_filename: another name of `video_preprocessor_config.json`.
            kwargs: any other name replaces a setting of the file, as at construction.

        Raises:
            as `AutoImageProcessor.from_pretrained`.
        """
        return load_processor(pretrained_model_name_or_path, kwargs, VIDEOS)

    @staticmethod
    def register(
        config_or_model_type: Any,
        video_processor_class: type[BaseVideoProcessor] | None = None,
        video_processor_classes: Mapping[str, type[BaseVideoProcessor]] | None = None,
        exist_ok: bool = False,
    ) -> None:
        """Let `from_pretrained` use other classes for a model type, new or known.

        Args:
            config_or_model_type: a model type, or a configuration class that has one as `model_type`.
            video_processor_class: one class, for the backend that it is bound to.
            video_processor_classes: a class for each backend, as for `AutoImageProcessor.register`.
            exist_ok: replace classes that are there already.

        Raises:
            as `AutoImageProcessor.register`.
        """
        alone = {getattr(video_processor_class, "backend", None) or "": video_processor_class}
        classes = {**(alone if video_processor_class is not None else {}), **(video_processor_classes or {})}
        register_classes(_model_type(config_or_model_type), cast(Any, classes), exist_ok, VIDEOS)


def _model_type(config: Any) -> str:
    """A model type, given as such or by a configuration class.

    Raises:
        TypeError: it is neither.
    """
    model_type = getattr(config, "model_type", config)
    if not isinstance(model_type, str) or not model_type:
        raise TypeError(f"give a model type or a configuration class that has one, not {config!r}")
    return model_type


def load_image_processor(source: Any, kwargs: dict[str, Any]) -> Any:
    """Read a checkpoint and make its image processor, of the class that its files name."""
    return load_processor(source, kwargs, IMAGES)


def load_processor(source: Any, kwargs: dict[str, Any], catalogue: Catalogue) -> Any:
    """Read a checkpoint and make the processor that a catalogue is of; as `load_image_processor`."""
    checkpoint, asked = open_checkpoint(source, kwargs, catalogue.kind)
    cls = find_checkpoint_class(checkpoint, asked.backend, asked.trust_remote_code, asked.code_revision)
    return make_processor(cls, checkpoint, kwargs, asked.return_unused_kwargs)


def processor_named(model: str, backend: str | None, settings: Mapping[str, Any], kind: str = "Image") -> Any:
    """The processor of a folder, a JSON file, a family's name or model type, or a hub id, in this order.

    Args:
        model: as it is typed.
        backend: that runs it; else the default one.
        settings: in place of those that are found.
        kind: "Image" or "Video".

    Raises:
        UnknownFamilyError, FileNotFoundError, ConfigError: there is no such model, or its files cannot be used.
        UnknownBackendError: there is no such backend. TypeError, ValueError: a setting cannot be used.
    """
    if backend is not None:
        get_backend(backend)  # a misspelt name is an error, a missing dependency a reason to fall back
    if not os.path.exists(model):
        try:
            family = find_family(model, catalogue=VIDEOS if kind == "Video" else IMAGES)
        except UnknownFamilyError as error:
            if "/" not in model:
                raise UnknownFamilyError(
                    f"{model!r} is no folder, no JSON file and no hub id (owner/name), and {error}"
                ) from None
        else:
            return family.load().on(choose_backend(backend))(**settings)
    auto = AutoVideoProcessor if kind == "Video" else AutoImageProcessor
    return auto.from_pretrained(model, backend=backend, **settings)


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
    catalogue = VIDEOS if checkpoint.kind == "Video" else IMAGES
    family, own = _known_classes(checkpoint, catalogue)
    remote = checkpoint.remote_code
    # Classes that the user registered go before the checkpoint's code, which goes before the shipped ones.
    if remote is not None and not own and (family is None or trust_remote_code is True):
        from .checkpoints.remote_code import describe_code, load_code

        if trust_remote_code is True:
            return load_code(remote, checkpoint, backend, code_revision)
        raise UntrustedCodeError(
            f"{checkpoint.source}: the {catalogue.what} is code that comes with the checkpoint; loading it would run "
            f"{describe_code(remote, checkpoint, backend)}. Read it, and if you trust it, pass trust_remote_code=True"
        )
    if family is None and not own:
        raise _unknown(checkpoint, catalogue)
    return _choose_class(family, own, backend)


def _known_classes(
    checkpoint: Checkpoint, catalogue: Catalogue
) -> tuple[Family | None, dict[str, type[BaseImageProcessor]]]:
    """The shipped family of a checkpoint, if there is one, and the registered classes, which go first."""
    model_type = checkpoint.model_type
    family, brings_code = None, checkpoint.remote_code is not None
    for name in checkpoint.class_names:
        registered = find_registered(name, catalogue)
        if registered is not None:
            return catalogue.model_types.get(registered), registered_classes(registered, catalogue=catalogue)
        try:
            family = find_class(name, brings_code, catalogue)[0]
            break
        except UnknownFamilyError:
            continue
    if family is None and brings_code and checkpoint.class_names:
        return None, {}  # a class of its own, whatever the model is built on
    if family is None and checkpoint.names_another_class:
        return None, {}
    if family is None and model_type is not None and model_type not in catalogue.model_types:
        own = registered_classes(model_type, catalogue=catalogue)
        if own:
            return None, own
    if family is None and model_type is not None:
        try:
            family = family_of_model_type(model_type, catalogue)
        except UnknownFamilyError:
            return None, {}
    return family, registered_classes(model_type, family, catalogue)


def _choose_class(
    family: Family | None, own: Mapping[str, type[BaseImageProcessor]], backend: str | None
) -> type[BaseImageProcessor]:
    """The class on the backend asked for, else on the first that can run, of those that are offered."""
    asked = backend or os.environ.get("PIXELPREP_BACKEND") or None
    reasons = {name: why_not(cls.backend) for name, cls in own.items()}
    if asked is not None and asked in own and reasons[asked] is None:
        return own[asked]
    if family is not None:
        chosen = choose_backend(asked, family.backend_order, sure=True)
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


def _unknown(checkpoint: Checkpoint, catalogue: Catalogue) -> UnknownFamilyError:
    reasons = []
    lookups: list[Callable[[], Any]] = [
        partial(find_class, name, catalogue=catalogue) for name in checkpoint.class_names
    ]
    if checkpoint.model_type and not checkpoint.names_another_class:
        lookups.append(partial(family_of_model_type, checkpoint.model_type, catalogue))
    for look_up in lookups:
        try:
            look_up()
        except UnknownFamilyError as error:
            reasons.append(str(error))
    why = "; ".join(reasons) or "the files name neither a class nor a model type"
    example = "CLIPImageProcessor" if catalogue is IMAGES else "Qwen2VLVideoProcessor"
    return UnknownFamilyError(
        f"{checkpoint.source}: {why}. If you know the model, pass its configuration as config=..., or load the file "
        f"with a class, as in {example}.from_pretrained(...)"
    )
