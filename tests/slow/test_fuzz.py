"""A short run of `make fuzz`, the same each time, and what the runner does with cases that end wrongly."""

from __future__ import annotations

import random
from typing import Any

import pytest

from oracle import usable_backends
from pixelprep.testing import fuzz
from pixelprep.testing.fuzz import CASES, outcome


@pytest.mark.parametrize("backend", [name for name in ("pil", "native") if name in usable_backends()])
@pytest.mark.parametrize("kind", CASES)
def test_cases_end_well(kind: str, backend: str) -> None:
    wrong = {seed: outcome(kind, seed, backend) for seed in range(40)}
    assert {seed: what for seed, what in wrong.items() if what not in ("fine", "refused")} == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError"),
        (ValueError(""), "too little"),
        (MemoryError(), "Memory"),
    ],
)
def test_what_ends_wrongly_is_said(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def case(rng: random.Random, backend: str) -> Any:
        raise error

    monkeypatch.setitem(CASES, "wrong", case)
    assert said in outcome("wrong", 0)


def test_a_run_counts_its_cases() -> None:
    found = fuzz.fuzz(5, seed=7, kinds=("files",))
    assert found.cases["files"] > 5
    assert found.faults == []
