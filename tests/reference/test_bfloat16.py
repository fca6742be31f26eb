"""Llama 4 computes in bfloat16: the same values with `ml_dtypes` and without, and torch's own type for torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch

from oracle import picture, reference_class
from pixelprep.registry.families import FAMILIES

BACKENDS = ["pil", "native", "torchvision"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("absent", [False, True])
def test_llama4(backend: str, absent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if absent:
        monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    image = picture(300, 400)
    processor: Any = FAMILIES["Llama4"].load().on(backend)()
    expected = reference_class("Llama4", "torchvision")()(image, return_tensors="pt")["pixel_values"]
    made = processor(image, return_tensors="pt")["pixel_values"]
    assert made.dtype is expected.dtype is torch.bfloat16
    if backend != "pil":  # whose resize is Pillow's
        assert torch.equal(made, expected)
    array = processor(image, return_tensors="np")["pixel_values"]
    assert array.dtype.name == ("float32" if absent else "bfloat16")
    assert type(array) is np.ndarray
    np.testing.assert_array_equal(array.astype(np.float32), made.float().numpy())


def test_rounding_is_to_the_nearest_even(monkeypatch: pytest.MonkeyPatch) -> None:
    from pixelprep.ops.arrays import to_bfloat16

    values = np.random.default_rng(0).normal(size=10_000).astype(np.float32)
    values[:4] = [1 + 2**-8, 1 + 3 * 2**-8, -0.0, 3e38]
    with_types = to_bfloat16(values).astype(np.float32)
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    np.testing.assert_array_equal(np.asarray(to_bfloat16(values)), with_types)
