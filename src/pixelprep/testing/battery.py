"""What every family must show by itself, driven by its `cases.py`: `python -m pixelprep.testing family NAME`.

Needs neither transformers nor torch; whether the values are the reference's is shown by `tests/reference`. Each check
reports everything it found at once, in lines that tell what to write or to mend.
"""

from __future__ import annotations

import copy
import importlib.util
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..auto import AutoImageProcessor
from ..core.enums import PILImageResampling
from ..core.errors import NeedsPixelsError
from ..ops import DEFAULT_ORDER, UnsupportedOperationError, backends, get_ops
from ..ops.protocol import Conventions
from ..processing_utils import ImagesKwargs
from ..registry.families import FAMILIES, written_families
from .compare import as_numpy, difference, outcome, stated
from .conformance import Check, NotOfferedError, promise
from .family import COMMON_OPTIONS, Case, Cases, Picture, describe, matches
from .inputs import make

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor

ORACLE = "reference"
REFUSED = {"refused", "reference alone"}
# Sums of floats in another order, of values below ten.
FLOATS = 2e-5
SIZES = ((37, 61), (52, 44), (1, 1), (1, 60), (60, 1), (64, 64), (37, 211), (120, 90))


def usable_backends() -> list[str]:
    """Every public backend that can run here."""
    return [name for name, backend in backends().items() if backend.public and backend.missing() is None]


def covered_families() -> list[str]:
    """The written families that have cases; a test says that all have."""
    return [name for name in written_families() if importlib.util.find_spec(FAMILIES[name].cases_module)]


def twin(backend: str) -> str:
    """Which of the reference's two classes a backend follows where they differ."""
    return "torchvision" if get_ops(backend).conventions == Conventions() else "pil"


def exact(backend: str) -> bool:
    """Whether a backend promises the oracle's resized bytes to the bit."""
    filters = {filter.name for filter in PILImageResampling}
    return twin(backend) != "pil" and not filters & promise(get_ops(backend)).keys()


def exact_backends() -> list[str]:
    """The usable backends that promise the values of the reference's class that they follow."""
    return [name for name in usable_backends() if name == twin(name) or exact(name)]


class TypesError(Exception):
    """Arrays of another library than was asked for."""


def family_checks(family: str, tried: list[str] | None = None) -> Iterator[Check]:
    """Every check of a family, on some backends or on all that can run here.

    Raises:
        UnknownFamilyError: there is no such family, or it has no cases.
    """
    FAMILIES[family].cases()
    yield Check("cases", "they fit the family", lambda: _battery(family).check_cases())
    for backend in usable_backends() if tried is None else tried:
        for method in (
            Battery.check_outputs,
            Battery.check_constructor,
            Battery.check_dtype,
            Battery.check_copies,
            Battery.check_files,
            Battery.check_shapes,
            Battery.check_plans,
            Battery.check_batches,
            Battery.check_kinds,
        ):
            name = (method.__doc__ or "").partition(".")[0]
            yield Check(backend, name, lambda method=method, backend=backend: method(_battery(family), backend))  # type: ignore[misc]


