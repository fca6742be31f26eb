"""Exactness of videos: every video family on every exact backend gives what the reference's class gives, to the bit.

What is compared stands beside each family in `models/<folder>/video_cases.py`.
"""

from __future__ import annotations

import copy
import importlib
from collections import defaultdict
from typing import Any

import pytest

from pixelprep.registry import VIDEO_FAMILIES
from pixelprep.testing.battery import exact_backends, twin
from pixelprep.testing.compare import as_numpy, how, outcome
from pixelprep.testing.family import Case
from pixelprep.testing.inputs import make
from pixelprep.testing.videos import VideoCases, metadata_of
from told import tell

WRITTEN = [name for name, family in VIDEO_FAMILIES.items() if family.written]
BACKENDS = [backend for backend in exact_backends() if twin(backend) == "torchvision"]
MOST = 40


def reference_class(name: str) -> Any:
    folder = VIDEO_FAMILIES[name].folder
    module = importlib.import_module(f"transformers.models.{folder}.video_processing_{folder}")
    return getattr(module, f"{name}VideoProcessor")


class Pair:
    """The reference's processor and ours, made once for each set of constructor options."""

    def __init__(self, name: str, backend: str) -> None:
        self.cases: VideoCases = VIDEO_FAMILIES[name].cases()  # type: ignore[assignment]
        self.theirs, self.ours = reference_class(name), VIDEO_FAMILIES[name].load().on(backend)
        self.made: dict[str, Any] = {}
        self.known: dict[str, Any] = {}

    def make_theirs(self, options: dict[str, Any]) -> Any:
        key = repr(options)
        if key not in self.made:
            made = {**self.cases.made, **self.cases.reference_only, **options}
            self.made[key] = self.theirs(**copy.deepcopy(made))
        return self.made[key]

    def their_outcome(self, case: Case, tensors: str | None) -> Any:
        options = self.cases.settings(case)
        if options.get("num_frames") is not None or options.get("fps") is not None:
            options = {"num_frames": None, "fps": None, **options}
        made = {name: options.pop(name) for name in self.cases.at_construction if name in options}

        def call() -> Any:
            processor = self.make_theirs(made)
            return processor(make(case.images), **{**options, "return_tensors": tensors, **_known(case)})

        return as_numpy(_told(outcome(call)))

    def our_outcome(self, case: Case, tensors: str | None) -> Any:
        options = self.cases.settings(case)

        def call() -> Any:
            processor = self.ours(**self.cases.made)
            return processor(make(case.images), **{**options, "return_tensors": tensors, **_known(case)})

        return as_numpy(_told(outcome(call)))


def _known(case: Case) -> dict[str, Any]:
    return {"video_metadata": metadata_of(case.images), "return_metadata": True}


def _told(result: Any) -> Any:
    """Outputs with the frames that were taken in place of the objects that say it."""
    if isinstance(result, Exception):
        return result
    metadata = result.pop("video_metadata")
    return {
        **result,
        "frames": [None if m.frames_indices is None else [int(i) for i in m.frames_indices] for m in metadata],
    }


# Of each family's cases what the reference gives, until the last backend has been compared.
_references: dict[str, dict[int, Any]] = defaultdict(dict)


@pytest.mark.parametrize(("name", "backend"), [(name, backend) for name in WRITTEN for backend in BACKENDS])
def test_the_references_outputs(name: str, backend: str, request: pytest.FixtureRequest) -> None:
    pair, lines, apart = Pair(name, backend), [], 0
    seen: dict[str, set[str]] = defaultdict(set)
    for number, case in enumerate(pair.cases.all()):
        tensors = pair.cases.settings(case).get("return_tensors", "np")
        if number not in _references[name]:
            _references[name][number] = pair.their_outcome(case, tensors)
        theirs = _references[name][number]
        if not isinstance(theirs, Exception) and theirs["frames"] == [None] * len(theirs["frames"]):
            theirs = {
                **theirs,
                "frames": [list(range(known["total_num_frames"])) for known in metadata_of(case.images)],
            }
        try:
            got, detail = how(theirs, pair.our_outcome(case, tensors))
        except AssertionError as error:
            lines.append(f"{case.name} on {case.images}: {error}")
            continue
        if detail.startswith("off by ") and float(detail.removeprefix("off by ")) <= pair.cases.rounding:
            got = "same"
        seen[case.name].add(got)
        apart += got in ("other values", "reference alone")
        allowed = pair.cases.expected(case.name, backend, twin(backend)) or {"same"}
        if got not in allowed and got != "same":
            lines.append(f"{case.name} on {case.images}: {got}, allowed is {sorted(allowed)}: {detail}")
    if backend == BACKENDS[-1]:
        _references.pop(name)
    for entry in pair.cases.exceptions:
        ways = {got for case, gots in seen.items() if entry.covers(case, (backend, twin(backend))) for got in gots}
        if not entry.on and entry.how not in ways:
            lines.append(f"{entry.case}: {entry.how!r} is not needed any more, it is {sorted(ways)}")
    assert not lines, f"{name} on {backend}, {len(lines)} faults:\n" + "\n".join(lines[:MOST])
    calls = f"{apart} call{'s' * (apart > 1)}"
    tell(request, "video_matrix", name, backend, f"exact but for {calls}" if apart else "exact")


@pytest.mark.parametrize("name", WRITTEN)
def test_the_references_defaults(name: str) -> None:
    """Every option has the reference's name and default, and there are no others but `dtype`."""
    cls, family = reference_class(name), VIDEO_FAMILIES[name].load()
    cases: VideoCases = VIDEO_FAMILIES[name].cases()  # type: ignore[assignment]
    theirs, ours = cls(**{**cases.made, **cases.reference_only}), family._class_defaults()
    assert cls.valid_kwargs.__annotations__.keys() <= ours.keys()
    assert list(cls.model_input_names) == family.model_input_names
    for option in cls.valid_kwargs.__annotations__:
        expected, got = getattr(theirs, option, None), ours[option]
        if hasattr(expected, "keys"):
            expected = {key: value for key, value in dict(expected).items() if value is not None}
            got = got and dict(got)
        if option not in (*cases.made, *cases.reference_only):
            assert (list(got) if isinstance(got, tuple) else got) == (
                list(expected) if isinstance(expected, tuple) else expected
            ), option
