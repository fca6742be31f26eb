"""Keyword arguments as a TypedDict declares them: their types, and the one pass that turns values into options."""

from __future__ import annotations

import enum
import sys
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn

import msgspec

from .callers import warn_caller
from .enums import PILImageResampling
from .names import shown, unknown_names
from .sizes import SizeDict

# Names of older files and scripts.
OLD_NAMES = {
    "reduce_labels": "do_reduce_labels",
    "pad_and_return_pixel_mask": "do_pad",
    "size_divisibility": "size_divisor",
}
TENSOR_TYPES = ("np", "pt", "mlx", "jax")
DTYPES = ("float32", "float16", "bfloat16", "uint8")


class Options(dict[str, Any]):
    """Resolved keyword arguments of one call: an immutable dictionary whose entries are attributes too.

    Attributes:
        memo: what was derived from the options and from nothing else, to be found again in the next call.
    """

    memo: dict[Any, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.__dict__.update(self, memo={})

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(unknown_names([name], self, "options"))

    def replace(self, **changes: Any) -> Options:
        """A copy with other values under the given names."""
        return Options({**self, **changes})

    def __reduce__(self) -> tuple[type[Options], tuple[dict[str, Any]]]:
        return Options, (dict(self),)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("options are immutable; use options.replace(name=value)")

    __setitem__ = __delitem__ = __setattr__ = __delattr__ = __ior__ = _refuse
    update = pop = popitem = clear = setdefault = _refuse


_TAKEN = frozenset({*dir(Options), "memo"})
"""Names that would be found in `Options` before an option of that name."""


class KwargsSchema:
    """The names and types that a kwargs TypedDict declares, and the checks that follow from them.

    Whether a declared type admits None decides what None means in a call: a value of its own (`pad_size: ... | None`)
    or "not given" (`do_resize: bool`). A `SizeDict | int` keeps an integer as it is; other sizes are all `SizeDict`.
    """

    def __init__(self, kwargs_type: type) -> None:
        self.types = dict(_type_hints(kwargs_type))
        self.sizes = frozenset(name for name, hint in self.types.items() if _mentions(hint, SizeDict))
        self.whole = frozenset(name for name in self.sizes if set(typing.get_args(self.types[name])) == {SizeDict, int})
        self.filters = frozenset(name for name, hint in self.types.items() if _mentions(hint, PILImageResampling))
        self.words = {name: words for name, hint in self.types.items() if (words := _words(hint))}
        self.nullable = frozenset(name for name, hint in self.types.items() if _mentions(hint, types.NoneType))
        if taken := sorted(self.types.keys() & _TAKEN):
            raise TypeError(
                f"{kwargs_type.__name__} cannot call an option {' or '.join(f'`{name}`' for name in taken)}, for "
                "dictionaries have that already; give it another name"
            )

    @staticmethod
    @cache
    def of(kwargs_type: type) -> KwargsSchema:
        """The schema of a TypedDict, built once."""
        return KwargsSchema(kwargs_type)

    def check(self, kwargs: Mapping[str, Any], owner: str, *, square: bool = True) -> dict[str, Any]:
        """Canonical values of keyword arguments; None stays None.

        Args:
            kwargs: what was given.
            owner: the class, for messages.
            square: how an integer `size` is read (`SizeDict.parse`).

        Raises:
            TypeError: an unknown name or a value of the wrong type.
            ValueError: a value out of range.
        """
        kwargs = self.by_new_names(kwargs, owner)
        unknown = [name for name in kwargs if name not in self.types]
        if unknown:
            raise TypeError(unknown_names(unknown, self.types, owner))
        return {name: self._convert(name, value, owner, square) for name, value in kwargs.items()}

    def by_new_names(self, kwargs: Mapping[str, Any], owner: str) -> Mapping[str, Any]:
        """Keyword arguments with old names replaced by those that the schema declares.

        An old name beside its new one with another value is left out, with a warning that names both.
        """
        if kwargs.keys().isdisjoint(OLD_NAMES):
            return kwargs
        renamed = {name: value for name, value in kwargs.items() if name not in OLD_NAMES or name in self.types}
        for name in kwargs.keys() - renamed.keys():
            new, value = OLD_NAMES[name], kwargs[name]
            if new not in self.types:
                renamed[name] = value
            elif renamed.setdefault(new, value) != value:
                warn_caller(
                    f"{owner}: `{name}` is the older name of `{new}`; {new}={shown(renamed[new])} is used, "
                    f"{name}={shown(value)} is not"
                )
        return renamed

    def _convert(self, name: str, value: Any, owner: str, square: bool) -> Any:
        if value is None:
            return None
        value = _plain_numbers(value)
        if name in self.sizes and (name not in self.whole or type(value) is not int):
            return SizeDict.parse(value, name=name, square=square or name != "size")
        if isinstance(value, str) and value not in self.words.get(name, (value,)):
            raise ValueError(f"{owner}: `{name}` must be one of {', '.join(self.words[name])}, not {shown(value)}")
        try:
            if name in self.filters:
                value = PILImageResampling.parse(value)
            elif name not in self.whole:
                value = msgspec.convert(value, self.types[name])
        except (msgspec.ValidationError, TypeError) as error:
            # Of the right type and out of range is a wrong value, as everywhere in Python.
            kind = ValueError if " <= " in str(error) or " >= " in str(error) else TypeError
            raise kind(f"{owner}: `{name}` cannot be {shown(value)}: {error}") from None
        own = typing.get_origin(self.types[name]) is typing.Annotated  # a range of the family's own
        for ending, (allowed, fits) in () if own else _CHECKS.items():
            if name.endswith(ending) and not fits(value):
                raise ValueError(f"{owner}: `{name}` must be {allowed}, not {value!r}")
        return value


def _plain_numbers(value: Any) -> Any:
    """NumPy's numbers and arrays, in lists and dictionaries too, as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain_numbers, value)) if type(value) in (list, tuple) else value
    if type(value) is dict:
        return {key: _plain_numbers(entry) for key, entry in value.items()}
    return value


def _finite(value: Any) -> bool:
    return all(abs(number) < float("inf") for number in (value if isinstance(value, tuple) else (value,)))


def _usable_divisor(value: Any) -> bool:
    """Finite, and so is its reciprocal in float32, in which pixels are divided."""
    numbers = value if isinstance(value, tuple) else (value,)
    return _finite(value) and all(abs(number) > 1 / _LARGEST_FLOAT32 for number in numbers)


def _a_side(value: Any) -> bool:
    return not isinstance(value, int) or 1 <= value <= _LONGEST_SIDE


def _a_divisor(value: Any) -> bool:
    return value == 0 or _a_side(value)


def _a_count(value: Any) -> bool:
    return not isinstance(value, int) or 1 <= value <= _MOST


_LARGEST_FLOAT32 = 3.4028234e38
_LONGEST_SIDE = 2**16
"""Of a patch, a tile, a factor: more pixels than any model's image has a side."""
_MOST = 2**31 - 1
_SIDE = (f"a whole number from 1 to {_LONGEST_SIDE}", _a_side)
_COUNT = (f"a whole number from 1 to {_MOST}", _a_count)

# By the ending of a name: `high_res_image_std` is checked as `image_std` is.
_CHECKS: dict[str, tuple[str, typing.Callable[[Any], bool]]] = {
    "return_tensors": (f"one of {', '.join(TENSOR_TYPES)} or None", TENSOR_TYPES.__contains__),
    "dtype": (f"one of {', '.join(DTYPES)} or None", DTYPES.__contains__),
    "image_mean": ("finite", _finite),
    "image_std": ("finite and not zero, its reciprocal too", _usable_divisor),
    "rescale_factor": ("finite and not zero, its reciprocal too", _usable_divisor),
    **dict.fromkeys(("patch_size", "merge_size", "tile_size", "kernel_size", "min_size"), _SIDE),
    "size_divisor": (f"a whole number from 0, for none, to {_LONGEST_SIDE}", _a_divisor),
    **dict.fromkeys(("expand_factor", "spatial_factor", "downsample_factor", "downscale_factor"), _SIDE),
    **dict.fromkeys(("num_patches", "max_pixels", "min_pixels", "_tokens", "max_model_len"), _COUNT),
}


def _type_hints(kwargs_type: type) -> dict[str, Any]:
    """Type hints of a TypedDict; a name that only a type checker can see (`torch.device`) is left unchecked."""
    hints: dict[str, Any] = {}
    for name, hint in kwargs_type.__annotations__.items():
        if isinstance(hint, typing.ForwardRef):
            module = hint.__forward_module__ or kwargs_type.__module__
            try:
                hint = eval(hint.__forward_arg__, vars(sys.modules[str(module)]))
            except NameError:
                hint = Any
        hints[name] = hint
    return hints


def _words(hint: Any) -> tuple[str, ...]:
    """The words that an option takes, if it takes no others."""
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return tuple(member.value for member in hint)
    return tuple(word for part in typing.get_args(hint) for word in _words(part))


def _mentions(hint: Any, kind: type) -> bool:
    return hint is kind or any(_mentions(part, kind) for part in typing.get_args(hint))
