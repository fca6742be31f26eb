"""Names in messages: what was meant, what is allowed, and texts short enough to print."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def disagreements(kind: str, names: tuple[str, str], first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """One sentence for each entry that two classes, called `names`, do not have alike."""
    reports = []
    for name in dict.fromkeys((*first, *second)):
        if name not in first or name not in second:
            there, absent = names if name in first else names[::-1]
            reports.append(f"{kind} `{name}`: {there} has it, {absent} has not")
        elif first[name] != second[name]:
            reports.append(f"{kind} `{name}`: {names[0]} has {first[name]}, {names[1]} has {second[name]}")
    return reports


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a mistyped one was meant to be, if one is near enough."""
    import difflib

    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: what was meant, or nothing."""
    close = nearest(name, known)
    return f"; did you mean {close!r}?" if close else ""


def unknown_names(names: Iterable[str], allowed: Iterable[str], owner: str) -> str:
    """The message for names that `owner` does not know: each with its nearest match, then all allowed ones."""
    allowed = sorted(allowed)
    parts = []
    for name in names:
        close = nearest(name, allowed)
        parts.append(f"`{name}`" + (f" (did you mean `{close}`?)" if close else ""))
    return f"{owner} has no {', '.join(parts)}. Allowed: {', '.join(allowed)}"


def shown(value: Any, most: int = 80) -> str:
    """A value for a message, however long a hostile file has made it."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def borrowed(owner: str, names: Iterable[str], lender: str) -> Callable[[str], Any]:
    """A module's `__getattr__` for names that stand in another module, which is imported when one is asked for.

    Args:
        owner: the module.
        names: what it offers beside its own.
        lender: the module that has them.
    """
    offered = frozenset(names)

    def find(name: str) -> Any:
        if name in offered:
            return getattr(importlib.import_module(lender), name)
        raise AttributeError(f"module {owner!r} has no attribute {name!r}")

    return find
