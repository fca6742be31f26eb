"""What every backend must show: `python -m pixelprep.testing --backend NAME`.

Each check runs under the contract of `ops.contract` and compares a backend, within what it states as its `promise`:
verb by verb with the plain loops of `testing.oracle`, from which no backend inherits, and with the backend `reference`;
fact by fact of its `conventions`, and family by family, with the latter under the same facts.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, cast

import numpy as np

from ..core.enums import PILImageResampling
from ..image_processing_outputs import converter
from ..ops import Ops, UnsupportedOperationError, get_backend, get_ops
from ..ops.checked import CheckedOps
from ..ops.protocol import Conventions, refuse_incomplete
from ..ops.reference import ReferenceOps
from ..registry.families import FAMILIES, written_families
from . import oracle
from .compare import difference
from .facts import oracle_with, outcome_of
from .family import Cases, Picture
from .inputs import make

Array = np.ndarray[Any, Any]

MEAN, STD, SCALE = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28), 1 / 255
# float32 arithmetic in another order or with another division: a few units in the last place of values below ten.
ROUNDING = 4e-6
# Share of pixels whose two nearest colours may be equally near.
TIES = 1e-4
# Filters that are defined without antialiasing.
INTERPOLATING = (PILImageResampling.NEAREST, PILImageResampling.BILINEAR, PILImageResampling.BICUBIC)
# How far the plain loops, in double precision, are from arithmetic of fewer bits: levels, and units of resized floats.
PLAIN = {
    "resize_fixed": 1,
    "resize_float": 0.005,
    "resize_blurred": 2e-5,
    "rescale_and_normalize": 1e-5,
    "unnormalize": 1e-3,
}


@dataclass(frozen=True)
class Check:
    """One thing to show: a group and a name for the report, and the function that raises AssertionError if not so."""

    group: str
    name: str
    run: Callable[[], object]


class NotOfferedError(Exception):
    """The backend does not offer this variant, and says so with the right error."""


def checks(backend: str, only: str | None = None) -> Iterator[Check]:
    """Every check of a backend.

    Args:
        only: a pattern that the name or "group: name" must match, such as "crop" or "verb: resize*".

    Raises:
        UnknownBackendError, MissingBackendError: there is no such backend, or it cannot run here.
    """
    for check in _all_checks(backend):
        if only is None or any(fnmatchcase(name, only) for name in (check.name, f"{check.group}: {check.name}")):
            yield check


def _all_checks(backend: str) -> Iterator[Check]:
    verbs = get_ops(backend)
    yield Check("import", "availability is told without importing", lambda: _lazy_import(backend))
    yield Check("protocol", "verbs, attributes and parameters", lambda: refuse_incomplete(verbs, repr(backend)))
    for name, call in _verb_calls().items():
        yield Check("verb", name, lambda name=name, call=call: _same_result(verbs, name, call))  # type: ignore[misc]
    for resample in PILImageResampling:
        for antialias in (True, False) if resample in INTERPOLATING else (True,):
            label = f"resize {resample.name}{'' if antialias else ' without antialias'}"
            yield Check("verb", label, lambda r=resample, a=antialias: _same_resize(verbs, r, a))  # type: ignore[misc]
    for field in fields(Conventions):
        yield Check("fact", field.name, lambda name=field.name: _same_fact(verbs, name))  # type: ignore[misc]
    for family in written_families():
        yield Check("family", family, lambda f=family: same_family(backend, f))  # type: ignore[misc]


def drawn(height: int, width: int, seed: int = 0) -> Array:
    """A picture `(3, height, width)` of bytes with smooth areas, edges and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 7 + y / 11), np.cos(x / 5), np.sin((x + 2 * y) / 13)])
    picture = 127 + 90 * waves + 40 * ((x // 16 + y // 16) % 2) + random.normal(0, 12, (3, height, width))
    drawing: Array = np.clip(picture, 0, 255).astype(np.uint8)
    return drawing


_to_numpy = converter("np")


def promise(verbs: Ops) -> Mapping[str, float]:
    """How far a backend may be from the oracle, as it states itself; exact where it states nothing.

    By the name of a filter or a family: grey levels of a resized byte. By the name of a verb: units of its result.
    """
    return getattr(verbs, "promise", {})


def _verb_calls() -> dict[str, Callable[[Any, Any], Any]]:
    """Every verb but `resize` on one picture; `o` are the verbs, `x` the picture in the backend's type.

    A name begins with its verb, and a comma if there is more.
    """
    return {
        "from_image": lambda o, x: x,
        "crop": lambda o, x: o.crop(x, 3, 5, 20, 30),
        "extend, edge": lambda o, x: o.extend(x, 3, 0, 5, 70, "edge"),
        "extend, reflect": lambda o, x: o.extend(x, 60, 2, 1, 90, "reflect"),
        "extend, symmetric": lambda o, x: o.extend(x, 57, 2, 1, 90, "symmetric"),
        "resize_float, smaller": lambda o, x: o.resize_float(x, 30, 45, PILImageResampling.BILINEAR),
        "resize_float, larger": lambda o, x: o.resize_float(x, 75, 101, PILImageResampling.BICUBIC),
        "resize_float, nearest": lambda o, x: o.resize_float(x, 33, 101, PILImageResampling.NEAREST),
        "pad": lambda o, x: o.pad(x, 1, 2, 3, 4, 9),
        "pad, by channel": lambda o, x: o.pad(x, 1, 0, 0, 4, [7, 8, 9]),
        "rescale": lambda o, x: o.rescale(x, SCALE),
        "normalize": lambda o, x: o.normalize(x, MEAN, STD),
        "rescale_and_normalize": lambda o, x: o.rescale_and_normalize(x, SCALE, MEAN, STD),
        "unnormalize": lambda o, x: o.unnormalize(o.rescale_and_normalize(x, SCALE, MEAN, STD), 255, MEAN, STD),
        "standardize": lambda o, x: o.standardize(x),
        "sample": lambda o, x: o.sample(x, (-1.5, 0.75), (3.25, 1.25), 40, 70),
        "resize_float, aligned corners": lambda o, x: o.resize_float(
            o.rescale(x, SCALE), 40, 70, PILImageResampling.BILINEAR, align_corners=True
        ),
        "resize_float, no antialias": lambda o, x: o.resize_float(
            o.rescale(x, SCALE), 40, 70, PILImageResampling.BICUBIC, antialias=False
        ),
        "grayscale": lambda o, x: o.grayscale(o.rescale(x, SCALE)),
        "nearest_color": lambda o, x: o.nearest_color(o.rescale(x, SCALE), [[0.0, 0.1, 0.2], [0.8, 0.5, 0.4]]),
        "flip_channels": lambda o, x: o.flip_channels(x),
        "cast": lambda o, x: o.cast(x, "float32"),
        "resize_blurred": lambda o, x: o.resize_blurred(o.rescale(x, SCALE), 20, 31),
        "clip": lambda o, x: o.clip(x, 20, 99.5),
        "clip, floats": lambda o, x: o.clip(o.rescale(x, SCALE), 0.1, 0.6),
        "thumbnail": lambda o, x: o.thumbnail(x, x.shape[-2], x.shape[-1], PILImageResampling.BICUBIC),
        "round": lambda o, x: o.round(o.rescale(x, 0.5)),
        "resize_fixed, larger": lambda o, x: o.resize_fixed(x, 100, 71),
        "resize_fixed, smaller": lambda o, x: o.resize_fixed(x, 9, 30),
        "sample_grid": lambda o, x: o.sample_grid(x, (-1.1, -0.4, 0.3, 1.0), (-0.9, 0.0, 0.7), False),
        "sample_grid, cubic": lambda o, x: o.sample_grid(x, (-1.1, -0.4, 0.3, 1.0), (-0.9, 0.0, 0.7), True),
        "exp": lambda o, x: o.exp(o.rescale(x, -SCALE)),
        "rearrange": lambda o, x: o.rearrange(x, (3, 4, 14, 84), (1, 0, 2, 3), (4, 3 * 14, 84)),
        "patchify": lambda o, x: o.patchify(x, 7, 2, 2),
        "patchify, row by row": lambda o, x: o.patchify(x, 14, 1, 1, "h w c"),
        "stack": lambda o, x: o.stack([x, x]),
        "stack, ragged": lambda o, x: o.stack([[x, x], [x]]),
        "concat": lambda o, x: o.concat([x, x]),
        "concat, side by side": lambda o, x: o.concat(
            [x, o.resize(x, x.shape[-2], 9, PILImageResampling.BILINEAR)], axis=-1
        ),
        "unstack": lambda o, x: o.unstack(x)[1],
        "pixel_mask": lambda o, x: o.pixel_mask(3, 4, 5, 6),
        "stacking_pays": lambda o, x: o.integers([int(o.stacking_pays(x)) * 0], "int64"),
        "integers": lambda o, x: o.integers([[1, 2], [3, 4]]),
        "a chain": lambda o, x: o.stack(
            [o.rescale_and_normalize(o.crop(o.pad(x, 0, 9, 9, 0), 2, 2, 50, 60), SCALE, MEAN, STD)]
        ),
    }


def to_numpy(verbs: Ops, array: Any) -> Array:
    """A backend's array, made if it is lazy, as NumPy's."""
    made: Array = _to_numpy(verbs.unstack(verbs.stack([array]))[0])
    return made


def _lazy_import(backend: str) -> None:
    modules = get_backend(backend).requires
    code = (
        "import sys, pixelprep.ops as o; o.get_backend(sys.argv[1]).missing();"
        "print([m for m in sys.argv[2:] if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code, backend, *modules], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]", f"asking whether {backend!r} can run imported {out.stdout.strip()}"


def _same_result(verbs: Ops, name: str, call: Callable[[Any, Any], Any]) -> None:
    reference, checked = ReferenceOps(), CheckedOps(verbs)
    picture = drawn(56, 84)
    before = picture.copy()
    try:
        images = checked.from_image(picture, None, None)
        first, second = (to_numpy(verbs, call(checked, images)) for _ in range(2))
    except UnsupportedOperationError as error:
        raise NotOfferedError(str(error)) from None
    assert np.array_equal(picture, before), "the caller's array was changed"
    assert np.array_equal(to_numpy(verbs, images), before), "the verb changed its input"
    assert np.array_equal(first, second), "two runs differ"
    plain = np.asarray(call(oracle, oracle.from_image(picture, None, None)))
    expected = to_numpy(reference, call(reference, reference.from_image(picture, None, None)))
    rounding = ROUNDING * max(1.0, float(np.abs(expected.astype(np.float64)).max()))
    verb = name.partition(",")[0]
    stated = max(rounding, promise(verbs).get(verb, 0))
    _assert_close(first, expected, stated)
    _assert_close(first, plain, stated + PLAIN.get(verb, 0))


def _same_resize(verbs: Ops, resample: PILImageResampling, antialias: bool) -> None:
    reference, checked = ReferenceOps(), CheckedOps(verbs)
    # Sizes for which Pillow 13 keeps the horizontal pass first; its other order differs by more than rounding.
    for (height, width), target in (((61, 97), (30, 45)), ((40, 33), (75, 64)), ((64, 96), (64, 48)), ((5, 7), (2, 3))):
        picture = drawn(height, width)
        images = checked.from_image(picture, None, None)
        try:
            expected = reference.resize(picture, *target, resample, antialias)
            result = checked.resize(images, *target, resample, antialias)
        except UnsupportedOperationError as error:
            raise NotOfferedError(str(error)) from None
        stated = promise(verbs).get(resample.name, 0)
        _assert_close(to_numpy(verbs, result), expected, stated)
        _assert_close(to_numpy(verbs, result), oracle.resize(picture, *target, resample, antialias), stated + 2)
        stacked = checked.resize(checked.stack([images, images]), *target, resample, antialias)
        single = to_numpy(verbs, result)
        for entry in checked.unstack(stacked):
            assert np.array_equal(to_numpy(verbs, entry), single), "a batch differs from single images"


def _same_fact(verbs: Ops, name: str) -> None:
    """What a fact of the backend's `conventions` decides is decided so, whatever its verbs."""
    try:
        expected, given = outcome_of(name, oracle_with(verbs.conventions)), outcome_of(name, verbs)
    except (UnsupportedOperationError, ImportError) as error:
        raise NotOfferedError(str(error)) from None
    worst = difference(expected, given, name)
    assert worst <= ROUNDING, f"with {name}={getattr(verbs.conventions, name)} the outcome is off by {worst:.3g}"


def same_family(backend: str, name: str) -> float:
    """A family on a backend gives what the oracle gives, within as many grey levels as are returned; 0 is exact.

    Raises:
        AssertionError: it does not. NotOfferedError: the backend lacks what the family needs.
    """
    cases, verbs = FAMILIES[name].cases(), get_ops(backend)
    family = FAMILIES[name].load()
    inputs = _inputs(cases)
    reference = family.on("reference")(**cases.made).with_ops(oracle_with(verbs.conventions))
    tried = family.on(backend)(**cases.made).with_ops(cast(Ops, CheckedOps(verbs)))
    expected = _arrays(reference(*inputs, return_tensors="np"))
    try:
        outputs = _arrays(tried(*inputs, return_tensors="np"))
    except UnsupportedOperationError as error:
        raise NotOfferedError(str(error)) from None
    assert list(outputs) == list(expected), f"outputs {list(outputs)}, expected {list(expected)}"
    stated = promise(verbs)
    resample = tried.resample.name if tried.resample is not None else None
    levels = 2 * stated.get(name, stated.get(resample or "BILINEAR", 0))  # resizes that follow one another add up
    # What one grey level is worth in the outputs, read off two flat pictures.
    flat = [_arrays(reference(*_inputs(cases, level), return_tensors="np")) for level in (100, 101)]
    for key, value in expected.items():
        exact = value.dtype.kind in "biu"
        _assert_form(outputs[key], value, key)
        if levels and key in cases.ids_of_pixels:
            continue
        worth = 0.0 if exact else float(np.abs(flat[1][key].astype(np.float64) - flat[0][key]).max(initial=0))
        tolerance = 0.0 if exact else levels * worth + ROUNDING * 10 + cases.rounding
        if key in cases.ids_of_pixels:
            # Where two are equally near but for the last bit of a float32, the order in which a matrix product is
            # summed decides, and that is the processor's.
            assert float((outputs[key] != value).mean()) <= TIES, f"{key} differs in more than ties"
            continue
        _assert_close(outputs[key], value, tolerance, key)
    return levels


def _inputs(cases: Cases, level: int | None = None) -> tuple[Any, ...]:
    """What a family is called with: a picture, or what its own first case has; with flat images of a grey level."""
    images, beside = (
        ([Picture(112, 168, kind="last")], ())
        if not cases.own_inputs
        else (cases.inputs[0].images, cases.inputs[0].beside)
    )

    def flat(entry: Any) -> Any:
        if isinstance(entry, Picture):
            return np.full((entry.height, entry.width, 3), level, np.uint8)
        return [flat(part) for part in entry]

    return (make(images) if level is None else flat(images), *make(list(beside)))


def _arrays(outputs: Any) -> dict[str, Array]:
    """The array outputs by name; a family may return a bare array."""
    named = {"": outputs} if hasattr(outputs, "shape") else dict(outputs)
    return {key: np.asarray(value) for key, value in named.items() if hasattr(value, "shape")}


def _assert_form(given: Array, expected: Array, name: str) -> None:
    assert given.shape == expected.shape, f"{name} has shape {given.shape}, expected {expected.shape}"
    assert given.dtype == expected.dtype, f"{name} has dtype {given.dtype}, expected {expected.dtype}"


def _assert_close(given: Any, expected: Array, tolerance: float, name: str = "result") -> None:
    given = np.asarray(given)
    _assert_form(given, expected, name)
    if expected.size:
        worst = float(np.abs(given.astype(np.float64) - expected.astype(np.float64)).max())
        assert worst <= tolerance, f"{name} is off by {worst:.3g}, the promise is {tolerance:.3g}"
