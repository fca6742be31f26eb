"""What a machine lacks: files that import a package which is not installed are one skipped test that says so; CUDA
tests are deselected, saying so, where there is no device.

The reference resizes bytes by torch's integer kernels here on every processor (N2 of docs/deviations.md): torchvision
goes through floats where torch has no AVX2, and a comparison to the bit would hold on some machines only.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import told
from needs import EVERYTHING, absent_imports, is_absence, needs

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-pages", action="store_true", help="write what tests tell into docs (make matrix)")


def pytest_configure(config: pytest.Config) -> None:
    try:
        from torchvision.transforms.v2.functional import _geometry as geometry
    except ImportError:
        return
    if not geometry._do_native_uint8_resize_on_cpu(geometry.InterpolationMode.BILINEAR):
        geometry._do_native_uint8_resize_on_cpu = lambda interpolation: (
            interpolation
            in (
                geometry.InterpolationMode.BILINEAR,
                geometry.InterpolationMode.BICUBIC,
                geometry.InterpolationMode.LANCZOS,
            )
        )


class AbsentFile(pytest.File):
    """A test file that cannot be imported here."""

    def collect(self) -> Iterator[pytest.Item]:
        yield AbsentItem.from_parent(self, name="needs " + " and ".join(absent_imports(self.path)))


class AbsentItem(pytest.Item):
    def runtest(self) -> None:
        needs(*absent_imports(self.path))


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.File | None:
    return AbsentFile.from_parent(parent, path=module_path) if absent_imports(module_path) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that meets a package which is not installed on its way skips too."""
    try:
        return (yield)
    except ImportError as error:
        if not EVERYTHING and is_absence(error):
            pytest.skip(str(error))
        raise


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
    if config.getoption("--write-pages"):
        written = told.write(terminalreporter.stats.get("passed", []))
        terminalreporter.write_line(f"written: {', '.join(f'docs/{page}.md' for page in written) or 'nothing'}")
