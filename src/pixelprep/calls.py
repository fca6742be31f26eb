"""Calls that hand options over by name: a method gets those that its signature names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any


def hand_over(method: Callable[..., Any], *args: Any, options: Mapping[str, Any], rest: Iterable[str]) -> Any:
    """Call a method with the options that its signature names; `**kwargs` gets those of `rest` besides."""
    return method(*args, **handed(method, len(args), options, rest))


def handed(method: Callable[..., Any], given: int, options: Mapping[str, Any], rest: Iterable[str]) -> dict[str, Any]:
    """The keyword arguments of a call that gives so many arguments by position."""
    taken, wanted, takes_options, takes_rest = _wanted(getattr(method, "__func__", method), given)
    if takes_options:
        kwargs: dict[str, Any] = {"options": options}
    elif takes_rest:
        kwargs = {name: options[name] for name in rest if name in options and name not in taken}
    else:
        kwargs = {}
    for name in wanted:
        if name in options:
            kwargs[name] = options[name]
    return kwargs


@cache
def _wanted(function: Callable[..., Any], given: int) -> tuple[tuple[str, ...], tuple[str, ...], bool, bool]:
    """Names that positional arguments take and names left, whether `options` is among these, whether `**kwargs` is."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    taken = tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))[:given]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = [p.name for p in parameters if p.kind not in variadic and p.name not in taken]
    rest = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return taken, tuple(name for name in wanted if name != "options"), "options" in wanted, rest
