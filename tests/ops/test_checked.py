"""The contract of the verbs: one table that covers all of them, asserted at every call, named in every error."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest

import pixelprep
from pixelprep.core.enums import PILImageResampling
from pixelprep.ops import IncompleteBackendError, Ops, get_ops, register_backend, registration
from pixelprep.ops.arrays import ArrayOps
from pixelprep.ops.checked import CheckedOps, ContractError
from pixelprep.ops.contract import ARGUMENTS, VERBS
from pixelprep.ops.protocol import VERB_NAMES, lacks
from pixelprep.testing.conformance import drawn

X = drawn(24, 36)
BACKENDS = ("torchvision", "native", "pil", "mlx", "reference")


def checked(backend: str = "reference") -> Any:
    return CheckedOps(get_ops(backend))


def test_the_table_has_every_verb_and_every_argument() -> None:
    assert set(VERBS) == set(VERB_NAMES)
    free = {"image", "device", "values", "dtype"}  # of any kind, or with a rule of the verb's own
    for name in VERB_NAMES:
        parameters = set(list(inspect.signature(getattr(Ops, name)).parameters)[1:])
        assert parameters - free <= set(ARGUMENTS) | set(VERBS[name].arguments), name
        assert set(VERBS[name].arguments) <= parameters, name


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda o, x: o.crop(x, 10, 0, 20, 5), r"crop: `height` must be at least 1, and with `top` no more .*; got 20"),
        (lambda o, x: o.crop(x, -1, 0, 20, 5), "crop: `top` must be an integer of at least 0; got -1"),
        (lambda o, x: o.resize(x, 5, 6.5, PILImageResampling.BOX), "resize: `width` must be an integer of at least 1"),
        (lambda o, x: o.resize(x, 5, 6, 2), "resize: `resample` must be a PILImageResampling; got 2"),
        (lambda o, x: o.pad(x, 0, 0, 0, 0, [1, 2]), r"pad: `fill` must be .* one for each channel; got \[1, 2\]"),
        (lambda o, x: o.extend(x, 0, 0, 0, 1, "wrap"), "extend: `mode` must be 'edge' or 'reflect' or 'symmetric'"),
        (lambda o, x: o.normalize(x, (0.5,), (0.5,)), "normalize: `mean` must be a list of finite numbers"),
        (lambda o, x: o.rescale(x, float("nan")), "rescale: `scale` must be a finite number"),
        (lambda o, x: o.patchify(x, 7), "patchify: `patch` must be a side, .* divides"),
        (lambda o, x: o.rearrange(x, (3, 24, 36), (0, 0, 1), (24, 3, 36)), "rearrange: `order` must be every axis"),
        (lambda o, x: o.cast(x, "float33"), "cast: `dtype` must be a dtype's name"),
        (lambda o, x: o.pixel_mask(9, 9, 5, 9), "pixel_mask: `padded_height` must be at least `height`; got 5"),
        (lambda o, x: o.concat([x, x[:, :3]]), "concat: `arrays` must be at least one array, all alike but along"),
        (lambda o, x: o.crop(x, 1, 2, 3), "crop: missing a required argument: 'width'"),
    ],
)
def test_errors_name_verb_argument_and_what_was_expected(call: Any, words: str) -> None:
    with pytest.raises(ContractError, match=f"checked reference: {words}"):
        call(checked(), X)


class Wrong(ArrayOps):
    """Each verb breaks one clause of its contract."""

    name = "wrong"

    def crop(self, images, top, left, height, width):  # type: ignore[no-untyped-def]
        return super().crop(images, top, left, height + 1, width)

    def rescale(self, images, scale):  # type: ignore[no-untyped-def]
        return images * scale

    def unstack(self, images):  # type: ignore[no-untyped-def]
        return images

    def flip_channels(self, images):  # type: ignore[no-untyped-def]
        return None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda o: o.crop(X, 1, 1, 5, 6), r"crop must give the shape \(3, 5, 6\); it gave \(3, 6, 6\)"),
        (lambda o: o.rescale(X, 0.5), r"rescale must give float32; it gave float64 \(images \(3, 24, 36\) uint8\)"),
        (lambda o: o.unstack(X), "unstack must give a list of the entries"),
        (lambda o: o.flip_channels(X), "flip_channels must give an array; it gave None"),
    ],
)
def test_results_are_held_to_it(call: Any, words: str) -> None:
    with pytest.raises(ContractError, match=f"checked wrong: {words}"):
        call(CheckedOps(Wrong()))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_checked_run_gives_the_same(backend: str) -> None:
    processor = pixelprep.Qwen2VLImageProcessor.on(backend)()
    image = X.transpose(1, 2, 0)
    outputs = processor(image, return_tensors="np")
    again = processor.with_ops(CheckedOps(processor.ops))(image, return_tensors="np")
    assert list(outputs) == list(again)
    assert all(np.array_equal(outputs[key], again[key]) for key in outputs)


def test_the_others_facts_shine_through_copies_too() -> None:
    verbs = checked("torchvision")
    assert (verbs.name, verbs.tensor_type, verbs.loading.jpeg) == ("torchvision", "pt", "direct")
    assert copy.deepcopy(verbs).name == "torchvision"
    assert pickle.loads(pickle.dumps(checked())).name == "reference"
    with pytest.raises(AttributeError):
        _ = verbs.no_such_thing


def test_it_is_a_backend_of_no_public_name() -> None:
    assert "checked" not in pixelprep.ops.backends()
    verbs = get_ops("checked")
    assert verbs.name == registration.choose_backend()
    with pytest.raises(ContractError):
        verbs.crop(verbs.from_image(X, None, None), 0, 0, 99, 1)


class Half(Ops):
    """Of three attributes it has one, of all verbs two, one of them with another default."""

    name = "half"

    def flip_channels(self, images):  # type: ignore[no-untyped-def]
        return images

    def concat(self, arrays, dtype=None, axis=1):  # type: ignore[no-untyped-def]
        return arrays[0]


def test_what_is_missing_is_said_at_once() -> None:
    lacking = lacks(Half)
    assert [line.split("`")[1].partition(":")[0] for line in lacking if "attribute" in line] == [
        "tensor_type",
        "conventions",
    ]
    assert len([line for line in lacking if line.startswith("the verb")]) == len(VERB_NAMES) - 2
    assert "the parameters of `concat(arrays, dtype=None, axis=0)`: it has (arrays, dtype=None, axis=1)" in lacking
    register_backend("half", lambda: Half)
    try:
        with pytest.raises(IncompleteBackendError, match=r"(?s)the backend 'half' \(Half\) lacks:\n- .*verb `resize\("):
            get_ops("half")
    finally:
        registration._BACKENDS.pop("half")
        get_ops.cache_clear()
    with pytest.raises(IncompleteBackendError, match="these verbs"):
        pixelprep.CLIPImageProcessor.on("pil")().with_ops(Half())


@pytest.mark.parametrize("backend", [*BACKENDS, "shape", "checked"])
def test_the_shipped_backends_lack_nothing(backend: str) -> None:
    assert lacks(get_ops(backend)) == []
