"""CUDA tests run where there is a device and are deselected, saying so, where there is none."""

from __future__ import annotations

import hypothesis
import pytest

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

deselected = pytest.StashKey[int]()


def has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if marked and not has_cuda():
        config.stash[deselected] = len(marked)
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if item not in marked]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if deselected in config.stash:
        terminalreporter.write_line(f"{config.stash[deselected]} CUDA tests deselected: there is no CUDA device")
