"""The size of an image in every style that published configurations use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

SIZE_STYLES = (
    {"height", "width"},
    {"shortest_edge"},
    {"shortest_edge", "longest_edge"},
    {"longest_edge"},
    {"max_height", "max_width"},
    {"min_pixels", "max_pixels"},
)


_FIELDS = ("height", "width", "shortest_edge", "longest_edge", "max_height", "max_width", "min_pixels", "max_pixels")


class SizeDict(dict[str, int]):
    """An image size in one of the styles that published configurations use; pixels, or pixel counts for `*_pixels`.

    An immutable dictionary of the fields that are set: it equals a `dict` of the same items and is written by `json`.
    Fields that are not set read as None, as attributes and as items; any other key is a KeyError.

    Args:
        args: values of `height`, `width`, ... in the order of the attributes.
        kwargs: the same by name; None leaves a field unset.
    """

    height: int | None
    width: int | None
    shortest_edge: int | None
    longest_edge: int | None
    max_height: int | None
    max_width: int | None
    min_pixels: int | None
    max_pixels: int | None

    def __init__(self, *args: int | None, **kwargs: int | None) -> None:
        given = {**dict(zip(_FIELDS, args, strict=False)), **kwargs}
        if len(args) > len(_FIELDS) or not given.keys() <= set(_FIELDS):
            raise TypeError(f"a size has the fields {', '.join(_FIELDS)}, not {', '.join(map(str, given))}")
        super().__init__({name: given[name] for name in _FIELDS if given.get(name) is not None})  # type: ignore[misc]

    if not TYPE_CHECKING:  # which knows the fields, and shall find any other

        def __getattr__(self, name: str) -> int | None:
            if name in _FIELDS:
                return self.get(name)
            raise AttributeError(f"a size has no {name!r}; it has {', '.join(_FIELDS)}")

    def __missing__(self, key: str) -> int | None:
        if key in _FIELDS:
            return None
        raise KeyError(key)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __or__(self, other: Any) -> Any:
        return SizeDict(**{**self, **other})

    def __ror__(self, other: Any) -> Any:
        return {**other, **self}

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (dict(self),)

    def __copy__(self) -> SizeDict:
        return self

    def __deepcopy__(self, memo: Any) -> SizeDict:
        return self

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("a size cannot be changed in place; write `processor.size = {...}` with all its items")

    __setitem__ = __delitem__ = __setattr__ = __delattr__ = __ior__ = _refuse
    update = pop = popitem = clear = setdefault = _refuse

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
        fields = () if isinstance(value, (Mapping, int, list, tuple)) else _FIELDS
        if any(hasattr(value, field) for field in fields):  # a size of another library
            value = {field: getattr(value, field, None) for field in fields}
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
            if hasattr(number, "tolist"):  # NumPy's numbers
                number = number.tolist()
            if isinstance(number, float) and number.is_integer():
                number = int(number)
            sizes[key] = number
            if not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f"`{name}[{key!r}]` must be a positive int, not {number!r:.60}")
            if not 0 < number < 2**31:
                raise ValueError(f"`{name}[{key!r}]` must be a positive int below 2**31, not {number}")
        return cls(**sizes)


def _restore(items: dict[str, int]) -> SizeDict:
    return SizeDict(**items)


SizeInput: TypeAlias = SizeDict | int | Sequence[int] | Mapping[str, int]
"""What `SizeDict.parse` reads."""
