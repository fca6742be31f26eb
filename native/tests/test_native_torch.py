"""torch's own kernels are the promise: difference 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pixelprep.image_utils import ChannelDimension, PILImageResampling
from pixelprep_native import NativeOps, _core
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

OPS = NativeOps()
MODES = {
    0: InterpolationMode.NEAREST_EXACT,
    1: InterpolationMode.LANCZOS,
    2: InterpolationMode.BILINEAR,
    3: InterpolationMode.BICUBIC,
}


def both(
    image: np.ndarray[Any, Any], size: tuple[int, int], resample: int, antialias: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(C, H, W) resized by torchvision and by us."""
    expected = functional.resize(torch.from_numpy(image), list(size), MODES[resample], antialias=antialias).numpy()
    recipe = OPS.from_image(image, ChannelDimension.FIRST, None)
    return expected, np.asarray(OPS.resize(recipe, *size, PILImageResampling(resample), antialias))


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 1000),
    *[st.integers(2, 200)] * 4,  # torch stops with an internal error on some images one pixel wide
    st.sampled_from((1, 3)),
    st.sampled_from([(0, True), (1, True), (2, True), (3, True), (2, False), (3, False)]),
)
def test_bytes(seed: int, height: int, width: int, to_height: int, to_width: int, channels: int, how: Any) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (channels, height, width), dtype=np.uint8)
    image = noise if seed % 3 else (noise > 127).astype(np.uint8) * 255
    expected, ours = both(image, (to_height, to_width), *how)
    assert np.array_equal(ours, expected)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 1000),
    *[st.integers(1, 120)] * 3,
    st.integers(2, 120),  # torch returns the first row for all others where a float image becomes one pixel wide
    st.sampled_from([(0, True), (2, True), (3, True), (2, False), (3, False)]),
    st.sampled_from((1, 3)),
    st.booleans(),
)
def test_floats(
    seed: int, height: int, width: int, to_height: int, to_width: int, how: Any, channels: int, strided: bool
) -> None:
    image = np.random.default_rng(seed).normal(size=(height, width, channels)).astype(np.float32).transpose(2, 0, 1)
    image = image if strided else np.ascontiguousarray(image)
    array = NativeOps.resize(OPS, image, to_height, to_width, PILImageResampling(how[0]), how[1])
    expected = functional.resize(torch.from_numpy(image), [to_height, to_width], MODES[how[0]], antialias=how[1])
    assert np.array_equal(array, expected.numpy())


def test_floats_by_lanczos_are_close_only() -> None:
    """torch's Lanczos weights end in other digits; with values of 0..1, 1e-6 is 8 units of float32's last place."""
    image = np.random.default_rng(1).random((3, 60, 80), dtype=np.float32)
    for size in ((30, 50), (90, 133), (60, 81)):
        expected, ours = both(image, size, 1, True)
        assert np.abs(expected - ours).max() <= 1e-6


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512"])
def test_float_kernels_agree(isa: str, antialias: bool) -> None:
    image = np.random.default_rng(1).random((3, 61, 83), dtype=np.float32)
    try:
        ours = _core.resize_floats(image, 40, 37, 3, antialias, isa=isa)
    except ValueError as error:
        assert "not available" in str(error)
    else:
        assert np.array_equal(ours, _core.resize_floats(image, 40, 37, 3, antialias, isa="scalar", threads=3))
