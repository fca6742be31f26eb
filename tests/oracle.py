"""The oracle: the reference's classes beside ours, images to feed both, and what "the same output" means."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.ops import backends
from pixelprep.registry import FAMILIES, written_families

SHARED = Path(__file__).resolve().parents[2] / "shared"


@cache
def reference_class(family: str, backend: str) -> Any | None:
    """The reference's class of a family on a backend, or None where it has none."""
    folder, suffix = FAMILIES[family].folder, backends()[backend].suffix
    module = f"transformers.models.{folder}.image_processing_{suffix.lower() + '_' if suffix else ''}{folder}"
    try:
        return getattr(importlib.import_module(module), f"{family}ImageProcessor{suffix}")
    except ModuleNotFoundError:
        return None


def our_class(family: str, backend: str) -> type[BaseImageProcessor]:
    return FAMILIES[family].load().on(backend)


def usable_backends() -> list[str]:
    """Every public backend that can run here."""
    return [name for name, backend in backends().items() if backend.missing() is None]


def compared_backends() -> list[str]:
    """The backends that the reference has too."""
    return [name for name in usable_backends() if reference_class("CLIP", name)]


def compared() -> list[tuple[str, str]]:
    """Every family and backend that both sides have."""
    return [
        (family, backend)
        for family in written_families()
        for backend in compared_backends()
        if reference_class(family, backend)
    ]


def draw(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray[Any, Any]:
    """Waves and noise of all levels: smooth parts show interpolation, noise shows rounding and clipping."""
    rng = np.random.default_rng((height, width, seed))
    y, x = np.mgrid[:height, :width]
    phase = np.arange(channels) * 2.1
    waves = 127.5 + 127.5 * np.sin(y[..., None] / 7.3 + x[..., None] / 11.9 + phase)
    noise = rng.integers(0, 256, (height, width, channels))
    return np.where(((x // 16 + y // 16) % 2 == 0)[..., None], waves, noise).astype(np.uint8)


def picture(height: int, width: int, mode: str = "RGB", seed: int = 0) -> PIL.Image.Image:
    """A Pillow image of `draw`'s pixels in a mode; 16-bit grey covers the whole range."""
    if mode == "I;16":
        return PIL.Image.fromarray(draw(height, width, 1, seed)[..., 0].astype(np.uint16) * 257)
    if mode == "RGBA":
        return PIL.Image.fromarray(draw(height, width, 4, seed))
    image = PIL.Image.fromarray(draw(height, width, 3, seed))
    return image.quantize(64) if mode == "P" else image.convert(mode)


def photos() -> list[Path]:
    """The photographs of the repository's examples, then those beside it."""
    folders = (Path(__file__).resolve().parents[1] / "examples" / "photos", SHARED / "photos")
    return sorted(
        path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.suffix in (".png", ".jpg")
    )


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
