"""What an image processor is apart from pixels: its settings, its binding to a backend, its files."""

from __future__ import annotations

import contextlib
import copy
import copyreg
import inspect
import json
import operator
import os
import re
import typing
import warnings
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Self

from .core import releases
from .core.callers import log_once
from .core.enums import PILImageResampling
from .core.errors import explained
from .core.files import write_atomically
from .core.names import borrowed
from .core.schema import OLD_NAMES, KwargsSchema, Options
from .core.sizes import SizeDict
from .core.version import __version__
from .ops import Ops, get_backend, get_ops
from .ops.protocol import refuse_incomplete
from .processing_utils import ImagesKwargs, Unpack

# Keys of published files that say nothing about pixels; kept like all unknown keys, but not worth a message.
SERVICE_KEYS = frozenset({"processor_class", "auto_map", "_name_or_path", "transformers_version", "use_fast"})
TYPE_KEYS = frozenset(
    {"image_processor_type", "video_processor_type", "feature_extractor_type", "_valid_processor_keys"}
)
TRANSIENT = frozenset({"_resolved", "_ops", "_plans"})
UNSAVED = frozenset({"reference"})
# What uses a size; where that is off, published files write -1 for "none".
SIZE_FLAGS = {"do_resize": "size", "do_center_crop": "crop_size", "do_pad": "pad_size"}
# What an option that is switched on needs; a family says in `needs` where it is otherwise.
NEEDS: dict[str, tuple[str, ...]] = {
    "do_resize": ("size", "resample"),
    "do_center_crop": ("crop_size",),
    "do_rescale": ("rescale_factor",),
    "do_normalize": ("image_mean", "image_std"),
}
_SWITCHED = frozenset(name for names in NEEDS.values() for name in names)
MOST_RESOLVED = 64  # sets of call arguments that an instance remembers

# Options that change where outputs are or how they are packed, not what is in them.
_NOT_PIXELS = frozenset({"device", "return_tensors", "disable_grouping", "data_format"})


