"""Packages that a test needs and an installation may lack: such tests skip, saying so, and `make test` lacks none.

With PIXELPREP_TEST_ALL=1, as `make test` and continuous integration set it, a test that would skip fails instead.
"""

from __future__ import annotations

import ast
import importlib.util
import os
from functools import cache
from pathlib import Path

import pytest

from pixelprep.ops import MissingBackendError

EVERYTHING = bool(os.environ.get("PIXELPREP_TEST_ALL"))
TESTS = Path(__file__).parent
ROOT = TESTS.parent
"""The checkout."""
# Folders that need more than what their files import.
FOLDERS = {"reference": ("torch", "torchvision", "transformers")}


@cache
def installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def needs(*packages: str) -> None:
    """Skip the test, or fail it under PIXELPREP_TEST_ALL, if a package is not installed."""
    absent = [package for package in packages if not installed(package)]
    if not absent:
        return
    message = f"needs {' and '.join(absent)}: pip install -e '.[dev]'"
    if EVERYTHING:
        pytest.fail(message)
    pytest.skip(message, allow_module_level=True)


def is_absence(error: ImportError) -> bool:
    """Whether an import failed, or a backend could not be had, because a package is not installed."""
    return isinstance(error, MissingBackendError) or bool(error.name and not installed(error.name.partition(".")[0]))


@cache
def absent_imports(path: Path) -> tuple[str, ...]:
    """The packages that a test file and the helpers beside it import at their top and that are not installed."""
    relative = path.relative_to(TESTS) if path.is_relative_to(TESTS) else path
    found = set(FOLDERS.get(relative.parts[0], ()))
    for node in ast.parse(path.read_text()).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for package in {name.partition(".")[0] for name in names}:
            helper = TESTS / f"{package}.py"
            found |= set(absent_imports(helper)) if helper.exists() else {package}
    return tuple(sorted(package for package in found if not installed(package)))
