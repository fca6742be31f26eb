"""The second half of a split call in torch and MLX: a plain function and a module."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from needs import needs
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.family import Picture
from pixelprep.testing.inputs import make

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def halves(name: str, backend: str, tensors: str, **options: Any) -> Any:
    processor, images = FAMILIES[name].load().on(backend)(**options), [make(Picture(90, 61)), make(Picture(52, 44))]
    plan = processor.plan(images, return_tensors=tensors)
    return plan, plan.execute(images, until="uint8"), processor(images, return_tensors=tensors)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("backend", ["torchvision", "pil"])
@pytest.mark.parametrize("name", ["CLIP", "Qwen2VL", "Detr", "Siglip2", "Idefics3"])
def test_torch(name: str, backend: str, device: str) -> None:
    plan, half, real = halves(name, backend, "pt", **FAMILIES[name].cases().small)
    there = half.to(device)
    finished, module = plan.finish(there), plan.finish_module().to(device)
    for key, value in real.items():
        for made in (finished[key], module(**there)[key]):
            assert made.device.type == device
            assert made.dtype == value.dtype
            assert torch.equal(made.cpu(), value)


def test_a_module_compiles_to_a_graph() -> None:
    plan, half, real = halves("CLIP", "torchvision", "pt")
    program = torch.export.export(plan.finish_module(), (), dict(half))
    assert torch.equal(program.module()(**half)["pixel_values"], real["pixel_values"])
    with pytest.raises(ValueError, match="must be bytes of shape"):
        plan.finish_module()(pixel_values=half["pixel_values"][:1])


def test_mlx() -> None:
    needs("mlx")
    import mlx.core

    plan, half, real = halves("CLIP", "mlx", "mlx")
    assert half["pixel_values"].dtype == mlx.core.uint8
    finished = plan.finish(half)["pixel_values"]
    assert isinstance(finished, mlx.core.array)
    assert np.array_equal(np.asarray(finished), np.asarray(real["pixel_values"]))
