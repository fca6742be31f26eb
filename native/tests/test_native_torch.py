"""torch's own kernels are the promise: difference 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pixelprep.core.enums import ChannelDimension, PILImageResampling
from pixelprep.ops.blurring import blur, blur_weights
from pixelprep.ops.filters import has_open_borders
from pixelprep_native import NativeOps, _core
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

OPS = NativeOps()
# torch resizes floats by other roundings where it has no AVX2; bytes, by its integer kernels, never.
FUSED = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
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
    how = {} if resample == 0 else {"antialias": antialias}
    batch = torch.from_numpy(image)[None]
    expected = torch.nn.functional.interpolate(batch, size, mode=MODES[resample].value, **how)[0].numpy()
    recipe = OPS.from_image(image, ChannelDimension.FIRST, None)
    return expected, np.asarray(OPS.resize(recipe, *size, PILImageResampling(resample), antialias))


def open_pixels(source: tuple[int, int], target: tuple[int, int]) -> np.ndarray[Any, Any]:
    """(height, width): where torch's nearest pixel is another on some processor, layout or size.

    Only where `(i + 0.5) * length / size` is an integer, and only for pairs of sizes that round it differently.
    """
    rows, columns = (
        np.isin((2 * np.arange(size) + 1) * length % (2 * size), 0) & has_open_borders(length, size)
        for length, size in zip(source, target, strict=True)
    )
    where: np.ndarray[Any, Any] = rows[:, None] | columns
    return where


def assert_same(ours: Any, expected: Any, source: tuple[int, int], resample: int) -> None:
    differ = (ours != expected).any(0)
    allowed = open_pixels(source, differ.shape) if resample == 0 else False
    assert not (differ & ~np.asarray(allowed)).any()


def test_few_pixels_are_open() -> None:
    assert open_pixels((2, 2), (41, 5)).sum() == 5  # one row of 41
    assert not open_pixels((41, 60), (40, 75)).any()


@settings(deadline=None, max_examples=150)
@example(0, 2, 60, 41, 60, 3, (0, True))  # a size of which torch has two readings
@example(1, 163, 277, 64, 276, 3, (3, False))  # weights whose precision the sums at the edges do not decide
@example(1, 9, 150, 9, 151, 1, (3, False))  # ... and do
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
    assert_same(ours, expected, (height, width), how[0])


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
    if FUSED or how[0] == 0:
        assert_same(array, expected.numpy(), (height, width), how[0])
    else:
        assert np.abs(array - expected.numpy()).max() <= 2e-5 * np.ptp(image)


def test_floats_by_lanczos_are_close_only() -> None:
    """torch's Lanczos weights end in other digits; with values of 0..1, 1e-6 is 8 units of float32's last place."""
    image = np.random.default_rng(1).random((3, 60, 80), dtype=np.float32)
    for size in ((30, 50), (90, 133), (60, 81)):
        expected, ours = both(image, size, 1, True)
        assert np.abs(expected - ours).max() <= 1e-6


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512"])
@pytest.mark.parametrize(("height", "width"), [(61, 83), (1, 40), (3, 2), (70, 130)])
def test_blurred_floats_are_torchs(isa: str, height: int, width: int) -> None:
    """Whatever the strides; where torch refuses, for it mirrors once, the plain arithmetic is the judge."""
    image = np.random.default_rng(2).random((height, width, 3), dtype=np.float32).transpose(2, 0, 1)
    for sizes, sigmas in (([3, 3], [0.3, 0.3]), ([5, 3], [0.6, 0.2]), ([7, 15], [1.1, 2.3])):
        weights = blur_weights(sizes, sigmas)
        try:
            ours = _core.blur_floats(image, weights, threads=2, isa=isa)
        except ValueError as error:
            assert "not available" in str(error)
            return
        if sizes[0] // 2 < width and sizes[1] // 2 < height:
            tensors = torch.from_numpy(image.copy()), torch.tensor(sizes), sigmas
            assert np.array_equal(ours, functional.gaussian_blur(*tensors).numpy())
        everything = np.arange(height), np.arange(width)
        # Which rounds a sum of doubles to float32: twice, so that one in 2 ** 29 may be another.
        assert np.abs(ours - blur(image, sizes, sigmas, everything)).max() <= 6e-8


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
