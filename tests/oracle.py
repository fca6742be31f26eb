"""The oracle: the reference's classes beside ours, images to feed both, and what "the same output" means."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from needs import ROOT
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.ops import backends
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families
from pixelprep.testing.compare import difference as difference, outcome as outcome
from pixelprep.testing.inputs import draw as draw, picture as picture

SHARED = ROOT.parent / "shared"


@cache
def reference_class(family: str, backend: str) -> Any | None:
    """The reference's class of a family on a backend, or None where it has none."""
    folder, suffix = FAMILIES[family].folder, backends()[backend].suffix
    module = f"transformers.models.{folder}.image_processing_{suffix.lower() + '_' if suffix else ''}{folder}"
    try:
        return getattr(importlib.import_module(module), f"{family}ImageProcessor{suffix}")
    except ModuleNotFoundError:
        return None


def reference_of(family: str, on: str) -> Any | None:
    """The class that a family is held against on "torchvision" or "pil": the one of that name unless its cases say."""
    named = FAMILIES[family].cases().reference_class.get(on, on)
    return reference_class(family, named) if named else None


@cache
def processors(family: str, on: str) -> tuple[Any, Any]:
    """The reference's processor of a family, or None where it has none, and ours, made as its cases say."""
    cases, theirs = FAMILIES[family].cases(), reference_of(family, on)
    made = {**cases.made, **(cases.small if cases.at_construction else {})}
    return theirs and theirs(**{**made, **cases.reference_only}), our_class(family, on)(**made)


def small(family: str) -> dict[str, Any]:
    """The options under which a family's outputs are small."""
    return dict(FAMILIES[family].cases().small)


def our_class(family: str, backend: str) -> type[BaseImageProcessor]:
    return FAMILIES[family].load().on(backend)


def usable_backends() -> list[str]:
    """Every public backend that can run here."""
    return [name for name, backend in backends().items() if backend.missing() is None]


def compared_backends() -> list[str]:
    """The backends that the reference has too."""
    return [name for name in usable_backends() if reference_class("CLIP", name)]


def compared() -> list[tuple[str, str]]:
    """Every family, of those with cases, and backend that both sides have."""
    return [
        (family, backend)
        for family in covered_families()
        for backend in compared_backends()
        if reference_of(family, backend)
    ]


def photos() -> list[Path]:
    """The photographs of the repository's examples, then those beside it."""
    folders = (ROOT / "examples" / "photos", SHARED / "photos")
    return sorted(
        path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.suffix in (".png", ".jpg")
    )
