"""What this package takes from pixelprep: a few rooms that backends may import, of one number."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pixelprep_native
from pixelprep import __version__
from pixelprep.ops import protocol

NATIVE = Path(__file__).parent.parent
ROOMS = ("core", "geometry", "ops.protocol", "ops.arrays", "ops.blurring", "ops.filters", "ops.nesting", "plans")


def test_only_rooms_for_backends_are_imported() -> None:
    for file in (NATIVE / "python" / "pixelprep_native").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                if name.partition(".")[0] == "pixelprep":
                    inside = name.removeprefix("pixelprep.") + "."
                    assert inside.startswith(tuple(f"{room}." for room in ROOMS)), f"{file.name} imports {name}"


def test_it_is_written_for_this_interface() -> None:
    assert pixelprep_native.INTERFACE == protocol.INTERFACE


def test_another_interface_is_refused() -> None:
    script = """
import pixelprep.ops as ops
ops.protocol.INTERFACE += 1
try:
    ops.get_ops("native")
except ops.MissingBackendError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pixelprep-native knows interface 1 of backends, and the pixelprep installed here has 2" in out.stdout
    assert "pip install --upgrade pixelprep-native" in out.stdout


def test_each_pins_the_other() -> None:
    """A release of pixelprep may change the interface: wheels of one minor release go together."""
    native, ours = (
        tomllib.loads((folder / "pyproject.toml").read_text())["project"] for folder in (NATIVE, NATIVE.parent)
    )
    assert native["version"] == __version__
    release = __version__.rpartition(".")[0]
    assert f"pixelprep=={release}.*" in native["dependencies"]
    assert ours["optional-dependencies"]["native"] == [f"pixelprep-native=={release}.*"]
