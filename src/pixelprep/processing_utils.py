"""Keyword arguments of image processors: their names, their types, and the one pass that resolves them.

An image processor reads its settings from three places: the call, the instance, the class. `KwargsSchema` turns
whatever was given into canonical, immutable values and refuses names that nobody declared.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, NoReturn, TypeAlias, TypedDict, Unpack

import msgspec

from .image_utils import ChannelDimension, PILImageResampling
from .utils import nearest

__all__ = ["ImagesKwargs", "KwargsSchema", "Options", "SizeDict", "Unpack"]

SIZE_STYLES = (
    {"height", "width"},
    {"shortest_edge"},
    {"shortest_edge", "longest_edge"},
    {"longest_edge"},
    {"max_height", "max_width"},
    {"min_pixels", "max_pixels"},
)
TENSOR_TYPES = ("np", "pt", "mlx", "jax")
DTYPES = ("float32", "float16", "bfloat16", "uint8")


@dataclass(frozen=True, slots=True)
class SizeDict(Mapping[str, int]):
    """An image size in one of the styles that published configurations use; pixels, or pixel counts for `*_pixels`.

    An immutable mapping over the fields that are set: `dict(size)`, `size["height"]`, `size.get("width")` work, and
    attributes that are not set read as None.
    """

    height: int | None = None
    width: int | None = None
    shortest_edge: int | None = None
    longest_edge: int | None = None
    max_height: int | None = None
    max_width: int | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None

    def __getitem__(self, key: str) -> int:
        value = getattr(self, key) if key in _SIZE_FIELDS else None
        if value is None:
            raise KeyError(key)
        return typing.cast(int, value)

    def __iter__(self) -> Iterator[str]:
        return (name for name in _SIZE_FIELDS if getattr(self, name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __str__(self) -> str:
        return str(dict(self))

    @classmethod
    def parse(cls, value: Any, *, name: str = "size", square: bool = True) -> SizeDict:
        """Read any published style of size: an int, a sequence `(height, width)`, a mapping, a SizeDict.

        Args:
            value: what was given.
            name: the keyword's name, for messages.
            square: an int is `{height, width}` if true, else `{shortest_edge}`.

        Raises:
            TypeError: the value or one of its numbers has the wrong type.
            ValueError: the keys are no known style, or a number is not positive.
        """
        if isinstance(value, cls):
            return value
        if hasattr(value, "tolist"):
            value = value.tolist()
        if isinstance(value, Mapping):
            sizes = {key: number for key, number in value.items() if number is not None}
        elif isinstance(value, int) and not isinstance(value, bool):
            sizes = {"height": value, "width": value} if square else {"shortest_edge": value}
        elif isinstance(value, (list, tuple)) and value:
            sizes = {"height": value[0], "width": value[-1] if len(value) == 1 else value[1]}
        else:
            raise TypeError(f"`{name}` must be an int, a sequence (height, width) or a dict, not {value!r}")
        if set(sizes) not in SIZE_STYLES:
            styles = ", ".join("{" + ", ".join(sorted(style)) + "}" for style in SIZE_STYLES)
            raise ValueError(
                f"`{name}` has the keys {sorted(map(str, sizes))}; use one of these sets of keys: {styles}"
            )
        for key, number in sizes.items():
            if isinstance(number, float) and number.is_integer():
                sizes[key] = number = int(number)
            if not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f"`{name}[{key!r}]` must be a positive int, not {number!r}")
            if not 0 < number < 2**31:
                raise ValueError(f"`{name}[{key!r}]` must be a positive int below 2**31, not {number}")
        return cls(**sizes)


SizeInput: TypeAlias = SizeDict | int | Sequence[int] | Mapping[str, int]
"""What `SizeDict.parse` reads."""

_SIZE_FIELDS = tuple(field.name for field in fields(SizeDict))


class ImagesKwargs(TypedDict, total=False):
    """The keyword arguments that every image processor takes, at construction and at the call.

    do_convert_rgb (`bool`):
        Convert images to RGB first; alpha is dropped.
    do_resize (`bool`):
        Resize images to `size`.
    size (`int`, `(height, width)` or `dict[str, int]`):
        Target size in pixels: `{"height", "width"}`, `{"shortest_edge"}`, `{"shortest_edge", "longest_edge"}`,
        `{"longest_edge"}`, `{"max_height", "max_width"}` or `{"min_pixels", "max_pixels"}`.
    default_to_square (`bool`):
        Whether an integer `size` means a square or the length of the shortest edge.
    crop_size (`int`, `(height, width)` or `dict[str, int]`):
        Size of the centre crop in pixels.
    resample (`PILImageResampling`, `int` or `str`):
        Filter used for resizing.
    do_rescale (`bool`):
        Multiply pixel values by `rescale_factor`.
    rescale_factor (`float`):
        Usually 1/255, which brings uint8 pixels to 0..1.
    do_normalize (`bool`):
        Subtract `image_mean` and divide by `image_std`.
    image_mean (`float` or `list[float]`):
        Mean of each channel, on the scale of the rescaled image.
    image_std (`float` or `list[float]`):
        Standard deviation of each channel, on the scale of the rescaled image.
    do_pad (`bool`):
        Pad images at the bottom and the right, to `pad_size` or to the largest of the batch.
    pad_size (`int`, `(height, width)` or `dict[str, int]`, *optional*):
        Size to pad to in pixels; None pads to the largest image of the batch.
    do_center_crop (`bool`):
        Crop images to `crop_size` around their centre, with zeros where they are smaller.
    data_format (`str` or `ChannelDimension`, *optional*):
        Accepted for compatibility; outputs are always channels first.
    input_data_format (`str` or `ChannelDimension`, *optional*):
        Layout of array inputs, "channels_first" or "channels_last"; None infers it from the shape.
    device (`str` or `torch.device`, *optional*):
        Where the torchvision backend works, for example "cuda"; other backends take "cpu" only.
    return_tensors (`str`, *optional*):
        "np", "pt", "mlx" or "jax" stack the outputs into arrays of that library; None leaves lists of the backend's.
    dtype (`str`, *optional*):
        Type of the floating-point outputs: "float32" (when None), "float16" or "bfloat16"; "uint8" leaves pixels as
        they are and needs `do_rescale=False, do_normalize=False`.
    disable_grouping (`bool`, *optional*):
        Do not stack images of one shape for processing; None stacks them on a GPU only.
    image_seq_length (`int`, *optional*):
        Number of tokens that one image takes in a prompt; kept for processors that read it.
    """

    do_convert_rgb: bool
    do_resize: bool
    size: SizeInput
    default_to_square: bool
    crop_size: SizeInput
    resample: PILImageResampling | int | str
    do_rescale: bool
    rescale_factor: float
    do_normalize: bool
    image_mean: float | tuple[float, ...]
    image_std: float | tuple[float, ...]
    do_pad: bool
    pad_size: SizeInput | None
    do_center_crop: bool
    data_format: ChannelDimension | None
    input_data_format: ChannelDimension | None
    device: Any | None
    return_tensors: str | None
    dtype: str | None
    disable_grouping: bool | None
    image_seq_length: int | None


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


def unknown_names(names: Iterable[str], allowed: Iterable[str], owner: str) -> str:
    """The message for names that `owner` does not know: each with its nearest match, then all allowed ones."""
    allowed = sorted(allowed)
    parts = []
    for name in names:
        close = nearest(name, allowed)
        parts.append(f"`{name}`" + (f" (did you mean `{close}`?)" if close else ""))
    return f"{owner} has no {', '.join(parts)}. Allowed: {', '.join(allowed)}"


class KwargsSchema:
    """The names and types that a kwargs TypedDict declares, and the checks that follow from them.

    Whether a declared type admits None decides what None means in a call: a value of its own (`pad_size: ... | None`)
    or "not given" (`do_resize: bool`).
    """

    def __init__(self, kwargs_type: type) -> None:
        self.types = dict(_type_hints(kwargs_type))
        self.sizes = frozenset(name for name, hint in self.types.items() if _mentions(hint, SizeDict))
        self.filters = frozenset(name for name, hint in self.types.items() if _mentions(hint, PILImageResampling))
        self.nullable = frozenset(name for name, hint in self.types.items() if _mentions(hint, types.NoneType))

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
        unknown = [name for name in kwargs if name not in self.types]
        if unknown:
            raise TypeError(unknown_names(unknown, self.types, owner))
        return {name: self._convert(name, value, owner, square) for name, value in kwargs.items()}

    def _convert(self, name: str, value: Any, owner: str, square: bool) -> Any:
        if value is None:
            return None
        if name in self.sizes:
            return SizeDict.parse(value, name=name, square=square or name != "size")
        if hasattr(value, "tolist"):
            value = value.tolist()
        try:
            if name in self.filters:
                value = PILImageResampling.parse(value)
            else:
                value = msgspec.convert(value, self.types[name])
        except (msgspec.ValidationError, TypeError) as error:
            raise TypeError(f"{owner}: `{name}` cannot be {_short(value)}: {error}") from None
        for ending, (allowed, fits) in _CHECKS.items():
            if name.endswith(ending) and not fits(value):
                raise ValueError(f"{owner}: `{name}` must be {allowed}, not {value!r}")
        return value


def _finite(value: Any) -> bool:
    return all(abs(number) < float("inf") for number in (value if isinstance(value, tuple) else (value,)))


def _usable_divisor(value: Any) -> bool:
    return _finite(value) and all(number != 0 for number in (value if isinstance(value, tuple) else (value,)))


# By the ending of a name: `high_res_image_std` is checked as `image_std` is.
_CHECKS: dict[str, tuple[str, typing.Callable[[Any], bool]]] = {
    "return_tensors": (f"one of {', '.join(TENSOR_TYPES)} or None", TENSOR_TYPES.__contains__),
    "dtype": (f"one of {', '.join(DTYPES)} or None", DTYPES.__contains__),
    "image_mean": ("finite", _finite),
    "image_std": ("finite and not zero", _usable_divisor),
    "rescale_factor": ("finite and not zero", _usable_divisor),
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


def _mentions(hint: Any, kind: type) -> bool:
    return hint is kind or any(_mentions(part, kind) for part in typing.get_args(hint))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
