"""Strips: a side that would vanish is at least a patch or a pixel, or an error names the image's size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pixelprep.core.errors import NeedsPixelsError
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families
from pixelprep.testing.compare import outcome, stated

STRIPS = ((1, 300), (300, 1), (1, 3000), (3000, 1), (1, 30_000), (30_000, 1))
# EoMT's windows start nowhere where there are none.
EMPTY = {"patch_offsets"}
FAMILIES_OF_IMAGES = [name for name in covered_families() if not FAMILIES[name].cases().own_inputs]


def fault(result: Any, height: int, width: int) -> str:
    if isinstance(result, NeedsPixelsError):
        return ""
    if isinstance(result, Exception):
        said = stated(result) and f"{height}x{width}" in str(result)
        return "" if said else f"{type(result).__name__}: {result}"
    empty = [name for name, value in result.items() if name not in EMPTY and 0 in np.shape(value)]
    return f"{empty} are empty" if empty else ""


@pytest.mark.parametrize("family", FAMILIES_OF_IMAGES)
def test_strips(family: str) -> None:
    cases, cls = FAMILIES[family].cases(), FAMILIES[family].load().on("pil")
    found = []
    for options in ({}, cases.small):
        processor: Any = cls(**{**cases.made, **options})
        for height, width in STRIPS:
            told = outcome(lambda *size, made=processor: shapes(made, *size), height, width)
            found.append((height, width, bool(options), "told", fault(told, height, width)))
            if options and max(height, width) < 1000:
                image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
                made = outcome(processor, image, input_data_format="channels_last", return_tensors="np")
                found.append((height, width, True, "made", fault(made, height, width)))
    assert not [entry for entry in found if entry[-1]]


def shapes(processor: Any, height: int, width: int) -> dict[str, Any]:
    """Arrays of the shapes that a call gives, in no memory."""
    told = processor.output_shapes(height, width)
    return {name: np.broadcast_to(np.uint8(0), array.shape) for name, array in told.items()}
