"""Any backend's verbs with the contract of each call asserted: `processor.with_ops(CheckedOps(processor.ops))`.

Slower, with the same values; a backend's or a family's mistake shows at the call that makes it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .contract import ARGUMENTS, VERBS, dtype_name, is_array
from .protocol import Ops


class ContractError(AssertionError):
    """A verb was called with what it does not take, or gave what it does not promise."""


class CheckedOps:
    """The verbs of another `Ops`, each asserted by its row of `ops.contract.VERBS`; all else is the other's.

    Args:
        verbs: what to check; the default backend's if None.
    """

    def __init__(self, verbs: Ops | None = None) -> None:
        if verbs is None:
            from .registration import choose_backend, get_ops

            verbs = get_ops(choose_backend())
        self._verbs = verbs

    def __getattr__(self, name: str) -> Any:
        if name == "_verbs":  # while being copied or unpickled
            raise AttributeError(name)
        return getattr(self._verbs, name)


def _checked(name: str) -> Callable[..., Any]:
    signature = inspect.signature(getattr(Ops, name))

    @functools.wraps(getattr(Ops, name))
    def verb(self: CheckedOps, *args: Any, **kwargs: Any) -> Any:
        where = f"checked {self._verbs.name}: {name}"
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise ContractError(f"{where}: {error}; it takes {signature}") from None
        bound.apply_defaults()
        arguments = {key: value for key, value in bound.arguments.items() if key != "self"}
        _check_arguments(where, name, arguments)
        result = getattr(self._verbs, name)(*args, **kwargs)
        _check_result(where, name, arguments, result)
        return result

    return verb


for _name in VERBS:
    setattr(CheckedOps, _name, _checked(_name))


def _check_arguments(where: str, name: str, arguments: dict[str, Any]) -> None:
    own = VERBS[name].arguments
    for key, value in arguments.items():
        rule = own.get(key) or ARGUMENTS.get(key)
        if rule is None:
            continue
        try:
            holds = rule.holds(value, arguments)
        except (TypeError, ValueError, AttributeError, IndexError):
            holds = False
        if not holds:
            raise ContractError(f"{where}: `{key}` must be {rule.words}; got {_told(value)}{_beside(arguments)}")


def _check_result(where: str, name: str, arguments: dict[str, Any], result: Any) -> None:
    verb = VERBS[name]
    if verb.result is not None and not verb.result.holds(result, arguments):
        raise ContractError(f"{where} must give {verb.result.words}; it gave {_told(result)}{_beside(arguments)}")
    if (verb.shape or verb.dtypes) and not is_array(result):
        raise ContractError(f"{where} must give an array; it gave {_told(result)}")
    if verb.shape is not None and (expected := verb.shape(arguments)) != tuple(result.shape):
        raise ContractError(
            f"{where} must give the shape {expected}; it gave {tuple(result.shape)}{_beside(arguments)}"
        )
    if verb.dtypes is not None and dtype_name(result) not in (allowed := verb.dtypes(arguments)):
        raise ContractError(
            f"{where} must give {' or '.join(allowed)}; it gave {dtype_name(result)}{_beside(arguments)}"
        )
    here, there = _device(result), _device(arguments.get("images"))
    if here and there and here != there:
        raise ContractError(f"{where} must give an array on {there}, where the images are; it gave one on {here}")


def _device(array: Any) -> str:
    """Of arrays whose class knows devices; those of others, lazy ones among them, are not asked."""
    return str(array.device) if hasattr(type(array), "device") else ""


def _told(value: Any) -> str:
    if is_array(value):
        return f"{type(value).__name__} {tuple(value.shape)} {dtype_name(value)}"
    return f"{value!r:.200}"


def _beside(arguments: dict[str, Any]) -> str:
    images: Any = arguments.get("images")
    return f" (images {tuple(images.shape)} {dtype_name(images)})" if is_array(images) else ""
