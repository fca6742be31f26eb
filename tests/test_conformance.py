"""The shipped conformance suite: every backend that can run passes it, a broken one does not, plugins are found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pixelprep import ops
from pixelprep.ops.reference import ReferenceOps
from pixelprep.testing.conformance import Check, NotOfferedError, checks, promise

EXAMPLE = Path(__file__).parent.parent / "examples" / "third_party_backend"
USABLE = [name for name, backend in ops.backends().items() if backend.missing() is None]


def run(check: Check) -> str:
    try:
        check.run()
    except NotOfferedError:
        return "not offered"
    except Exception as error:
        return f"failed: {error}"
    return "passed"


@pytest.mark.parametrize(
    "check", [pytest.param(check, id=f"{name}-{check.name}") for name in USABLE for check in checks(name)]
)
def test_backend_keeps_its_promise(check: Check) -> None:
    assert run(check) in ("passed", "not offered")


def test_the_backends_of_this_suite_are_all_there() -> None:
    assert {"torchvision", "native", "pil", "mlx"} <= set(USABLE)
    assert not any(hasattr(ops.get_ops(name), "promise") for name in ("torchvision", "native", "reference"))
    assert max(promise(ops.get_ops("mlx")).values()) <= 2


class OffByOne(ReferenceOps):
    """A backend whose resize is one grey level off."""

    def resize(self, images, height, width, resample, antialias=True):  # type: ignore[no-untyped-def]
        resized = super().resize(images, height, width, resample, antialias)
        return resized + (resized < 255) if resized.dtype == "uint8" else resized


class Careless(ReferenceOps):
    """A backend that changes its input, and lacks a verb's argument."""

    def rescale(self, images, scale):  # type: ignore[no-untyped-def]
        images[...] = 0
        return super().rescale(images, scale)

    def crop(self, images, top, left, height):  # type: ignore[no-untyped-def]
        return images


def verb_checks(backend: str) -> list[Check]:
    """All but most families, which take long, and the check in another process, which does not know the backend."""
    return [
        check
        for check in checks(backend)
        if check.group in ("signature", "verb") or (check.group, check.name) == ("family", "CLIP")
    ]


@pytest.fixture
def registered(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    ops.register_backend("mutant", lambda: request.param)
    yield "mutant"
    ops._BACKENDS.pop("mutant")
    ops.get_ops.cache_clear()


@pytest.mark.parametrize("registered", [OffByOne], indirect=True)
def test_a_mutated_backend_fails(registered: str) -> None:
    failed = {check.name for check in verb_checks(registered) if run(check).startswith("failed")}
    assert "resize BILINEAR" in failed
    assert "CLIP" in failed
    assert "crop" not in failed


@pytest.mark.parametrize("registered", [Careless], indirect=True)
def test_a_careless_backend_fails(registered: str) -> None:
    results = {(check.group, check.name): run(check) for check in verb_checks(registered)}
    assert "changed" in results["verb", "rescale"]
    assert "takes" in results["signature", "crop"]


def test_a_plugin_is_found_through_its_entry_point(tmp_path: Path) -> None:
    # The example is installed into a folder of its own, without its dependency, which is there already.
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--target",
            tmp_path,
            EXAMPLE,
        ],
        check=True,
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    out = subprocess.run(
        [sys.executable, "-m", "pixelprep.testing", "--backend", "halves"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert out.returncode == 0, out.stdout + out.stderr
    assert " passed" in out.stdout
    assert "failed" not in out.stdout


def test_the_report_says_what_failed() -> None:
    out = subprocess.run(
        [sys.executable, "-m", "pixelprep.testing", "--backend", "torchvison"], capture_output=True, text=True
    )
    assert out.returncode == 2
    assert "did you mean 'torchvision'" in out.stdout
