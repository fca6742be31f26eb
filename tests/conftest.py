"""CUDA tests run where there is a device and are deselected, saying so, where there is none."""

from __future__ import annotations

from functools import cache

import hypothesis
import pytest

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")


@cache
def cuda_device() -> str | None:
    """The name of the CUDA device, or None where there is none."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def pytest_report_header() -> str:
    device = cuda_device()
    return f"CUDA tests: run on {device}" if device else "CUDA tests: deselected, there is no CUDA device"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if cuda_device():
        return
    without_device = [item for item in items if item.get_closest_marker("cuda")]
    if without_device:
        config.hook.pytest_deselected(items=without_device)
        items[:] = [item for item in items if not item.get_closest_marker("cuda")]
