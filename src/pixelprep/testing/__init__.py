"""Checks for those who write image processors: what they may rely on, said as functions that report."""

from __future__ import annotations

import inspect
from typing import Any

from ..core.names import disagreements
from ..image_processing_utils import BaseImageProcessor


def compare_twins(first: type[BaseImageProcessor], second: type[BaseImageProcessor]) -> list[str]:
    """What two hand-written classes of one model, one for each backend, disagree in.

    One saved configuration must mean the same on both: compared are the keyword arguments with their types, the
    defaults, the names of the outputs, and the parameters of the constructor and of public methods.

    Args:
        first: a bound class, for example on torchvision.
        second: its twin on another backend.

    Returns:
        One sentence for each disagreement, empty if there is none.

    Raises:
        TypeError, ValueError: a class's own default has the wrong type or value.
    """
    names = first.__name__, second.__name__
    reports = disagreements("keyword argument", names, _types(first), _types(second))
    reports += disagreements("default of", names, first._class_defaults(), second._class_defaults())
    outputs = ({"model_input_names": cls.model_input_names} for cls in (first, second))
    reports += disagreements("class attribute", names, *outputs)
    own = sorted(_own_methods(first) | _own_methods(second))
    parameters = (
        {name: _parameters(getattr(cls, name)) for name in own if hasattr(cls, name)} for cls in (first, second)
    )
    return reports + disagreements("method", names, *parameters)


def _types(cls: type[BaseImageProcessor]) -> dict[str, Any]:
    return cls._schema().types


def _own_methods(cls: type[BaseImageProcessor]) -> set[str]:
    """The constructor and the public methods that do not come from the base as they are."""
    return {
        name
        for name, member in inspect.getmembers(cls, inspect.isfunction)
        if member is not getattr(BaseImageProcessor, name, None) and (name == "__init__" or not name.startswith("_"))
    }


def _parameters(function: Any) -> list[str]:
    """Names, kinds and defaults; annotations are left out, for twins may each declare a kwargs class of their own."""
    parameters = inspect.signature(function).parameters.values()
    return [str(p.replace(annotation=inspect.Parameter.empty)) for p in parameters]
