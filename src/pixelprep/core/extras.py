"""Packages that only some calls need: imported where they are used, and named with their install command if missing."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from .names import did_you_mean

# Module, name for people, what to type.
PACKAGES = {
    "av": ("PyAV", 'pip install "pixelprep[video]"'),
    "cv2": ("OpenCV", 'pip install "pixelprep[opencv]"'),
    "datasets": ("datasets", 'pip install "pixelprep[data]"'),
    "fsspec": ("fsspec", 'pip install "pixelprep[data]"'),
    "jinja2": ("Jinja", 'pip install "pixelprep[prompts]"'),
    "pyarrow": ("pyarrow", 'pip install "pixelprep[data]"'),
    "pytesseract": ("pytesseract", 'pip install "pixelprep[ocr]"'),
    "ray": ("Ray", 'pip install "pixelprep[ray]"'),
    "tokenizers": ("tokenizers", 'pip install "pixelprep[prompts]"'),
    "torchcodec": ("torchcodec", "pip install torchcodec, beside FFmpeg's shared libraries"),
    "webdataset": ("webdataset", 'pip install "pixelprep[data]"'),
    "zarr": ("zarr", 'pip install "pixelprep[zarr]"'),
}


def required(module: str, what: str, otherwise: str = "") -> Any:
    """A module of an optional package.

    Raises:
        ImportError: it is missing; the message says what needs it, how to install it and what to do `otherwise`.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name, install = PACKAGES[module.partition(".")[0]]
        raise ImportError(f"{what} needs {name}, which is missing: {install}{otherwise}") from error


def found_by_name(name: str, table: Mapping[str, str], group: str, what: str) -> Any:
    """What a table of `module:attribute` has under a name, or a package that announces it in an entry point group.

    Raises:
        ValueError: nobody knows the name.
    """
    from importlib.metadata import EntryPoint, entry_points

    if name in table:
        return EntryPoint(name, table[name], group).load()
    announced = {entry.name: entry for entry in entry_points(group=group)}
    if name in announced:
        return announced[name].load()
    known = [*table, *announced]
    raise ValueError(f"there is no {what} {name!r}{did_you_mean(name, known)} There are: {', '.join(known)}")
