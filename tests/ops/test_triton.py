"""The triton backend gives native's bits: in Triton's interpreter everywhere, by the thousand where there is a GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import triton

import triton_cases
from pixelprep.ops import choose_backend, why_not
from pixelprep.ops.triton import kernels, tables
from pixelprep.registry.families import written_families
from pixelprep_native import _core

TESTS = Path(__file__).parent.parent


def interpreted(seed: int, calls: int, *families: str) -> Any:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    command = [sys.executable, str(TESTS / "triton_cases.py"), str(seed), str(calls), *families]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("seed", "calls", "families"),
    [(0, 25, ("CLIP", "Qwen2VL", "Detr", "LlavaNext")), (1000, 25, ("Siglip2", "Pixtral", "Fuyu", "Sam"))],
)
def test_the_interpreter_gives_natives_bits(seed: int, calls: int, families: tuple[str, ...]) -> None:
    assert interpreted(seed, calls, *families) == []


@pytest.mark.cuda
def test_the_device_gives_natives_bits() -> None:
    assert triton_cases.main(0, 2000, []) == []


@pytest.mark.cuda
@pytest.mark.parametrize("family", written_families())
def test_families_on_the_device(family: str) -> None:
    assert triton_cases.main(0, 0, [family]) == []


@pytest.mark.cuda
def test_nothing_waits_for_the_device() -> None:
    """From tensors that are there already to the batch, once the tables of such sizes are known."""
    from pixelprep.models.clip.image_processing_clip import CLIP

    processor = CLIP.on("triton")()
    images = [torch.randint(0, 256, (3, 90, 120 + number), dtype=torch.uint8, device="cuda") for number in range(4)]
    expected = processor(images, return_tensors="pt")["pixel_values"]
    stream = torch.cuda.Stream()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        with torch.cuda.stream(stream):
            got = processor(images, return_tensors="pt")["pixel_values"]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    stream.synchronize()
    assert torch.equal(got, expected)


def test_without_a_gpu_another_backend_is_taken() -> None:
    if tables.INTERPRETED or torch.cuda.is_available():
        assert why_not("triton") is None
        return
    assert "GPU" in str(why_not("triton"))
    with pytest.warns(UserWarning, match="GPU") as told:
        assert choose_backend("triton", sure=True) != "triton"
    assert len(told) == 1


@pytest.mark.parametrize("target", [("cuda", 80, 32), ("cuda", 90, 32), ("cuda", 100, 32), ("hip", "gfx942", 64)])
@pytest.mark.parametrize("name", ["across", "down"])
def test_the_kernels_compile_without_floats(name: str, target: tuple[str, Any, int]) -> None:
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel = getattr(kernels, name)
    types = {
        **dict.fromkeys(("jobs", "whole"), "*i64"),
        **dict.fromkeys(("counts", "values", "tile_job", "tile_number"), "*i32"),
        "weights": "*i16",
        "planes": "*u8",
    }
    sizes = {"fields": tables.FIELDS, "tall": 16, "wide": 64}
    signature = {each: types.get(each, "constexpr") for each in kernel.arg_names}
    made = triton.compile(ASTSource(kernel, signature, constexprs=sizes), target=GPUTarget(*target))
    words = set(made.asm["ttir"].replace("<", " ").replace(">", " ").replace("x", " ").split())
    assert not words & {"f16", "bf16", "f32", "f64"}
    assert words & {"i32"}


def test_taps_are_weights_of_one() -> None:
    firsts, counts, weights, precision = _core.taps(100, 37, 3)
    assert len(firsts) == len(counts) == len(weights) == 37
    assert abs(weights.sum(axis=1) - (1 << precision)).max() <= weights.shape[1]
    with pytest.raises(ValueError, match="resample"):
        _core.taps(10, 10, 9)
    with pytest.raises(ValueError, match="side"):
        _core.taps(0, 10, 2)
