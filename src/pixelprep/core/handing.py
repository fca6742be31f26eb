"""Options handed over by name: a method gets those that its signature names, and no others.

A step is a method that takes images and, behind them, options by name: `resize(self, image, size, resample, crop_pct)`
gets `crop_pct` because it asks for it, a parameter `options` gets them all, and nothing in between passes them on.
Three rules keep this closed:

- Every name that a step asks for is an option of its class, or the class cannot be made (`check_steps`).
- `**kwargs` of a step carries what its parent's step asks for, up the chain, so that
  `super().resize(image, size, resample, **kwargs)` means what it says.
- A call that leaves an option out gets it from the call in progress, else from the instance: a step's parameters have
  no values of their own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

from .names import nearest
from .schema import Options

T = TypeVar("T", bound=Callable[..., Any])

# What a standard step calls the options that it takes by position, behind the images. Other steps, and all further
# parameters, take the option of their own name.
POSITIONAL: dict[str, tuple[str, ...]] = {
    "resize": ("size",),
    "center_crop": ("crop_size",),
    "rescale": ("rescale_factor",),
    "normalize": ("image_mean", "image_std"),
    "rescale_and_normalize": ("do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std"),
}
# The flags that switch a standard step on; any other is switched by `do_<step>`, and runs if there is no such option.
FLAGS: dict[str, tuple[str, ...]] = {
    "resize": ("do_resize",),
    "pad": ("do_pad",),
    "center_crop": ("do_center_crop",),
    "rescale": ("do_rescale",),
    "normalize": ("do_normalize",),
    "rescale_and_normalize": ("do_rescale", "do_normalize"),
}
# Parameters that are no options: whoever calls a step himself may give them, and their values stand in the signature.
OWN = frozenset({"antialias", "fill_value", "return_mask"})

_in_progress: ContextVar[tuple[object, Options] | None] = ContextVar("options of the call in progress", default=None)


class Signature(NamedTuple):
    """What a step asks for: parameter and option behind the images, in order, and whether it takes `**kwargs`."""

    wanted: tuple[tuple[str, str], ...]
    takes_rest: bool


class InProgress:
    """While a call runs, its steps get the options that they leave out from here."""

    __slots__ = ("entry", "token")

    def __init__(self, processor: object, options: Options) -> None:
        self.entry = (processor, options)

    def __enter__(self) -> None:
        self.token = _in_progress.set(self.entry)

    def __exit__(self, *_: object) -> None:
        _in_progress.reset(self.token)


def step(function: T) -> T:
    """Make a method a step: options that a call leaves out come from the call in progress, else from the instance."""
    if not isinstance(function, FunctionType) or hasattr(function, "bare"):
        return function
    wanted, _ = signature(function)

    @functools.wraps(function)
    def complete(self: Any, *args: Any, **kwargs: Any) -> Any:
        absent = [pair for pair in wanted[max(len(args) - 1, 0) :] if pair[0] not in kwargs]
        if absent:
            current = _in_progress.get()
            options = current[1] if current is not None and current[0] is self else getattr(self, "_options", {})
            kwargs |= _picked(absent, options)
        return function(self, *args, **kwargs)

    complete.bare = function  # type: ignore[attr-defined]
    return complete  # type: ignore[return-value]


def signature(function: Any) -> Signature:
    """What a step asks for: a method, a static method or any callable that stands in a class."""
    return _signature(getattr(function, "bare", function))


@cache
def _signature(function: Any) -> Signature:
    name = getattr(function, "__name__", "")
    bound = 1 if isinstance(function, FunctionType) else 0  # `self`; a static method or a partial has none
    function = getattr(function, "__func__", function)
    parameters = list(inspect.signature(function).parameters.values())[bound + 1 :]  # the images
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    by_place = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    renamed = dict(zip(by_place, POSITIONAL.get(name, ()), strict=False))
    return Signature(
        tuple((name, renamed.get(name, name)) for name in names if name not in OWN),
        any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


@lru_cache(maxsize=4096)
def chain(cls: type, name: str) -> tuple[tuple[str, str], ...]:
    """What a class's step asks for, by itself and, as far as it takes `**kwargs`, by the steps it stands on."""
    found: dict[str, str] = {}
    for owner in cls.__mro__:
        if name not in owner.__dict__:
            continue
        wanted, takes_rest = signature(owner.__dict__[name])
        # What the child has taken under another name, it gives on by position.
        found |= {parameter: option for parameter, option in wanted if option not in found.values()}
        if not takes_rest:
            break
    return tuple(found.items())


