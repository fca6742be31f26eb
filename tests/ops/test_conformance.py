"""The shipped conformance suite: every backend that can run passes it, a broken one does not, plugins are found."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from needs import ROOT, installed
from oracle import reference_of
from pixelprep import ops
from pixelprep.ops import registration
from pixelprep.ops.arrays import ArrayOps
from pixelprep.ops.pil import PilOps
from pixelprep.ops.protocol import VERB_NAMES, Conventions, unsupported
from pixelprep.ops.reference import ReferenceOps
from pixelprep.testing.battery import covered_families, exact_backends, twin
from pixelprep.testing.compare import how
from pixelprep.testing.conformance import (
    Check,
    NotOfferedError,
    checks,
    promise,
    same_family,
)
from pixelprep.testing.facts import oracle_with, other, outcome_of
from told import tell

EXAMPLE = ROOT / "examples" / "third_party_backend"
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
    "check",
    [
        pytest.param(check, id=f"{name}-{check.name}")
        for name in USABLE
        for check in checks(name)
        if check.group != "family"
    ],
)
def test_backend_keeps_its_promise(check: Check) -> None:
    assert run(check) in ("passed", "not offered")


@pytest.mark.parametrize("family", covered_families())
@pytest.mark.parametrize("backend", USABLE)
def test_families_keep_the_promise(backend: str, family: str, request: pytest.FixtureRequest) -> None:
    try:
        levels = same_family(backend, family)
        text = f"within {levels:g} levels" if levels else "exact, by the oracle"
    except NotOfferedError as error:
        text = f"not offered: {error}"
    compared = backend in exact_backends() and (not installed("transformers") or reference_of(family, twin(backend)))
    if ops.backends()[backend].public and not compared:  # else `test_families` of `tests/reference` tells
        tell(request, "matrix", family, backend, text)


def test_the_backends_of_this_suite_are_all_there() -> None:
    assert {"torchvision", "native", "pil", "mlx"} <= set(USABLE)
    assert not any(hasattr(ops.get_ops(name), "promise") for name in ("native", "reference"))
    assert set(promise(ops.get_ops("torchvision"))) <= {"standardize", "resize_float"}  # N3, N4
    assert max(promise(ops.get_ops("mlx")).values()) <= 2


@pytest.mark.parametrize("fact", [field.name for field in fields(Conventions)])
def test_a_fact_shows_in_its_call(fact: str) -> None:
    """Else the check of that fact could not fail."""
    plain, changed = (outcome_of(fact, oracle_with(facts)) for facts in (Conventions(), other(Conventions(), fact)))
    assert how({fact: plain}, {fact: changed})[0] == "other values"


class OffByOne(ReferenceOps):
    """A backend whose resize is one grey level off."""

    def resize(self, images, height, width, resample, antialias=True):  # type: ignore[no-untyped-def]
        resized = super().resize(images, height, width, resample, antialias)
        return resized + (resized < 255) if resized.dtype == "uint8" else resized


class Careless(ReferenceOps):
    """A backend that changes its input, offers one verb not at all, and breaks the contract of another."""

    def rescale(self, images, scale):  # type: ignore[no-untyped-def]
        images[...] = 0
        return super().rescale(images, scale)

    def crop(self, images, top, left, height, width):  # type: ignore[no-untyped-def]
        return images

    def extend(self, images, top, bottom, left, right, mode):  # type: ignore[no-untyped-def]
        raise unsupported("careless", f"extending by {mode!r}", "pad instead")


def verb_checks(backend: str) -> list[Check]:
    """All but most families, which take long, and the check in another process, which does not know the backend."""
    return [
        check
        for check in checks(backend)
        if check.group in ("protocol", "verb") or (check.group, check.name) == ("family", "CLIP")
    ]


@pytest.fixture
def registered(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    ops.register_backend("mutant", lambda: request.param)
    yield "mutant"
    registration._BACKENDS.pop("mutant")
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
    assert "crop must give the shape (3, 20, 30)" in results["verb", "crop"]
    assert results["verb", "extend, edge"] == "not offered"


def test_every_verb_is_covered() -> None:
    names = [check.name for check in checks("reference") if check.group == "verb"]
    assert {name.partition(",")[0].partition(" ")[0] for name in names} - {"a"} == set(VERB_NAMES)


def test_only_some_checks() -> None:
    assert [check.name for check in checks("reference", "crop")] == ["crop"]
    assert {check.group for check in checks("reference", "verb: resize*")} == {"verb"}
    assert list(checks("reference", "no such check")) == []


class Inherited(PilOps):
    """Pillow's backend with a mistake in what it inherits from the arrays that the reference backend has too."""

    name = "inherited"


@pytest.mark.parametrize("registered", [Inherited], indirect=True)
def test_what_a_backend_inherits_is_compared_with_something_else(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ArrayOps.patchify

    @functools.wraps(right)
    def mirrored(self, images, *args, **kwargs):  # type: ignore[no-untyped-def]
        return right(self, images[..., ::-1], *args, **kwargs)

    monkeypatch.setattr(ArrayOps, "patchify", mirrored)
    failed = {check.name for check in checks(registered, "verb: patchify*") if run(check).startswith("failed")}
    assert failed == {"patchify", "patchify, row by row"}


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
