"""Reading results: arrays of any library, names of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

Names: TypeAlias = Mapping[Any, str] | Sequence[str] | None


def to_array(value: Any) -> np.ndarray[Any, Any]:
    """NumPy's array of a tensor (half precision as float32), an array or nested lists."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.dtype.itemsize == 2 and value.is_floating_point() else value
    return np.asarray(value)


def name_of(label: Any, names: Names) -> str:
    """The name of a class: a text as it is, else what `names` (`model.config.id2label`) says, else its number."""
    if label is None or isinstance(label, str):
        return label or ""
    number = int(label)
    if isinstance(names, Mapping):
        return str(names.get(number, names.get(str(number), number)))
    return str(names[number]) if names is not None and 0 <= number < len(names) else str(number)


def caption(label: Any, score: Any, names: Names) -> str:
    """A name and a score of two digits, each where there is one."""
    shown = None if score is None else f"{float(score):.2f}"
    return " ".join(part for part in (name_of(label, names), shown) if part)


def labels_of(result: Mapping[str, Any], count: int) -> list[Any]:
    """The class of each object: its text where there is one, else its number, else None."""
    for key in ("text_labels", "labels", "class_labels"):
        if result.get(key) is not None:
            labels = result[key]
            return list(labels if isinstance(labels, list | tuple) else to_array(labels).tolist())
    return [None] * count


def scores_of(result: Mapping[str, Any], count: int) -> list[float | None]:
    """The score of each object, or None for each."""
    scores = result.get("scores")
    return [None] * count if scores is None else to_array(scores).reshape(-1).tolist()
