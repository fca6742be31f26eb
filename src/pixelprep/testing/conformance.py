"""What every backend must show: `python -m pixelprep.testing --backend NAME`.

Each check compares a backend with the NumPy oracle (`ops/reference.py`), verb by verb and family by family, within what
the backend states as its `promise`.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..image_processing_outputs import converter
from ..image_utils import PILImageResampling
from ..ops import Ops, get_backend, get_ops
from ..ops.reference import ReferenceOps
from ..registry import FAMILIES, written_families

Array = np.ndarray[Any, Any]

MEAN, STD, SCALE = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28), 1 / 255
# float32 arithmetic in another order or with another division: a few units in the last place of values below ten.
ROUNDING = 4e-6


@dataclass(frozen=True)
class Check:
    """One thing to show: a group and a name for the report, and the function that raises AssertionError if not so."""

    group: str
    name: str
    run: Callable[[], None]


class NotOfferedError(Exception):
    """The backend does not offer this variant, and says so with the right error."""


def checks(backend: str) -> Iterator[Check]:
    """Every check of a backend.

    Raises:
        UnknownBackendError, MissingBackendError: there is no such backend, or it cannot run here.
    """
    verbs = get_ops(backend)
    yield Check("import", "availability is told without importing", lambda: _lazy_import(backend))
    for name in _verb_names():
        yield Check("signature", name, lambda name=name: _same_signature(verbs, name))  # type: ignore[misc]
    for name, call in _verb_calls().items():
        yield Check("verb", name, lambda name=name, call=call: _same_result(verbs, name, call))  # type: ignore[misc]
    for resample in PILImageResampling:
        for antialias in (True, False):
            label = f"resize {resample.name}{'' if antialias else ' without antialias'}"
            yield Check("verb", label, lambda r=resample, a=antialias: _same_resize(verbs, r, a))  # type: ignore[misc]
    for family in written_families():
        yield Check("family", family, lambda f=family: _same_family(backend, verbs, f))  # type: ignore[misc]


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


def _verb_names() -> list[str]:
    return [name for name, member in vars(Ops).items() if inspect.isfunction(member) and not name.startswith("_")]


def _verb_calls() -> dict[str, Callable[[Any, Any], Any]]:
    """Every verb but resize on one picture; `o` are the verbs, `x` the picture in the backend's type."""
    return {
        "from_image": lambda o, x: x,
        "crop": lambda o, x: o.crop(x, 3, 5, 20, 30),
        "pad": lambda o, x: o.pad(x, 1, 2, 3, 4, 9),
        "pad by channel": lambda o, x: o.pad(x, 1, 0, 0, 4, [7, 8, 9]),
        "rescale": lambda o, x: o.rescale(x, SCALE),
        "normalize": lambda o, x: o.normalize(x, MEAN, STD),
        "rescale_and_normalize": lambda o, x: o.rescale_and_normalize(x, SCALE, MEAN, STD),
        "unnormalize": lambda o, x: o.unnormalize(o.rescale_and_normalize(x, SCALE, MEAN, STD), 255, MEAN, STD),
        "standardize": lambda o, x: o.standardize(x),
        "flip_channels": lambda o, x: o.flip_channels(x),
        "cast": lambda o, x: o.cast(x, "float32"),
        "rearrange": lambda o, x: o.rearrange(x, (3, 4, 14, 84), (1, 0, 2, 3), (4, 3 * 14, 84)),
        "patchify": lambda o, x: o.patchify(x, 7, 2, 2),
        "patchify, row by row": lambda o, x: o.patchify(x, 14, 1, 1, "h w c"),
        "stack": lambda o, x: o.stack([x, x]),
        "stack, ragged": lambda o, x: o.stack([[x, x], [x]]),
        "concat": lambda o, x: o.concat([x, x]),
        "unstack": lambda o, x: o.unstack(x)[1],
        "pixel_mask": lambda o, x: o.pixel_mask(3, 4, 5, 6),
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


def _same_signature(verbs: Ops, name: str) -> None:
    method = getattr(verbs, name, None)
    assert callable(method), f"the verb {name} is missing"
    wanted = list(inspect.signature(getattr(Ops, name)).parameters)[1:]
    given = list(inspect.signature(method).parameters)
    assert given == wanted, f"{name} takes {given}, the protocol says {wanted}"


def _same_result(verbs: Ops, name: str, call: Callable[[Any, Any], Any]) -> None:
    oracle = ReferenceOps()
    picture = drawn(56, 84)
    before = picture.copy()
    expected = to_numpy(oracle, call(oracle, oracle.from_image(picture, None, None)))
    images = verbs.from_image(picture, None, None)
    first, second = (to_numpy(verbs, call(verbs, images)) for _ in range(2))
    assert np.array_equal(picture, before), "the caller's array was changed"
    assert np.array_equal(to_numpy(verbs, images), before), "the verb changed its input"
    assert np.array_equal(first, second), "two runs differ"
    rounding = ROUNDING * max(1.0, float(np.abs(expected.astype(np.float64)).max()))
    _assert_close(first, expected, max(rounding, promise(verbs).get(name, 0)))


def _same_resize(verbs: Ops, resample: PILImageResampling, antialias: bool) -> None:
    oracle = ReferenceOps()
    # Sizes for which Pillow 13 keeps the horizontal pass first; its other order differs by more than rounding.
    for (height, width), target in (((61, 97), (30, 45)), ((40, 33), (75, 64)), ((64, 96), (64, 48)), ((5, 7), (2, 3))):
        picture = drawn(height, width)
        images = verbs.from_image(picture, None, None)
        try:
            expected = oracle.resize(picture, *target, resample, antialias)
            result = verbs.resize(images, *target, resample, antialias)
        except NotImplementedError as error:
            raise NotOfferedError(str(error)) from None
        _assert_close(to_numpy(verbs, result), expected, promise(verbs).get(resample.name, 0))
        stacked = verbs.resize(verbs.stack([images, images]), *target, resample, antialias)
        single = to_numpy(verbs, result)
        for entry in verbs.unstack(stacked):
            assert np.array_equal(to_numpy(verbs, entry), single), "a batch differs from single images"


def _same_family(backend: str, verbs: Ops, name: str) -> None:
    family = FAMILIES[name].load()
    images = [drawn(112, 168).transpose(1, 2, 0)]
    oracle, tried = family.on("reference")(), family.on(backend)()
    expected, outputs = _arrays(oracle(images, return_tensors="np")), _arrays(tried(images, return_tensors="np"))
    assert list(outputs) == list(expected), f"outputs {list(outputs)}, expected {list(expected)}"
    stated = promise(verbs)
    resample = tried.resample.name if tried.resample is not None else None
    levels = stated.get(name, stated.get(resample or "BILINEAR", 0))
    # What one grey level is worth in the outputs, read off two flat pictures; resizes that follow one another add up.
    flat = [_arrays(oracle([np.full((112, 168, 3), level, np.uint8)], return_tensors="np")) for level in (100, 101)]
    for key, value in expected.items():
        exact = value.dtype.kind in "biu"
        worth = 0.0 if exact else float(np.abs(flat[1][key].astype(np.float64) - flat[0][key]).max(initial=0))
        tolerance = 0.0 if exact else 2 * levels * worth + ROUNDING * 10
        _assert_close(outputs[key], value, tolerance, key)


def _arrays(outputs: Any) -> dict[str, Array]:
    """The array outputs by name; a family may return a bare array."""
    named = {"": outputs} if hasattr(outputs, "shape") else dict(outputs)
    return {key: np.asarray(value) for key, value in named.items() if hasattr(value, "shape")}


def _assert_close(given: Any, expected: Array, tolerance: float, name: str = "result") -> None:
    given = np.asarray(given)
    assert given.shape == expected.shape, f"{name} has shape {given.shape}, expected {expected.shape}"
    assert given.dtype == expected.dtype, f"{name} has dtype {given.dtype}, expected {expected.dtype}"
    if expected.size:
        worst = float(np.abs(given.astype(np.float64) - expected.astype(np.float64)).max())
        assert worst <= tolerance, f"{name} is off by {worst:.3g}, the promise is {tolerance:.3g}"
