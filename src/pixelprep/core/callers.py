"""Warnings that point at the user's line, however deep in the library they arise."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

_PACKAGE = __name__.partition(".")[0]
_refused = ContextVar("whether a warning is an error, which no filter of the user's sees", default=False)


class WarnedError(Exception):
    """What was run would have warned."""


@contextmanager
def warnings_refused() -> Iterator[None]:
    """In this block what would warn is a `WarnedError`: each call is to warn by itself."""
    token = _refused.set(True)
    try:
        yield
    finally:
        _refused.reset(token)


@lru_cache(maxsize=256)
def log_once(message: str) -> None:
    """Tell the log, the first time. Messages are remembered, so they are short whatever the input is."""
    logging.getLogger(_PACKAGE).warning("%s", message)


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, naming the first line on the way here that is not the library's."""
    if _refused.get():
        raise WarnedError(message)
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
