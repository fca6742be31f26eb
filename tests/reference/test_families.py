"""Exactness: every family on every backend gives what the reference's class gives, difference 0.0.

What is compared stands beside each family in `models/<folder>/cases.py`; nothing but what is written there is allowed,
on either side, and an exception that is not needed any more fails.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import pytest
import torch

from oracle import our_class, reference_of
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families, exact_backends, short, twin
from pixelprep.testing.compare import as_numpy, how, outcome
from pixelprep.testing.family import Case, Cases
from pixelprep.testing.inputs import make
from told import tell

PAIRS = [
    (family, backend)
    for family in covered_families()
    for backend in exact_backends()
    if reference_of(family, twin(backend))
]
MOST = 40  # lines of a report
# Where torch has no AVX2 it resizes floats by other roundings, and pixelprep has one rule (N4 of docs/deviations.md).
ROUNDING = 0.0 if torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") else 1e-4


class Pair:
    """The reference's processor and ours of a family on a backend, made once for each set of constructor options."""

    def __init__(self, family: str, backend: str) -> None:
        self.cases: Cases = FAMILIES[family].cases()
        self.on = twin(backend)
        self.same_library = self.on == backend
        self.classes = reference_of(family, self.on), our_class(family, backend)
        self.made: dict[str, Any] = {}

    def processors(self, options: dict[str, Any]) -> list[Any]:
        key = repr(options)
        if key not in self.made:
            theirs, ours = self.classes
            options = {**self.cases.made, **options}
            self.made[key] = [theirs(**copy.deepcopy({**options, **self.cases.reference_only})), ours(**options)]
        return self.made[key]

    def compare(self, case: Case) -> tuple[str, str]:
        options = self.cases.settings(case)
        constructed = options if self.cases.at_construction else {}
        called = {} if self.cases.at_construction else options
        tensors = options.get("return_tensors", "pt")
        if self.cases.at_construction:
            constructed = {name: value for name, value in options.items() if name != "return_tensors"}
            called = {"return_tensors": tensors}
        results = []
        for number in range(2):
            try:
                processor = self.processors(constructed)[number]
            except Exception as error:
                results.append(error)
                continue
            inputs = make([case.images, *case.beside])
            results.append(outcome(processor, *inputs, **{"return_tensors": "pt", **called}))
        # Without `return_tensors` each backend gives arrays of its own library, and some of the reference's outputs are
        # torch's whatever is asked for.
        if not self.same_library or tensors != "pt":
            results = [result if isinstance(result, Exception) else as_numpy(result) for result in results]
        return how(*results)


def compare(family: str, backend: str) -> tuple[list[str], int]:
    """What differs from what the family's cases say, as lines that tell what to write; and how many calls differ as
    they say.
    """
    pair, apart = Pair(family, backend), 0
    seen: dict[str, set[str]] = defaultdict(set)
    lines = []
    where = backend, pair.on
    for case in pair.cases.all():
        allowed = pair.cases.allowed(case.name, *where)
        try:
            got, detail = pair.compare(case)
        except AssertionError as error:
            lines.append(f"{case.name} on {short(case.images)}: {error}")
            continue
        seen[case.name].add(got)
        if ROUNDING and detail.startswith("off by ") and float(detail.removeprefix("off by ")) <= ROUNDING:
            got = "same"
            seen[case.name].add(got)
        apart += got in ("other values", "reference alone") and got in pair.cases.own(case.name, *where)
        if got != "same" and got not in allowed:
            lines.append(f"{case.name} on {short(case.images)}: {got}, allowed is {sorted(allowed)}: {detail}")
    for name, ways in seen.items():
        stale = pair.cases.own(name, *where) - ways
        lines.extend(f"{name}: {how!r} is not needed any more, it is {sorted(ways)}" for how in sorted(stale))
    return lines, apart


@pytest.mark.parametrize(("family", "backend"), PAIRS)
def test_the_references_outputs(family: str, backend: str, request: pytest.FixtureRequest) -> None:
    lines, apart = compare(family, backend)
    assert not lines, f"{family} on {backend}, {len(lines)} faults:\n" + "\n".join(lines[:MOST])
    calls = f"{apart} call{'s' * (apart > 1)}"
    tell(request, "matrix", family, backend, f"exact but for {calls}" if apart else "exact")
