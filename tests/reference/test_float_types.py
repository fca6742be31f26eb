"""Arrays of float16 and float64: native gives torchvision's types, and its values as N5 and N6 say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pixelprep.core.enums import PILImageResampling
from pixelprep.registry.families import FAMILIES, written_families

FAMILIES_OF_IMAGES = [name for name in written_families() if not FAMILIES[name].cases().own_inputs]
# N6: sums of float64 in another order; where steps between are float32, its last bits.
DOUBLE = 2e-6


def outputs(family: str, backend: str, image: np.ndarray[Any, Any], **kwargs: Any) -> dict[str, np.ndarray[Any, Any]]:
    processor = FAMILIES[family].load().on(backend)(**FAMILIES[family].cases().made)
    given = processor([image], return_tensors="np", **kwargs)
    named = given if hasattr(given, "items") else {"pixels": given}
    return {name: value for name, value in named.items() if getattr(value, "dtype", np.dtype("O")).kind == "f"}


@pytest.mark.parametrize("family", FAMILIES_OF_IMAGES)
def test_other_floats_are_torchvisions(family: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (45, 60, 3)).astype(np.uint8)
    lanczos = getattr(FAMILIES[family].load(), "resample", None) is PILImageResampling.LANCZOS
    for dtype in ("float16", "float64"):
        for kwargs in ({}, {"do_normalize": False}):
            expected, got = (
                outputs(family, name, pixels.astype(dtype), **kwargs) for name in ("torchvision", "native")
            )
            assert {name: value.dtype for name, value in got.items()} == {k: v.dtype for k, v in expected.items()}
            for name, value in expected.items():
                apart = float(np.abs(value.astype(np.float64) - got[name]).max(initial=0))
                spread = float(np.abs(value.astype(np.float64)).max(initial=1))
                allowed = DOUBLE * spread if dtype == "float64" else 2.0**-9 * spread if lanczos else 0.0
                assert apart <= allowed, f"{name} of {dtype} with {kwargs}: {apart:.3g}"