class ImageProcessingMixin:
    """Settings that are checked once and shared safely, and the files that keep them.

    `valid_kwargs` names the settings and their types, class attributes are their defaults.

    Args:
        ops: verbs to use in place of the backend's, with which a family needs no backend.
        kwargs: settings.
    """

    valid_kwargs: ClassVar[type] = ImagesKwargs
    kind: ClassVar[str] = "Image"
    """What is processed, as names of classes have it; files record the class as `image_processor_type`."""
    unsaved_kwargs: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Flag -> options without which it cannot be on, where the family differs from `NEEDS`."""
    files_beside: ClassVar[tuple[str, ...]] = ()
    """Options that name files which lie beside the JSON: paths once loaded, saved with it under their names."""
    backend: ClassVar[str] = ""
    family: ClassVar[type[ImageProcessingMixin] | None] = None
    reference: str = ""
    """The release of transformers whose behaviour this processor has: `set_reference`'s when it was made."""

    _options: Options
    _resolved: dict[Any, Options]
    _unknown: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in list(vars(cls).items()):
            if name.startswith("post_process_") and callable(member):
                setattr(cls, name, explained(member))
        if "valid_kwargs" not in cls.__dict__ and "__init__" in cls.__dict__:
            declared = _unpacked_kwargs(cls.__dict__["__init__"])
            if declared is not None:
                cls.valid_kwargs = declared

    def __init__(self, **kwargs: Unpack[ImagesKwargs]) -> None:
        cls = type(self)
        verbs = typing.cast(dict[str, Any], kwargs).pop("ops", None)
        if verbs is not None:
            refuse_incomplete(verbs, "`ops`")
            self.__dict__["_ops"] = verbs
        elif not cls.backend:
            name = cls.__name__
            raise TypeError(f"{name} is written for every backend; choose one, for example {name}.on('pil')(...)")
        elif get_backend(cls.backend).missing() is not None:
            get_ops(cls.backend)  # raises, with the command that installs it
        settings, unknown = self._of_a_file(kwargs)
        self.__dict__.update(_unknown=unknown, reference=cls.reference or releases.get_reference())
        self._set_attributes(**settings)

    def fact(self, name: str) -> Any:
        """What holds in the release that this processor follows; see `core.releases.FACTS`.

        Raises:
            ValueError: `reference` is no release that can be followed.
        """
        cls = type(self)
        return releases.value_of(name, self.reference, (cls.family or cls).__name__)

    # ------------------------------------------------------------------------------------------------ the backend

    @property
    def ops(self) -> Ops:
        """The verbs that do the pixels: those of the class's backend, or those that `with_ops` gave."""
        own = self.__dict__.get("_ops")
        return own if own is not None else get_ops(type(self).backend)

    def with_ops(self, verbs: Ops) -> Self:
        """The same processor with other verbs: a dry run, a drawing, a checked run.

        Raises:
            IncompleteBackendError: they lack verbs or attributes of `Ops`.
        """
        refuse_incomplete(verbs, "these verbs")
        twin = copy.copy(self)
        twin.__dict__["_ops"] = verbs
        return twin

    @property
    def is_fast(self) -> bool:
        """Deprecated: whether the backend is torchvision; ask `backend`."""
        warnings.warn("is_fast is deprecated; look at `backend`", DeprecationWarning, stacklevel=2)
        return type(self).backend == "torchvision"

    # -------------------------------------------------------------------------------------------- keyword arguments

    @classmethod
    def _schema(cls) -> KwargsSchema:
        return KwargsSchema.of(cls.valid_kwargs)

    @classmethod
    def _class_defaults(cls) -> dict[str, Any]:
        """Canonical class attributes of every declared name; None where the class sets nothing."""
        values = {name: getattr(cls, name, None) for name in cls._schema().types}
        known, defaults = cls.__dict__.get("_defaults", ((), {}))
        if len(known) != len(values) or any(map(operator.is_not, known, values.values())):  # new, or set since
            defaults = cls._schema().check(values, cls.__name__, square=bool(values.get("default_to_square")))
            cls._defaults = tuple(values.values()), defaults  # type: ignore[attr-defined]
        return defaults  # type: ignore[no-any-return]

    def _set_attributes(self, **kwargs: Any) -> None:
        """Set every declared name as an attribute: the value given, else the class's default."""
        cls = type(self)
        defaults = cls._class_defaults()
        square = kwargs.get("default_to_square")
        square = defaults["default_to_square"] if square is None else square
        given = cls._schema().check(kwargs, cls.__name__, square=bool(square))
        given = {name: value for name, value in given.items() if value is not None or cls._switched_off_by_none(name)}
        values = self._standardize_kwargs(**{**defaults, **given})
        self.__dict__.update(values)
        self.__dict__.update(_options=Options(values), _resolved={})

    @classmethod
    def _of_a_file(cls, kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Keyword arguments without what `to_dict` writes beside settings, and of that what is kept.

        So that `Class(**processor.to_dict())` is the same processor. Whoever writes keyword arguments by hand gives no
        type, and is told of every name that is unknown.
        """
        beside = {name for name in kwargs if name in SERVICE_KEYS}
        if not TYPE_KEYS.isdisjoint(kwargs):
            known = cls._known_names()
            beside |= kwargs.keys() - known - {old for old, new in OLD_NAMES.items() if new in known}
        settings = {name: value for name, value in kwargs.items() if name not in beside | TYPE_KEYS}
        return settings, {name: copy.deepcopy(kwargs[name]) for name in kwargs if name in beside - TYPE_KEYS}

    @classmethod
    def _switched_off_by_none(cls, name: str) -> bool:
        """Whether None is a value of an option: flags, what flags need, and what its type says; else the default."""
        schema = cls._schema()
        return name in schema.nullable or name in schema.sizes or name.startswith("do_") or name in _SWITCHED

    def __setattr__(self, name: str, value: Any) -> None:
        schema = type(self)._schema()
        name = OLD_NAMES.get(name, name) if OLD_NAMES.get(name) in schema.types else name
        if name in schema.types and "_options" in self.__dict__:
            square = bool(self.__dict__.get("default_to_square", True))
            given = schema.check({name: value}, type(self).__name__, square=square)
            values = self._standardize_kwargs(**{**self._options, **given})
            self.__dict__.update(values, _options=Options(values), _resolved={})
        else:
            object.__setattr__(self, name, value)
            self.__dict__.get("_unknown", {}).pop(name, None)  # what a file said of it counts no more
        self.__dict__.pop("_plans", None)  # a step may read any attribute

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self.__dict__.pop("_plans", None)

    def __getattr__(self, name: str) -> Any:
        unknown = self.__dict__.get("_unknown", {})
        if name in unknown:
            return unknown[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def _standardize_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Bring canonical values into the family's own form; called with every option, at construction and per call."""
        return kwargs

    def _validate_preprocess_kwargs(self, **kwargs: Any) -> None:
        """Refuse combinations that cannot work.

        Raises:
            ValueError: an option that is switched on lacks what it needs.
        """
        for flag, names in {**NEEDS, **self.needs}.items():
            absent = [name for name in names if kwargs.get(flag) and kwargs.get(name) is None]
            if absent:
                raise ValueError(
                    f"{type(self).__name__}: `{flag}` is on but {' and '.join(f'`{n}`' for n in absent)} "
                    f"{'is' if len(absent) == 1 else 'are'} not set; set it, or pass {flag}=False"
                )
        if kwargs.get("dtype") == "uint8" and (kwargs.get("do_rescale") or kwargs.get("do_normalize")):
            raise ValueError(
                'dtype="uint8" keeps pixels as they are: pass do_rescale=False, do_normalize=False with it'
            )

    def _resolve(self, kwargs: dict[str, Any]) -> Options:
        """The options of one call: call > instance > class, checked; remembered, for calls repeat themselves."""
        key = (*kwargs, *kwargs.values(), *map(type, kwargs.values()))  # types too, for 1 equals True
        try:
            known = self._resolved.get(key)
        except TypeError:  # an unhashable value
            return self._resolve_anew(kwargs)
        if known is None:
            known = self._resolve_anew(kwargs)
            if len(self._resolved) < MOST_RESOLVED:
                self._resolved[key] = known
        return known

    def _resolve_anew(self, kwargs: dict[str, Any]) -> Options:
        cls, schema = type(self), type(self)._schema()
        square = kwargs.get("default_to_square")
        given = schema.check(kwargs, cls.__name__, square=bool(self.default_to_square if square is None else square))
        given = {name: value for name, value in given.items() if value is not None or name in schema.nullable}
        options = Options(self._standardize_kwargs(**{**self._options, **given}) if given else self._options)
        self._validate_preprocess_kwargs(**options)
        return options

    # ------------------------------------------------------------------------------------------ files and dictionaries

    @classmethod
    def from_dict(cls, image_processor_dict: Mapping[str, Any], **kwargs: Any) -> Any:
        """A processor from the contents of a configuration file.

        Keys that the family does not know are kept: they read as attributes, are saved again and logged once.

        Args:
            image_processor_dict: the file's contents.
            kwargs: values that replace the file's; `return_unused_kwargs=True` gives `(processor, unused)`, the keyword
                arguments that are no settings, instead of raising for them.

        Raises:
            TypeError, ValueError: as at construction.
        """
        wanted, unused = kwargs.pop("return_unused_kwargs", False), {}
        if wanted:
            unused = {name: kwargs.pop(name) for name in kwargs.keys() - cls._known_names()}
        image_processor_dict = cls._schema().by_new_names(image_processor_dict, cls.__name__)
        names = cls._known_names()
        config = {name: value for name, value in image_processor_dict.items() if name in names}
        for flag, name in SIZE_FLAGS.items():
            size = config.get(name)
            if not config.get(flag, True) and isinstance(size, Mapping) and set(size.values()) == {-1}:
                config[name] = None
        unknown = {name: value for name, value in image_processor_dict.items() if name not in names | TYPE_KEYS}
        processor = cls(**{**config, **kwargs})
        processor.__dict__["_unknown"] = copy.deepcopy(unknown)
        strange = tuple(sorted(unknown.keys() - SERVICE_KEYS))
        if strange:
            _log_unknown(cls.__name__, strange)
        return (processor, unused) if wanted else processor

    @classmethod
    def from_json_file(cls, json_file: str | os.PathLike[str]) -> Any:
        """A processor from a file like `preprocessor_config.json`.

        Raises:
            FileNotFoundError: there is none. ConfigError: it cannot be used. As `from_dict`.
        """
        load: Any = cls
        return load.from_pretrained(json_file)

    @classmethod
    def get_image_processor_dict(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The image processor's settings in a checkpoint's files, and the keyword arguments that say nothing of files.

        Raises:
            as `from_pretrained`.
        """
        from .checkpoints.loading import open_checkpoint

        checkpoint, _ = open_checkpoint(pretrained_model_name_or_path, kwargs, cls.kind)
        return dict(checkpoint.settings), kwargs

    def push_to_hub(self, repo_id: str, **kwargs: Any) -> None:
        """Upload `preprocessor_config.json`; see `save_pretrained(push_to_hub=True)`.

        Args:
            repo_id: "owner/name".
            kwargs: for the hub client, such as `token`, `private`, `commit_message`.
        """
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder, push_to_hub=True, repo_id=repo_id, **kwargs)

    _auto_class: ClassVar[str | None] = None

    @classmethod
    def register_for_auto_class(cls, auto_class: str | type = "AutoImageProcessor") -> None:
        """Let a class of one's own be saved with its code: `save_pretrained` writes the module and `auto_map`.

        Raises:
            ValueError: this is no name of an auto class.
        """
        name = auto_class if isinstance(auto_class, str) else auto_class.__name__
        if not re.fullmatch("Auto[A-Za-z]+", name):
            raise ValueError(f"an auto class is AutoImageProcessor or another class called Auto..., not {name!r}")
        cls._auto_class = name

    @classmethod
    def _known_names(cls) -> set[str]:
        """Every keyword that the constructor takes: the declared ones and those that `__init__` spells out."""
        parameters = inspect.signature(cls.__init__).parameters.values()
        spelled = {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)} - {"self"}
        return spelled | cls._schema().types.keys()

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON values: what is set, and None where it switches off a default of the class."""
        cls = type(self)
        defaults = cls._class_defaults()
        config: dict[str, Any] = copy.deepcopy(self._unknown) | self._own_settings()
        for name, value in self._options.items():
            if name not in cls.unsaved_kwargs and (value is not None or defaults[name] is not None):
                config[name] = _plain(value)
        beside = [name for name in cls.files_beside if os.path.isfile(config.get(name) or "")]
        config.update({name: os.path.basename(config[name]) for name in beside})
        config[f"{cls.kind.lower()}_processor_type"] = cls.plain_name()
        return config

    def _own_settings(self) -> dict[str, Any]:
        """What a subclass or a user set that no schema declares, as far as JSON can hold it."""
        own = {}
        for name, value in self.__dict__.items():
            if name.startswith("_") or name in self._options or name in UNSAVED:
                continue
            with contextlib.suppress(TypeError, ValueError):
                own[name] = json.loads(json.dumps(_plain(value), allow_nan=False))
        return own

    @classmethod
    def plain_name(cls) -> str:
        """The class's name without a backend's suffix, as files record it."""
        suffix = get_backend(cls.backend).suffix if cls.backend else ""
        return cls.__name__.removesuffix(suffix)

    def to_json_string(self) -> str:
        """The configuration as sorted, indented JSON."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def to_json_file(self, json_file_path: str | os.PathLike[str]) -> None:
        """Write the configuration to a file, whole or not at all."""
        write_atomically(json_file_path, self.to_json_string().encode())

    def preprocess_fingerprint_payload(self) -> dict[str, Any]:
        """What decides about the outputs for given images, as JSON values: for the keys of caches.

        Equal for equal settings in every process, and on backends that promise each other's bits.
        """
        verbs = self.ops
        settings = {name: _plain(value) for name, value in self._options.items() if name not in _NOT_PIXELS}
        files = {name: Path(settings[name] or "") for name in self.files_beside}  # count by what they hold
        settings |= {name: sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file.is_file()}
        return {
            "image_processor": type(self).plain_name(),
            "pixels": getattr(verbs, "same_bits_as", verbs.name),
            "reference": self.reference,
            "settings": settings,
            "pixelprep": __version__,
        }

    def digest(self) -> str:
        """The SHA-256 of `preprocess_fingerprint_payload`, in hexadecimal."""
        payload = self.preprocess_fingerprint_payload()
        return sha256(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], push_to_hub: bool = False, **kwargs: Any
    ) -> list[str]:
        """Write `preprocessor_config.json` into a folder, and upload it if `push_to_hub`.

        Args:
            save_directory: made if absent.
            push_to_hub: also upload, with `kwargs` (`repo_id`, `token`, `private`, ...) for the hub client.

        Returns:
            The paths written.
        """
        from .checkpoints.saving import save_image_processor

        return save_image_processor(typing.cast(Any, self), save_directory, push_to_hub, kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.to_json_string().rstrip()}"

    def __getstate__(self) -> dict[str, Any]:
        """What makes this processor what it is; nothing that calls leave behind, so that pickles stay the same."""
        return {name: value for name, value in self.__dict__.items() if name not in TRANSIENT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _resolved={})

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, _resolved={}, _plans={})
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self)
        if "family" not in cls.__dict__:  # written by hand, or a subclass of a bound class
            return copyreg.__newobj__, (cls,), self.__getstate__()  # type: ignore[attr-defined]
        return _restore, (cls.family, cls.backend, self.__getstate__())


def _restore(family: type[ImageProcessingMixin], backend: str, state: dict[str, Any]) -> ImageProcessingMixin:
    """Unpickle: bound classes are made on demand, so they are found through their family."""
    cls = typing.cast(Any, family).on(backend)
    processor: ImageProcessingMixin = cls.__new__(cls)
    processor.__setstate__(state)
    return processor


def _unpacked_kwargs(init: Callable[..., Any]) -> type | None:
    """The TypedDict in `__init__(self, **kwargs: Unpack[...])`, if there is one.

    Raises:
        TypeError: it stands where it cannot be found again, inside a function.
    """
    parameters = inspect.signature(init).parameters.values()
    hint = next((p.annotation for p in parameters if p.kind is p.VAR_KEYWORD), None)
    if isinstance(hint, str) and "Unpack" in hint:
        try:
            hint = eval(hint, init.__globals__)
        except NameError as error:
            raise TypeError(
                f"{init.__qualname__} takes `**kwargs: {hint}`, but {error}; define that class at the top of its "
                "module, or set `valid_kwargs` beside `__init__`"
            ) from error
    return typing.cast(type, typing.get_args(hint)[0]) if typing.get_origin(hint) is Unpack else None


def _plain(value: Any) -> Any:
    """A canonical value as JSON has it."""
    if isinstance(value, SizeDict):
        return dict(value)
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, PILImageResampling):
        return int(value)
    return value if isinstance(value, (bool, int, float, dict, type(None))) else str(value)


MOST_TOLD = 20  # of the keys of a file, which may have any number, of any length


def _log_unknown(name: str, keys: tuple[str, ...]) -> None:
    told = ", ".join(ascii(key[:80])[1:-1][:80] for key in keys[:MOST_TOLD]) + (
        ", ..." if len(keys) > MOST_TOLD else ""
    )
    log_once(f"{name} does not know these keys of the configuration; they are kept: {told}")


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = borrowed(
    __name__,
    ("BatchFeature",),
    f"{__name__.partition('.')[0]}.checkpoints.remote_code.helpers",
)
