"""The comparison of two releases: what is said of two answers, and what the command refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from pixelprep.testing.drift_battery import cases
from pixelprep.testing.drift_report import VALUES, changed

FACTS: dict[str, Any] = {
    "inputs": ["images"],
    "keywords": {"do_resize": "bool | None", "crop_pct": "float | None"},
    "defaults": {"do_resize": True, "crop_pct": 0.9},
    "values": {},
    "methods": {},
}


def answer(value: str, shape: tuple[int, ...] = (1, 3, 4, 4)) -> dict[str, Any]:
    return {"outputs": {"pixel_values": [f"tensor float32 {shape}", value]}}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pixelprep.testing", "drift", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_option_is_turned() -> None:
    made = cases("FooImageProcessor", FACTS, FACTS)
    turned = {name for case in made for name in case["kwargs"]}
    assert {"do_resize", "crop_pct"} <= turned
    assert {case["topic"] for case in made} >= {"PIL RGBA", "array (4, W, 3)", "option do_resize"}


def test_two_answers() -> None:
    assert changed(answer("a"), answer("a"), True) is None
    assert changed(answer("a"), answer("b"), True) == VALUES
    assert changed(answer("a"), answer("a", (1, 3, 8, 8)), True) not in (None, VALUES)
    raised = {"error": "ValueError: no"}
    assert changed(raised, raised, True) is None
    assert changed(raised, answer("a"), True) not in (None, VALUES)


def test_an_interpreter_without_the_release(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    found = run("1.0.0", "1.0.1", "--old-python", sys.executable, "--new-python", sys.executable, "-o", str(page))
    assert found.returncode == 1
    assert "1.0.0" in found.stderr
    assert not page.exists()


def test_help_teaches() -> None:
    found = run("--help")
    assert found.returncode == 0
    assert "drift 5.18.0 5.24.0" in found.stdout
