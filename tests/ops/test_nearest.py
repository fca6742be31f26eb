"""The nearest pixel: one rule for every backend but PIL's, on every machine; torch's own where torch has one."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from pixelprep.core.enums import ChannelDimension, PILImageResampling
from pixelprep.ops import get_ops
from pixelprep.ops.filters import has_open_borders, nearest_exact
from pixelprep.targets.annotations import resize_annotation
from pixelprep.testing.conformance import to_numpy

BACKENDS = ("reference", "torchvision", "native", "mlx")
# Sizes of which torch has two readings: the middle pixel lies on a border that float32 meets or misses.
OPEN = [(2, 41), (2, 47), (2, 55), (2, 83), (2, 97), (2, 107), (2, 109), (2, 121), (2, 123), (10, 3305)]


def in_fractions(length: int, size: int) -> list[int]:
    """The rule, with nothing left to a processor: each rounding to float32 is written out."""

    def rounded(value: Fraction) -> Fraction:
        return Fraction(float(np.float32(float(value))))

    half, scale = Fraction(1, 2), rounded(Fraction(length, size))
    return [min(int(rounded(rounded((i + half) * scale - half) + half)), length - 1) for i in range(size)]


def ramp(length: int, across: int, axis: int, dtype: Any = np.uint8) -> Any:
    """(3, ...) whose value along an axis is the index, in base 128."""
    index = np.arange(length)
    planes = np.stack([index % 128, index // 128, index * 0]).astype(dtype)
    image = np.repeat(planes[:, :, None], across, axis=2)
    return np.ascontiguousarray(image if axis == 1 else image.transpose(0, 2, 1))


def sizes() -> list[tuple[int, int]]:
    random = np.random.default_rng(0)
    return OPEN + [tuple(map(int, random.integers(1, 300, 2))) for _ in range(60)] + [(66, 1815), (800, 1066)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_every_backend_takes_the_same_pixel(backend: str, dtype: str) -> None:
    verbs = get_ops(backend)
    for length, size in sizes():
        for axis, across in ((1, 3), (2, 200)):
            image = verbs.from_image(ramp(length, 7, axis, dtype), ChannelDimension.FIRST, None)
            shape = (size, across) if axis == 1 else (across, size)
            resized = to_numpy(verbs, verbs.resize(image, *shape, PILImageResampling.NEAREST)).astype(int)
            index = (resized[0] + 128 * resized[1]).take(0, axis=2 - axis)
            assert index.tolist() == nearest_exact(length, size).tolist(), (length, size, axis)


def test_the_rule_in_exact_arithmetic() -> None:
    for length, size in sizes():
        assert nearest_exact(length, size).tolist() == in_fractions(length, size)
    assert nearest_exact(2, 41)[20] == 1  # the exact value, which the other forms miss


def test_masks_of_annotations_follow_it() -> None:
    for length, size in OPEN:
        masks = (np.arange(length)[None, :, None] >= length // 2).repeat(5, axis=2)
        resized = resize_annotation({"masks": masks}, (length, 5), (size, 5))["masks"]
        assert np.array_equal(resized[0, :, 0], nearest_exact(length, size) >= length // 2)


def test_open_sizes_are_known_and_rare() -> None:
    assert all(has_open_borders(*pair) for pair in OPEN)
    assert sum(has_open_borders(length, size) for length in range(1, 130) for size in range(1, 130)) == 13


FORMS = """
import numpy as np, torch
from pixelprep.ops.filters import has_open_borders, nearest_exact
for length, size in [(n, m) for n in (2, 3, 10, 66, 97) for m in (*range(1, 200), 1815, 3305)]:
    index = torch.arange(length)
    rows = torch.stack([index % 128, index // 128, index * 0]).to(torch.uint8)[None, :, :, None].expand(1, 3, length, 7)
    one = torch.nn.functional.interpolate(index[None, None].float(), size, mode="nearest-exact")[0, 0].long().numpy()
    found = [one]
    for image in (rows.contiguous(), rows.contiguous(memory_format=torch.channels_last)):
        for across in (3, 200):
            two = torch.nn.functional.interpolate(image, (size, across), mode="nearest-exact")[0, :, :, 0].long()
            found.append((two[0] + 128 * two[1]).numpy())
    for theirs in found:
        differ = np.flatnonzero(theirs != nearest_exact(length, size))
        assert has_open_borders(length, size) or not len(differ), (length, size)
        assert not ((2 * differ + 1) * length % (2 * size)).any(), (length, size)
"""


@pytest.mark.parametrize("capability", ["default", "avx2", "avx512"])
def test_torch_parts_from_it_at_open_borders_only(capability: str) -> None:
    """Whatever torch is compiled for: its forms are those that `has_open_borders` knows."""
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability}
    subprocess.run([sys.executable, "-c", FORMS], check=True, env=environment)


def test_gradients_flow_through_open_sizes() -> None:
    image = torch.rand(3, 2, 5, requires_grad=True)
    verbs = get_ops("torchvision")
    # `from_image` detaches; users' own tensors may come to a verb of a step they wrote.
    verbs.resize(image, 41, 5, PILImageResampling.NEAREST).sum().backward()
    assert image.grad is not None
    assert image.grad.sum() == 3 * 41 * 5
