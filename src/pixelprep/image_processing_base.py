"""What an image processor is apart from pixels: its settings, its binding to a backend, its files."""

from __future__ import annotations

import copy
import inspect
import json
import logging
import typing
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

from . import ops
from .image_utils import PILImageResampling
from .processing_utils import ImagesKwargs, KwargsSchema, Options, SizeDict, Unpack

if TYPE_CHECKING:
    import os

logger = logging.getLogger("pixelprep")

# Keys of published files that say nothing about pixels; kept like all unknown keys, but not worth a message.
SERVICE_KEYS = frozenset({"processor_class", "auto_map", "_name_or_path", "transformers_version", "use_fast"})
TYPE_KEYS = frozenset({"image_processor_type", "feature_extractor_type", "_valid_processor_keys"})
# What uses a size; where that is off, published files write -1 for "none".
SIZE_FLAGS = {"do_resize": "size", "do_center_crop": "crop_size", "do_pad": "pad_size"}
MOST_RESOLVED = 64  # sets of call arguments that an instance remembers


class ImageProcessingMixin:
    """Settings that are checked once and shared safely, and the files that keep them.

    `valid_kwargs` names the settings and their types, class attributes are their defaults.
    """

    valid_kwargs: ClassVar[type] = ImagesKwargs
    unsaved_kwargs: ClassVar[frozenset[str]] = frozenset()
    backend: ClassVar[str] = ""
    family: ClassVar[type[ImageProcessingMixin] | None] = None

    _options: Options
    _resolved: dict[Any, Options]
    _unknown: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "valid_kwargs" not in cls.__dict__ and "__init__" in cls.__dict__:
            declared = _unpacked_kwargs(cls.__dict__["__init__"])
            if declared is not None:
                cls.valid_kwargs = declared

    def __init__(self, **kwargs: Unpack[ImagesKwargs]) -> None:
        cls = type(self)
        if not cls.backend:
            name = cls.__name__
            raise TypeError(f"{name} is written for every backend; choose one, for example {name}.on('pil')(...)")
        reason = ops.get_backend(cls.backend).missing()
        if reason is not None:
            ops.get_ops(cls.backend)  # raises, with the command that installs it
        object.__setattr__(self, "_unknown", {})
        self._set_attributes(**kwargs)

    # ------------------------------------------------------------------------------------------------ binding

    @classmethod
    def on(cls, backend: str) -> type[Self]:
        """This family's class on a backend, for example `CLIP.on("pil")`; the same object each time.

        Raises:
            UnknownBackendError: there is no such backend.
        """
        from .image_processing_backends import bind

        return typing.cast("type[Self]", bind(cls.family or cls, backend))  # type: ignore[arg-type]

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
        if "_defaults" not in cls.__dict__:
            values = {name: getattr(cls, name, None) for name in cls._schema().types}
            square = bool(values.get("default_to_square"))
            cls._defaults = cls._schema().check(values, cls.__name__, square=square)  # type: ignore[attr-defined]
        return cls.__dict__["_defaults"]  # type: ignore[no-any-return]

    def _set_attributes(self, **kwargs: Any) -> None:
        """Set every declared name as an attribute: the value given, else the class's default."""
        cls = type(self)
        defaults = cls._class_defaults()
        square = kwargs.get("default_to_square")
        square = defaults["default_to_square"] if square is None else square
        given = cls._schema().check(kwargs, cls.__name__, square=bool(square))
        values = self._standardize_kwargs(**{**defaults, **given})
        self.__dict__.update(values)
        self.__dict__.update(_options=Options(values), _resolved={})

    def __setattr__(self, name: str, value: Any) -> None:
        schema = type(self)._schema()
        if name in schema.types and "_options" in self.__dict__:
            square = bool(self.__dict__.get("default_to_square", True))
            given = schema.check({name: value}, type(self).__name__, square=square)
            values = self._standardize_kwargs(**{**self._options, **given})
            self.__dict__.update(values, _options=Options(values), _resolved={})
        else:
            object.__setattr__(self, name, value)

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
        needs = {
            "do_resize": ("size", "resample"),
            "do_center_crop": ("crop_size",),
            "do_rescale": ("rescale_factor",),
            "do_normalize": ("image_mean", "image_std"),
        }
        for flag, names in needs.items():
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
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any) -> Self:
        """A processor from a folder, a JSON file or a hub id; keyword arguments replace what the file says.

        See `AutoImageProcessor.from_pretrained` for the arguments that choose a revision, a token and so on.
        """
        from .auto import load_image_processor

        return typing.cast("Self", load_image_processor(pretrained_model_name_or_path, kwargs, typing.cast(Any, cls)))

    @classmethod
    def from_dict(cls, image_processor_dict: Mapping[str, Any], **kwargs: Any) -> Self:
        """A processor from the contents of a configuration file.

        Keys that the family does not know are kept: they read as attributes, are saved again and logged once.

        Args:
            image_processor_dict: the file's contents.
            kwargs: values that replace the file's.

        Raises:
            TypeError, ValueError: as at construction.
        """
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
        return processor

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
        config: dict[str, Any] = copy.deepcopy(self._unknown)
        for name, value in self._options.items():
            if name not in cls.unsaved_kwargs and (value is not None or defaults[name] is not None):
                config[name] = _plain(value)
        config["image_processor_type"] = cls.plain_name()
        return config

    @classmethod
    def plain_name(cls) -> str:
        """The class's name without a backend's suffix, as files record it."""
        suffix = ops.get_backend(cls.backend).suffix if cls.backend else ""
        return cls.__name__.removesuffix(suffix)

    def to_json_string(self) -> str:
        """The configuration as sorted, indented JSON."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def to_json_file(self, json_file_path: str | os.PathLike[str]) -> None:
        """Write the configuration to a file, whole or not at all."""
        from .utils import write_atomically

        write_atomically(json_file_path, self.to_json_string().encode())

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
        from .auto import save_image_processor

        return save_image_processor(typing.cast(Any, self), save_directory, push_to_hub, kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.to_json_string().rstrip()}"

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self)
        if "family" not in cls.__dict__:  # written by hand, or a subclass of a bound class
            return super().__reduce__()  # type: ignore[return-value]
        return _restore, (cls.family, cls.backend, self.__dict__)


def _restore(family: type[ImageProcessingMixin], backend: str, state: dict[str, Any]) -> ImageProcessingMixin:
    """Unpickle: bound classes are made on demand, so they are found through their family."""
    cls = family.on(backend)
    processor = cls.__new__(cls)
    processor.__dict__.update(state)
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


@cache
def _log_unknown(name: str, keys: tuple[str, ...]) -> None:
    logger.warning("%s does not know these keys of the configuration; they are kept: %s", name, ", ".join(keys))
