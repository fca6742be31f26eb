"""Errors that say where in the input they arose: in the text, and as `error.position`."""

from __future__ import annotations

import functools
import opcode
from collections.abc import Callable, Mapping
from typing import Any


class NeedsPixelsError(ValueError):
    """What was asked follows from what is on an image, and only its size is known."""


def place(error: BaseException, position: str) -> None:
    """Let an error name its image, annotation or row; the innermost name stays.

    Args:
        error: any; its class and traceback stay.
        position: such as "image 3" or "image 0 of sample 2".
    """
    if not position or getattr(error, "position", None):
        return
    if hasattr(error, "position"):  # an error that says it by itself, and pickles with it as its last argument
        error.position, error.args = position, (*error.args[:-1], position)
        return
    text = str(error.args[0]) if len(error.args) == 1 else str(error)
    if isinstance(error, OSError) and error.errno is not None:
        error.strerror = f"{position}: {error.strerror}"
    else:
        error.args = (f"{position}: {text}" if text else position,)
    error.position = position  # type: ignore[attr-defined]


def bare_reason(error: BaseException) -> str:
    """An error's message without its position."""
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else str(error).removeprefix(f"{getattr(error, 'position', '')}: ")


def explained(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that takes a model's outputs, and says their shapes where they do not fit together.

    Raises:
        ValueError: in place of what the array library says of indices and shapes.
    """

    @functools.wraps(method)
    def wrapped(self: Any, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, outputs, *args, **kwargs)
        except (LookupError, ArithmeticError, RuntimeError) as error:
            reason: Exception = error
        except (ValueError, TypeError, AttributeError) as error:
            if _is_stated(error) or not any(word in str(error) for word in _SHAPE_WORDS):
                raise
            reason = error
        entries = outputs.items() if isinstance(outputs, Mapping) else getattr(outputs, "__dict__", {}).items()
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in entries if hasattr(value, "shape"))
        what = f"the model's outputs ({shapes:.300})" if shapes else "the model's outputs"
        raise ValueError(
            f"{type(self).__name__}.{method.__name__}: {what}, or what was given beside them, do not fit together: "
            f"{str(reason)[:200]}"
        ) from reason

    return wrapped


def _is_stated(error: BaseException) -> bool:
    """Whether an error comes of a `raise` of ours, which says what is wrong already."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or not str(traceback.tb_frame.f_globals.get("__name__")).startswith(_PACKAGE):
        return False
    return traceback.tb_frame.f_code.co_code[traceback.tb_lasti] == opcode.opmap["RAISE_VARARGS"]


_PACKAGE = __name__.partition(".")[0]
_SHAPE_WORDS = (
    *(
        "shape",
        "broadcast",
        "dimension",
        "axis",
        "einstein",
        "zero-size",
        "must match",
        "unpack",
        "subscript",
        "size of",
    ),
    *("iterable", "NoneType", "has no attribute", "has no len", "concatenat", "not supported between", "integer"),
)
