"""What tables and data sets hold in place of images: rows of bytes and paths, columns of several libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.kinds import is_pil_image


def unpacked(value: Any) -> Any:
    """An image or a source out of a row of a data set, a list out of a column; anything else as it is.

    A row is `{"bytes": ..., "path": ...}`, as Hugging Face `datasets` keeps images that are not decoded. Columns are
    object arrays of NumPy, Series of pandas and polars, arrays of Arrow; their entries are not looked at here.

    Raises:
        TypeError: a dictionary without bytes and path.
    """
    if is_pil_image(value):
        return value
    if hasattr(value, "as_py"):  # a scalar of Arrow
        return unpacked(value.as_py())
    if isinstance(value, Mapping):
        content, path = value.get("bytes"), value.get("path")
        if content is None and path is None:
            raise TypeError(
                f"a row of a data set has `bytes` or a `path`; this one has the keys {', '.join(map(str, value))[:200]}"
            )
        return path if content is None else content
    if hasattr(value, "to_pylist"):  # an array of Arrow
        return value.to_pylist()
    if hasattr(value, "to_list") and hasattr(value, "dtype"):  # a Series
        return value.to_list()
    if getattr(getattr(value, "dtype", None), "kind", "") in ("O", "U", "S") and getattr(value, "ndim", 0) == 1:
        return value.tolist()
    return value