def handed(cls: type, name: str, options: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a step behind its images: those of `POSITIONAL` by position, the others by name."""
    by_place, by_name = _asked(cls, name)
    return [options[option] for option in by_place], _picked(by_name, options)


@lru_cache(maxsize=4096)
def _asked(cls: type, name: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The options that a class's step takes by position, and parameter and option of the others."""
    own = next((signature(owner.__dict__[name]).wanted for owner in cls.__mro__ if name in owner.__dict__), ())
    first, asked = POSITIONAL.get(name, ()), chain(cls, name)
    count = sum(1 for (_, option), wanted in zip(own, first, strict=False) if option == wanted)
    return tuple(option for _, option in asked[:count]), asked[count:]


def _picked(asked: Iterable[tuple[str, str]], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options asked for, by parameter; a parameter `options` gets them all."""
    return {
        parameter: options if option == "options" else options[option]
        for parameter, option in asked
        if option in options or option == "options"
    }


def check_steps(
    cls: type, pipeline: tuple[str, ...], options: Mapping[str, Any], defaults: Callable[[str], Any]
) -> None:
    """Refuse a class whose steps ask for what nobody can give.

    Args:
        cls: the class being made; the steps that it defines itself are wrapped by `step`.
        pipeline: names of the steps that run.
        options: the names that the class's schema declares.
        defaults: an option's value at the class, None where it has none.

    Raises:
        TypeError: a step of the pipeline that is no method, a parameter that is no option, a signature that is hidden,
            or a flag that has no value. The message says which, with the nearest name.
    """
    for name in pipeline:
        if not callable(getattr(cls, name, None)):
            methods = [method for method in dir(cls) if not method.startswith("_") and callable(getattr(cls, method))]
            raise TypeError(
                f"{cls.__name__}: the pipeline names a step {name!r}, which is no method{_hint(name, methods)}"
            )
        flag = f"do_{name}"
        if name not in FLAGS and flag in options and defaults(flag) is None:
            raise TypeError(f"{cls.__name__}: the flag `{flag}` has no value: set {flag} = True or False in the class")
    for name in {*FLAGS, *pipeline} & cls.__dict__.keys():
        function = cls.__dict__[name]
        if not isinstance(function, FunctionType | staticmethod):
            continue
        parameters = list(inspect.signature(getattr(function, "__func__", function)).parameters.values())
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            shown = ", ".join(str(p) for p in parameters)
            raise TypeError(
                f"{cls.__name__}.{name}({shown}) does not say which options it takes: name them behind the images, and "
                "let decorators keep the signature with functools.wraps"
            )
        setattr(cls, name, step(function))
    for name in {*pipeline, *(FLAGS.keys() & cls.__dict__.keys())}:
        for parameter, option in chain(cls, name):
            if option not in options and option != "options":
                raise TypeError(
                    f"{cls.__name__}.{name} asks for `{parameter}`, which is no option{_hint(parameter, options)} "
                    "Declare it in `valid_kwargs`, or override the step without it"
                )


def _hint(name: str, known: Any) -> str:
    close = nearest(name, known)
    return f"; did you mean `{close}`?" if close else "."


def hand_over(method: Callable[..., Any], *args: Any, options: Mapping[str, Any]) -> Any:
    """Call a method of the base, which an override may have spelled out: it gets what it names, `**kwargs` the rest."""
    taken, wanted, takes_options, takes_rest = _spelled(getattr(method, "__func__", method), len(args))
    if takes_options:
        return method(*args, options=options, **{name: options[name] for name in wanted if name in options})
    names = [name for name in options if name not in taken] if takes_rest else wanted
    return method(*args, **{name: options[name] for name in names if name in options})


@cache
def _spelled(function: Callable[..., Any], given: int) -> tuple[tuple[str, ...], tuple[str, ...], bool, bool]:
    """Names that positional arguments take and names left, whether `options` is among these, whether `**kwargs` is."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    taken = tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))[:given]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = tuple(p.name for p in parameters if p.kind not in variadic and p.name not in taken)
    rest = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return taken, tuple(name for name in wanted if name != "options"), "options" in wanted, rest