class Battery:
    """The checks of one family; what the oracle gives is kept for all backends."""

    def __init__(self, family: str) -> None:
        self.name = family
        self.cases: Cases = FAMILIES[family].cases()
        self.cls = FAMILIES[family].load()
        self._oracle: dict[int, Any] = {}

    @cached_property
    def all(self) -> list[Case]:
        """Options on the first of the images, where nothing is said of them: the reference sees them on all."""
        seen: set[str] = set()
        said = {*self.cases.refused, *(name for entry in self.cases.exceptions for name in entry.names)}
        kept = []
        for case in self.cases.all():
            if case.name not in seen or matches(case.name, said):
                kept.append(case)
            seen.add(case.name)
        return kept

    def small(self, backend: str, **options: Any) -> BaseImageProcessor:
        """The family's processor on a backend, under its small options."""
        return self.make(backend, **{**self.cases.small, **options})

    def make(self, backend: str, **options: Any) -> BaseImageProcessor:
        return self.cls.on(backend)(**{**self.cases.made, **options})

    def run(self, backend: str, case: Case) -> Any:
        """What comes of a case, in NumPy arrays, or the error; options at the call unless the family says otherwise."""
        options = {"return_tensors": "np", **self.cases.settings(case)}
        images = make([case.images, *case.beside])
        if self.cases.at_construction:
            tensors = options.pop("return_tensors")
            result = outcome(lambda: self.make(backend, **options)(*images, return_tensors=tensors))
        else:
            result = outcome(self.make(backend), *images, **options)
        if isinstance(result, Exception):
            return result
        if self.cases.settings(case).get("return_tensors", "np") == "np":
            other = sorted(
                key for key, value in result.items() if hasattr(value, "shape") and not isinstance(value, np.ndarray)
            )
            if other:
                return TypesError(f"return_tensors='np' leaves {other} as they were")
        return as_numpy(result)

    def oracle(self, number: int) -> Any:
        if number not in self._oracle:
            self._oracle[number] = self.run(ORACLE, self.all[number])
        return self._oracle[number]

    # ------------------------------------------------------------------------------------------------------ checks

    def check_cases(self) -> None:
        """they fit the family"""
        lines = []
        names = {case.name for case in self.all}
        for pattern in (*self.cases.refused, *(name for entry in self.cases.exceptions for name in entry.names)):
            if not any(matches(name, [pattern]) for name in names):
                lines.append(f"{pattern!r} names no case; there are {sorted(names)}")  # noqa: PERF401
        known = {*COMMON_OPTIONS, *(case.name for case in Cases(small=self.cases.small).all())}
        for pattern, reason in self.cases.without.items():
            if not any(matches(name, [pattern]) for name in known) or not reason:
                lines.append(f"without {pattern!r}: names no common case, or says no reason")
        lines.extend(f"{entry.case}: say the reason" for entry in self.cases.exceptions if not entry.reason)
        own = set(self.cls._schema().types) - set(ImagesKwargs.__annotations__)
        tried = {name for case in self.all for name in self.cases.settings(case)}
        lines.extend(
            f"the option {name!r} is tried nowhere: give it other values in `options`"
            for name in sorted(own - tried - set(self.cases.untried))
        )
        lines.extend(f"untried {name!r}: it is tried" for name in self.cases.untried if name in tried)
        doubled = [describe(options) for options in self.cases.options]
        lines.extend(f"the options {name!r} stand there twice" for name in set(doubled) if doubled.count(name) > 1)
        _report(lines)

    def check_outputs(self, backend: str) -> None:
        """every case gives the oracle's outputs, or is refused as its cases say"""
        lines, absent, seen = [], list[str](), defaultdict(set)
        for number, case in enumerate(self.all):
            if case.defaults and not exact(backend):
                continue  # its values are not compared, and its shapes are check_shapes' matter
            got = self.run(backend, case)
            if isinstance(got, ImportError):
                absent.append(f"{case.name}: {got}")
                continue
            refused = isinstance(got, Exception)
            seen[case.name].add(refused)
            where = f"{case.name} on {short(case.images)}"
            if isinstance(got, TypesError):
                lines.append(f"{where}: {got}")
            elif not refused and (unnamed := got.keys() - {*self.cls.model_input_names, *self.cls.further_outputs}):
                lines.append(f"{where}: name {sorted(unnamed)} in `further_outputs`")
            elif refused and not (REFUSED & self.cases.allowed(case.name, backend, twin(backend)) and stated(got)):
                lines.append(f"{where}: {type(got).__name__}: {got}; if that is right, put {case.name!r} in `refused`")
            elif not refused:
                lines.extend(f"{where}: {fault}" for fault in self._against_oracle(backend, number, got))
        for name, ways in seen.items():
            own = self.cases.own(name, backend, twin(backend))
            if own and own <= REFUSED and True not in ways:
                lines.append(f"{name}: is not refused any more")
        _report(lines)
        if absent:
            raise NotOfferedError("; ".join(absent))

    def _against_oracle(self, backend: str, number: int, got: Any) -> list[str]:
        """Values where a backend promises them; else keys and shapes, or keys alone of nested lists."""
        expected, case = self.oracle(number), self.all[number]
        allowed = self.cases.allowed(case.name, backend, twin(backend))
        if isinstance(expected, Exception):
            fine = allowed != {"same"} or isinstance(expected, UnsupportedOperationError)
            return [] if fine else [f"the oracle gives {type(expected).__name__}: {expected}"]
        types = _pixel_types(case.images)
        if exact(backend) and types <= {"uint8", "float32", "float64"}:
            rounding = self.cases.rounding if types == {"uint8"} else max(self.cases.rounding, FLOATS)
            rounding *= 255 if self.cases.settings(case).get("do_rescale") is False else 1
            expected, got = _narrow(expected), _narrow(got)
        elif self.cases.settings(case).get("return_tensors", "np") is None:
            expected, got, rounding = sorted(expected), sorted(got), 0.0
        else:
            expected, got, rounding = _outline(expected), _outline(got), 0.0
        try:
            worst = difference(expected, got)
        except AssertionError as error:
            return [str(error)] if allowed == {"same"} or exact(backend) else []
        return [f"off by {worst:.3g}"] if worst > rounding else []

    def check_constructor(self, backend: str) -> None:
        """options mean the same at construction and at the call"""
        lines: list[str] = []
        for own in ({}, *self.cases.options):
            options, inputs = {"return_tensors": "np", **self.cases.small, **own}, (make(self.cases.images[0]),)
            inputs = self.inputs() if self.cases.own_inputs else inputs
            called = outcome(self.make(backend), *inputs, **options)
            made = outcome(lambda inputs=inputs, options=options: self.make(backend, **options)(*inputs))
            faults = self.differ(called, made)
            if own.keys() & self.cases.other_when_made.keys():
                faults = [] if faults else ["means the same; take it out of `other_when_made`"]
            lines.extend(f"{describe(own)}: {fault}" for fault in faults)
        _report(lines)

    def check_dtype(self, backend: str) -> None:
        """`dtype` is honoured by every output"""
        plain, half = (self.output(self.small(backend), *self.inputs(), dtype=d) for d in ("float32", "float16"))
        lines: list[str] = []
        changed = set()
        for key, value in plain.items():
            if not hasattr(value, "dtype") or not _is_float(value):
                continue
            if half[key].dtype != np.float16:
                lines.append(f"{key} is {half[key].dtype} with dtype='float16'")
                continue
            changed.add(key)
            # Rounded once, from float32 or from the backend's own sums: one unit in the last place.
            wrong = np.abs(half[key].astype(np.float64) - value.astype(np.float64)) > 2.0**-10 * np.abs(value) + 1e-6
            if wrong.any():
                lines.append(f"{key} has other values with dtype='float16'")
        lines = [line for line in lines if line.partition(" ")[0] not in self.cases.own_types]
        lines.extend(f"own type {key!r}: `dtype` changes it" for key in self.cases.own_types if key in changed)
        _report(lines)

    def check_copies(self, backend: str) -> None:
        """copies and pickles are the same processor, and do not share its settings"""
        processor = self.small(backend, do_normalize=False)
        expected, lines = self.output(processor, *self.inputs()), []
        for again in (copy.copy(processor), copy.deepcopy(processor), pickle.loads(pickle.dumps(processor))):
            if again.to_dict() != processor.to_dict() or type(again) is not type(processor):
                lines.append("a copy has other settings")
            lines.extend(self.differ(expected, outcome(again, *self.inputs(), return_tensors="np")))
            again.do_normalize = True
            if processor.do_normalize:
                lines.append("a change of a copy reached the original")
        _report(lines)

    def check_files(self, backend: str) -> None:
        """what is saved is what is loaded"""
        processor, lines = self.small(backend, rescale_factor=0.5), []
        expected = self.output(processor, *self.inputs())
        with tempfile.TemporaryDirectory() as folder:
            processor.save_pretrained(folder)
            again = AutoImageProcessor.from_pretrained(folder, backend=backend)
        if type(again) is not type(processor) or again.to_dict() != processor.to_dict():
            lines.append("the file gives another class or other settings")
        lines.extend(self.differ(expected, outcome(again, *self.inputs(), return_tensors="np")))
        default = self.make(backend)
        if dict(self.cls.on(backend).from_dict(default.to_dict())._options) != dict(default._options):
            lines.append("the defaults do not survive `to_dict` and `from_dict`")
        _report(lines)

    def check_shapes(self, backend: str) -> None:
        """`output_shapes` tells what a call gives"""
        lines = []
        for options in ({}, *self.cases.options):
            processor = outcome(lambda options=options: {"made": self.small(backend, **options)})
            if isinstance(processor, Exception):
                continue  # shown by check_constructor
            for size in SIZES if not options else SIZES[:2]:
                image = make(Picture(*size))
                real = outcome(processor["made"], image, return_tensors="np")
                told = outcome(processor["made"].output_shapes, *size)
                where = f"{describe(options)} on {size[0]}x{size[1]}"
                if matches(describe(options), self.cases.needs_pixels):
                    if not isinstance(told, Exception):
                        lines.append(f"{where}: output_shapes tells; take it out of `needs_pixels`")
                    continue
                if isinstance(real, Exception) or isinstance(told, Exception):
                    if not (stated(real) and stated(told)):
                        lines.append(f"{where}: the call gives {_kind(real)}, output_shapes {_kind(told)}")
                    continue
                known = {key: (tuple(array.shape), array.dtype) for key, array in told.items()}
                real = {key: np.asarray(as_numpy(value)) for key, value in real.items()}
                outline = {key: (tuple(value.shape), str(value.dtype)) for key, value in real.items()}
                lines.extend(f"{where}: {fault}" for fault in self.differ(outline, known))
                lines.extend(
                    f"{where}: {key} is {real[key]}, told was {array.values}"
                    for key, array in told.items()
                    if array.values is not None and not np.array_equal(np.asarray(real[key]), array.values)
                )
        _report(lines)

    def check_plans(self, backend: str) -> None:
        """a plan that is executed gives what the call gives, and planned twice it is the same"""
        lines: list[str] = []
        # What common options change shows on any family alike; on backends from elsewhere the plain case says enough.
        tried = {"small", *(case.name for case in self.all if case.name not in COMMON_OPTIONS)}
        for case in (case for case in self.all if case.name in (tried if backend in DEFAULT_ORDER else {"small"})):
            images = make([case.images, *case.beside])
            for tensors in ("np", None) if case.name == "small" else ("np",):
                lines.extend(
                    f"{case.name} on {short(case.images)}, {tensors}: {fault}"
                    for fault in self._plan_faults(backend, case, images, tensors)
                )
        _report(lines)

    def _plan_faults(self, backend: str, case: Case, images: list[Any], tensors: str | None) -> Iterator[str]:
        made, options = self.cases.settings(case), {"return_tensors": tensors}
        made, options = (made, options) if self.cases.at_construction else ({}, {**made, **options})
        processor: Any = outcome(lambda: {"": self.make(backend, **made)})
        if isinstance(processor, Exception):
            return  # shown by check_constructor
        processor = processor[""]
        real = outcome(processor, *images, **options)
        plan: Any = outcome(lambda: {"": processor.plan(*images, **options)})
        if isinstance(plan, NeedsPixelsError):
            # What stands beside images may be looked at: maps, annotations.
            if not (isinstance(real, Exception) or case.beside or matches(case.name, self.cases.needs_pixels)):
                yield _kind(plan)
        elif isinstance(plan, Exception):
            if _kind(real) != _kind(plan):
                yield f"the call gives {_kind(real)}, the plan {_kind(plan)}"
        elif not (plan := plan[""]).withheld:
            got = outcome(plan.execute, *images)
            if not (isinstance(real, Exception) and _kind(real) == _kind(got)):
                yield from self.differ(real, got, 0.0)
            if processor.plan(*images, **options) != plan:
                yield "planned twice it is not the same"

    def check_batches(self, backend: str) -> None:
        """images come out of a batch as they do alone, however the batch is written"""
        if self.cases.own_inputs:
            return
        processor, pictures = self.small(backend), self.pictures()
        arrays, samples = [np.asarray(picture) for picture in pictures], [[picture] for picture in pictures]
        together = self.output(processor, list(pictures))
        ways: dict[str, Any] = {"a tuple": tuple(pictures), "arrays": arrays, "one array": np.stack(arrays)}
        if self.cls.nested_images:  # a flat list is one sample
            nested = self.output(processor, samples)
        else:
            nested, ways["samples of one"] = together, samples
        lines: list[str] = []
        for name, batch in ways.items():
            got = outcome(processor, batch, return_tensors="np")
            lines.extend(f"{name}: {fault}" for fault in self.differ(together, got))
        if self.cases.alike and not lines:
            alone = [self.output(processor, picture) for picture in pictures]
            joined = {key: _join([output[key] for output in alone], nested[key]) for key in alone[0]}
            lines.extend(f"one by one: {fault}" for fault in self.differ(joined, nested))
        _report(lines)

    def check_kinds(self, backend: str) -> None:
        """one image is one image, as Pillow's, as arrays and as nested lists, and is not written into"""
        if self.cases.own_inputs:
            return
        processor, picture = self.small(backend), make(self.cases.images[0])
        array = np.asarray(picture.convert("RGB") if hasattr(picture, "convert") else picture).copy()
        frozen = array.copy()
        frozen.setflags(write=False)
        first = np.ascontiguousarray(array.transpose(2, 0, 1))
        expected = self.output(processor, array)
        lines: list[str] = []
        kinds = {"channels first": first, "read-only": frozen, "columns first": np.asfortranarray(array)}
        for name, image in {"a list": [array], **kinds, "backwards": array[::-1].copy()[::-1]}.items():
            before = np.asarray(image).copy()
            lines.extend(
                f"{name}: {fault}" for fault in self.differ(expected, outcome(processor, image, return_tensors="np"))
            )
            if not np.array_equal(before, np.asarray(image)):
                lines.append(f"{name}: the input was changed")
        _report(lines)

    def differ(self, expected: Any, got: Any, rounding: float | None = None) -> list[str]:
        """How two outcomes differ, in at most one line; two plain errors do not."""
        if isinstance(expected, Exception) or isinstance(got, Exception):
            return [] if stated(expected) and stated(got) else [f"{_kind(got)}, expected {_kind(expected)}"]
        try:
            worst = difference(as_numpy(expected), as_numpy(got))
        except AssertionError as error:
            return [str(error)]
        return [f"off by {worst:.3g}"] if worst > (self.cases.rounding if rounding is None else rounding) else []

    def inputs(self) -> tuple[Any, ...]:
        """What a call takes: three images of one size, or what the first of the family's own cases has."""
        if not self.cases.own_inputs:
            return (self.pictures(),)
        case = self.cases.inputs[0]
        return tuple(make([case.images, *case.beside]))

    def output(self, processor: BaseImageProcessor, *images: Any, **options: Any) -> dict[str, Any]:
        """What a call gives, as NumPy arrays.

        Raises:
            AssertionError: it gives an error. NotOfferedError: an optional package is missing.
        """
        result = outcome(processor, *images, return_tensors="np", **options)
        if isinstance(result, ImportError):
            raise NotOfferedError(str(result))
        assert not isinstance(result, Exception), f"under the small options {_kind(result)}"
        return result

    def pictures(self) -> list[Any]:
        """Three images of one size that differ."""
        first = self.cases.images[0]
        return [make(Picture(first.height, first.width, seed=seed)) for seed in range(3)]


