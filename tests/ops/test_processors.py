"""What leans on the processor in the libraries below: one rule, held on every instruction set that they can be told."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from pixelprep.core.enums import PILImageResampling
from pixelprep.ops import get_ops
from pixelprep_native import _core

TORCH = ("default", "avx2", "avx512")
# What NumPy chooses among at run time, and how many of the newest it is to do without.
FEATURES = [name for name in __cpu_dispatch__ if __cpu_features__[name]]

SCRIPT = """
import hashlib, sys, warnings
import numpy as np
from pixelprep.core.enums import PILImageResampling as Filter
from pixelprep.ops import get_ops
from pixelprep.testing.conformance import drawn, to_numpy

backend, groups = sys.argv[1], sys.argv[2:]
verbs = get_ops(backend)
image = verbs.from_image(drawn(61, 97), None, None)
made = {
    "bytes": [verbs.resize(image, *size, f, a) for size in ((30, 45), (75, 130), (60, 96), (9, 1), (1, 9), (1, 1))
              for f in (Filter.BILINEAR, Filter.BICUBIC, Filter.LANCZOS, Filter.NEAREST)
              for a in (True, False) if a or f in (Filter.BILINEAR, Filter.BICUBIC)],
    "values": [verbs.rescale_and_normalize(image, 1 / 255, (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)),
               verbs.normalize(verbs.rescale(image, 1 / 255), (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)),
               verbs.unnormalize(verbs.rescale(image, 1 / 255), 255.0, (0.48, 0.46, 0.41), (0.27, 0.26, 0.28))],
    "standardize": [verbs.standardize(image)],
    "floats": [verbs.resize_float(image, *size, f) for size in ((30, 45), (75, 130))
               for f in (Filter.BILINEAR, Filter.BICUBIC, Filter.NEAREST)],
    "doubles": [verbs.resize(verbs.from_image(drawn(61, 97).astype(float), None, None), 30, 45, Filter.LANCZOS)],
}
for group in groups:
    print(hashlib.sha256(b"".join(to_numpy(verbs, array).tobytes() for array in made[group])).hexdigest())
"""


def digests(backend: str, *groups: str, **environment: str) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, backend, *groups]
    out = subprocess.run(command, check=True, env={**os.environ, **environment}, capture_output=True, text=True)
    return out.stdout.split()


def test_torchvision_gives_the_same_bytes_and_values_whatever_torch_is_compiled_for() -> None:
    groups = ("bytes", "values", "standardize")
    found = {capability: digests("torchvision", *groups, ATEN_CPU_CAPABILITY=capability) for capability in TORCH}
    assert found["default"] == found["avx2"] == found["avx512"]
    # and they are those of the backends that know no torch
    assert found["default"][:2] == digests("native", *groups)[:2]


@pytest.mark.parametrize("backend", ["reference", "native", "pil"])
def test_numpy_gives_the_same_values_whatever_it_may_use(backend: str) -> None:
    groups = ("bytes", "values", "standardize", "floats", "doubles")
    without = (" ".join(FEATURES[start:]) for start in {0, len(FEATURES) // 2, len(FEATURES)})
    assert len({tuple(digests(backend, *groups, NPY_DISABLE_CPU_FEATURES=names)) for names in without}) == 1


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512"])
def test_native_gives_the_same_values_on_every_instruction_set(isa: str) -> None:
    try:
        _core.resize_floats(np.zeros((1, 2, 2), np.float32), 3, 3, 2, True, isa=isa)
    except ValueError:
        pytest.skip(f"this processor has no {isa}")
    groups = ("bytes", "values", "standardize", "floats")
    assert digests("native", *groups, PIXELPREP_NATIVE_ISA=isa) == digests("native", *groups)


def page(height: int, width: int, seed: int) -> Any:
    """Bytes, mostly white, as a scanned page is: their sum is beyond float32's 24 bits."""
    random = np.random.default_rng(seed)
    return np.where(random.random((height, width, 3)) < 0.05, 0, 255).astype(np.uint8)


def test_statistics_of_bytes_are_exact() -> None:
    """reference and native add integers up and round each statistic once; torch's float32 mean follows its threads."""
    for height, width in ((100, 100), (700, 512)):
        image = page(height, width, height)
        exact = image.astype(object)
        n, total, squares = image.size, int(exact.sum()), int((exact * exact).sum())
        mean, std = np.float32(total / n), np.float32(((n * squares - total**2) / (n * (n - 1))) ** 0.5)
        expected = ((image.astype(np.float32) - mean) / std).transpose(2, 0, 1)
        for backend in ("reference", "native"):
            verbs = get_ops(backend)
            assert np.array_equal(np.asarray(verbs.standardize(verbs.from_image(image, None, None))), expected)
        verbs = get_ops("torchvision")
        for threads in (1, 2, 3, 8):
            before = torch.get_num_threads()
            torch.set_num_threads(threads)
            try:
                theirs = verbs.standardize(verbs.from_image(image, None, None)).numpy()
            finally:
                torch.set_num_threads(before)
            assert np.abs(theirs - expected).max() <= verbs.promise["standardize"]


def test_interleaved_pixels_are_added_up_as_planes_are() -> None:
    verbs = get_ops("torchvision")
    interleaved = torch.from_numpy(page(700, 512, 1)).permute(2, 0, 1)
    assert torch.equal(verbs.standardize(interleaved), verbs.standardize(interleaved.contiguous()))


@pytest.mark.parametrize("length", [7, 59, 150, 199, 241, 277, 295, 374, 521])
def test_fixed_point_weights_without_antialias_have_torchs_precision(length: int) -> None:
    """Its edge is a matter of the largest weight, and of the largest sum of weights that meet at an edge."""
    random = np.random.default_rng(length)
    for size in (length - 2, length - 1, length + 1, length + 2):
        image = random.integers(0, 256, (1, 2, length), dtype=np.uint8)
        expected = torch.nn.functional.interpolate(torch.from_numpy(image)[None], (2, size), mode="bicubic")[0].numpy()
        for backend in ("reference", "native", "torchvision"):
            verbs = get_ops(backend)
            ours = verbs.resize(
                verbs.from_image(image, "channels_first", None), 2, size, PILImageResampling.BICUBIC, False
            )
            assert np.array_equal(np.asarray(ours), expected), (backend, size)
