"""What "the same output" means, and what came of a call."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..image_processing_outputs import converter

# What a processor may raise for input or options that it cannot use; anything else is a crash.
PLAIN_ERRORS = (ValueError, TypeError, NotImplementedError)


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any] | Exception:
    """The outputs by name, or the error; warnings are another matter. A bare output is called `pixel_values`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            output = call(*args, **kwargs)
        except Exception as error:
            return error
    return dict(output) if hasattr(output, "items") else {"pixel_values": output}


def stated(result: Any) -> bool:
    """Whether a result is an error that says what is wrong, and no crash."""
    return isinstance(result, PLAIN_ERRORS) and bool(str(result))


def as_numpy(value: Any) -> Any:
    """Arrays of any library, in any lists and mappings, as NumPy's."""
    if isinstance(value, Mapping):
        return {key: as_numpy(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(as_numpy, value))
    return converter("np")(value) if hasattr(value, "shape") else value


def difference(expected: Any, got: Any, where: str = "output") -> float:
    """The largest difference between two outputs of one structure, keys, types, dtypes and shapes.

    Raises:
        AssertionError: they differ in anything but values.
    """
    if isinstance(expected, Mapping):
        assert isinstance(got, Mapping), f"{where}: {type(got).__name__}, not a mapping"
        assert sorted(expected) == sorted(got), f"{where}: keys {sorted(got)}, expected {sorted(expected)}"
        return max((difference(expected[key], got[key], f"{where}[{key!r}]") for key in expected), default=0.0)
    if isinstance(expected, (list, tuple)):
        assert isinstance(got, (list, tuple)), f"{where}: {type(got).__name__}, expected a list"
        assert len(expected) == len(got), f"{where}: {len(got)} entries, expected {len(expected)}"
        pairs = zip(expected, got, strict=True)
        return max((difference(*pair, f"{where}[{index}]") for index, pair in enumerate(pairs)), default=0.0)
    if not hasattr(expected, "shape"):
        assert expected == got, f"{where}: {got!r}, expected {expected!r}"
        return 0.0
    assert type(expected) is type(got), f"{where}: {type(got)}, expected {type(expected)}"
    assert expected.dtype == got.dtype, f"{where}: {got.dtype}, expected {expected.dtype}"
    assert tuple(expected.shape) == tuple(got.shape), f"{where}: {tuple(got.shape)}, expected {tuple(expected.shape)}"
    first, second = (
        np.asarray(array.double() if hasattr(array, "double") else array, float) for array in (expected, got)
    )
    assert np.array_equal(np.isnan(first), np.isnan(second)), f"{where}: NaN in other places"
    return float(np.nanmax(np.abs(first - second), initial=0.0))


def how(expected: dict[str, Any] | Exception, got: dict[str, Any] | Exception) -> tuple[str, str]:
    """How two outcomes compare, in the words of `family.Except`, and the detail for a message.

    Raises:
        AssertionError: ours is a crash, whatever the other is.
    """
    if isinstance(got, Exception):
        assert isinstance(got, PLAIN_ERRORS), f"a crash, {type(got).__name__}: {got}"
    if isinstance(expected, Exception):
        theirs = f"the reference: {type(expected).__name__}: {str(expected)[:200]}"
        return ("refused", f"{theirs}; ours: {got}") if isinstance(got, Exception) else ("ours alone", theirs)
    if isinstance(got, Exception):
        return "reference alone", f"ours: {type(got).__name__}: {got}"
    try:
        worst = difference(expected, got)
    except AssertionError as error:
        return "other values", str(error)
    return ("same", "") if worst == 0.0 else ("other values", f"off by {worst:.3g}")