@lru_cache(maxsize=1)
def _battery(family: str) -> Battery:
    """One at a time: the oracle's outputs at a family's own sizes are large."""
    return Battery(family)


def short(images: Any) -> str:
    """Sizes and modes of pictures, for a message."""
    if isinstance(images, Picture):
        return f"{images.height}x{images.width} {images.mode}"
    return "[" + ", ".join(map(short, images)) + "]"


def _is_float(array: Any) -> bool:
    return "float" in str(array.dtype)


def _kind(result: Any) -> str:
    return f"{type(result).__name__}: {result}" if isinstance(result, Exception) else "an output"


def _outline(value: Any) -> Any:
    """A structure with shapes in place of arrays."""
    if isinstance(value, dict):
        return {key: _outline(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_outline(entry) for entry in value]
    return tuple(value.shape) if hasattr(value, "shape") else type(value).__name__


def _narrow(value: Any) -> Any:
    """float64 as float32: backends keep the type of an array that is not touched, or do not."""
    if isinstance(value, dict):
        return {key: _narrow(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_narrow(entry) for entry in value]
    return value.astype(np.float32) if getattr(value, "dtype", None) == np.float64 else value


def _pixel_types(images: Any) -> set[str]:
    """NumPy's dtypes of pictures, or Pillow modes of more than bytes."""
    if isinstance(images, Picture):
        return {images.mode if images.mode in ("I;16", "I", "F") else images.dtype}
    return set().union(*map(_pixel_types, images))


def _join(values: list[Any], like: Any) -> Any:
    """Outputs of single images as the output of a batch: one after the other, along the axis that grew."""
    if not hasattr(values[0], "shape"):
        return [entry for value in values for entry in value]
    if not values[0].shape:
        return np.max(values)
    grown = [axis for axis, (one, all) in enumerate(zip(values[0].shape, np.shape(like), strict=False)) if one != all]
    return np.concatenate(values, axis=grown[0] if len(grown) == 1 else 0)


def _report(lines: list[str]) -> None:
    if lines:
        raise AssertionError(f"{len(lines)} faults:\n  " + "\n  ".join(lines))
