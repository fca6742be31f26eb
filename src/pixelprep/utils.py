"""Small tools shared by the package: docstrings from kwargs, files written whole."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

T = TypeVar("T", bound=Callable[..., Any])


@overload
def auto_docstring(target: T) -> T: ...
@overload
def auto_docstring(target: None = None, *, custom_intro: str | None = None) -> Callable[[T], T]: ...
def auto_docstring(target: T | None = None, *, custom_intro: str | None = None) -> T | Callable[[T], T]:
    """Complete the docstring of an image processor class or of one of its methods.

    A class gets an introduction and the documentation of every keyword argument, which stands once, on the kwargs
    TypedDict. A method that has no docstring gets its parent's.

    Args:
        target: the class or method, where the decorator is used bare.
        custom_intro: first sentence, instead of one made from the name.
    """

    def decorate(target: T) -> T:
        if isinstance(target, type):
            intro = custom_intro or inspect.cleandoc(target.__dict__.get("__doc__") or "") or _introduction(target)
            target.__doc__ = intro + "\n\nArgs:\n" + _indent(kwargs_documentation(target))
        elif custom_intro or not target.__doc__:
            target.__doc__ = custom_intro or "Turn images into model inputs; see `BaseImageProcessor.preprocess`."
        return target

    return decorate if target is None else decorate(target)


def kwargs_documentation(cls: type) -> str:
    """The documentation of every keyword argument of an image processor class, its own first, then inherited ones."""
    from .processing_utils import ImagesKwargs

    # Before Python 3.12 a TypedDict does not tell which ones it extends, so the class's ancestors are asked.
    declared = [base.__dict__["valid_kwargs"] for base in cls.__mro__ if "valid_kwargs" in base.__dict__]
    names = declared[0].__annotations__.keys()
    entries: dict[str, str] = {}
    for kwargs_type in (*declared, ImagesKwargs):
        text = inspect.cleandoc(kwargs_type.__doc__ or "")
        for entry in re.split(r"\n(?=\w+ \()", "\n" + text)[1:]:
            entries.setdefault(entry.partition(" (")[0], entry.rstrip())
    return "\n".join(entry for name, entry in entries.items() if name in names)


def _introduction(cls: type) -> str:
    return f"Image processor of {cls.__name__.removesuffix('ImageProcessor')}."


def _indent(text: str) -> str:
    return "\n".join("    " + line if line else line for line in text.splitlines())


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


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all: into a temporary neighbour first, which then takes its name."""
    import tempfile  # here, for it costs more to import than this module

    target = Path(path)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
