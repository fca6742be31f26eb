"""Backends verb by verb: each against the plain oracle, exactly or within what it states; inputs stay untouched."""

from __future__ import annotations

import copy
import importlib.metadata
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given, settings, strategies as st

from oracle import draw, usable_backends
from pixelprep import ops
from pixelprep.core.enums import ChannelDimension, PILImageResampling
from pixelprep.ops import registration
from pixelprep.ops.reference import ReferenceOps
from pixelprep.ops.torchvision import TorchvisionOps
from pixelprep.plans import Symbol, SymbolOps

BACKENDS = usable_backends()
ORACLE = ReferenceOps()
FILTERS = list(PILImageResampling)

# Relative error of floating-point verbs, in units of 2**-23. What is not here is exact.
UNITS = {
    # rescales in double precision and normalises after it, as the PIL classes do: one rounding elsewhere
    "pil": 8,
    # its own order of float32 operations
    "mlx": 8,
    # float32 kernels of its own for `standardize` and the like
    "torchvision": 8,
    "native": 8,
}
EXACT = {"torchvision", "native"}


def pixels(*shape: int, dtype: str = "uint8", seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng((len(shape), *shape, seed))
    return rng.integers(0, 256, shape).astype(dtype)


def as_numpy(array: Any) -> Any:
    if isinstance(array, (list, tuple)):
        return [as_numpy(entry) for entry in array]
    return np.asarray(array).copy()


def load(verbs: Any, image: Any, data_format: ChannelDimension | None = ChannelDimension.FIRST) -> Any:
    return verbs.from_image(image, data_format, None)


@pytest.fixture(params=BACKENDS)
def verbs(request: pytest.FixtureRequest) -> Any:
    return ops.get_ops(request.param)


MEAN, STD = [0.48, 0.45, 0.4], [0.26, 0.25, 0.27]

# Verbs that only move pixels: exact on every backend.
MOVES: dict[str, Callable[[Any, Any], Any]] = {
    "crop": lambda verbs, images: verbs.crop(images, 2, 3, 5, 7),
    "crop of everything": lambda verbs, images: verbs.crop(images, 0, 0, 12, 18),
    "pad": lambda verbs, images: verbs.pad(images, 1, 2, 3, 4),
    "pad with a value": lambda verbs, images: verbs.pad(images, 0, 2, 0, 4, 7),
    "pad with a colour": lambda verbs, images: verbs.pad(images, 1, 0, 1, 0, [1, 2, 3]),
    "flip_channels": lambda verbs, images: verbs.flip_channels(images),
    "rearrange": lambda verbs, images: verbs.rearrange(images, (3, 2, 6, 18), (1, 2, 3, 0), (2, 6, 54)),
    "patchify": lambda verbs, images: verbs.patchify(images, 3),
    "patchify merged": lambda verbs, images: verbs.patchify(images, 3, 2, 2),
    "patchify, values last": lambda verbs, images: verbs.patchify(images, 3, 1, 1, "hwct"),
    "patchify, frames first": lambda verbs, images: verbs.patchify(images, 2, 3, 2, "tchw"),
    "patchify in axes": lambda verbs, images: verbs.patchify(images, 3, 1, 2, "ct h w"),
    "stack": lambda verbs, images: verbs.stack([images, images]),
    "stack ragged": lambda verbs, images: verbs.stack([[images, images], [images]]),
    "concat": lambda verbs, images: verbs.concat([images, images]),
    "concat of one": lambda verbs, images: verbs.concat([images]),
    "unstack": lambda verbs, images: verbs.unstack(images),
    "cast": lambda verbs, images: verbs.cast(images, "float32"),
    "clip": lambda verbs, images: verbs.clip(images, 20, 99.5),
    "pixel_mask": lambda verbs, images: verbs.pixel_mask(3, 4, 5, 7),
    "integers": lambda verbs, images: verbs.integers([[1, 2], [3, 4]]),
    "booleans": lambda verbs, images: verbs.integers([True, False], "bool"),
}
# Verbs that compute in floating point.
SUMS: dict[str, Callable[[Any, Any], Any]] = {
    "rescale": lambda verbs, images: verbs.rescale(images, 1 / 255),
    "normalize": lambda verbs, images: verbs.normalize(images, MEAN, STD),
    "rescale_and_normalize": lambda verbs, images: verbs.rescale_and_normalize(images, 1 / 255, MEAN, STD),
    "rescale_and_normalize by another factor": lambda verbs, images: verbs.rescale_and_normalize(
        images, 1 / 127.5, MEAN, STD
    ),
    "normalize floats": lambda verbs, images: verbs.normalize(verbs.rescale(images, 1 / 255), MEAN, STD),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_moves(verbs: Any, move: str, dtype: str) -> None:
    image = pixels(3, 12, 18, dtype=dtype)
    expected, got = as_numpy(MOVES[move](ORACLE, image)), as_numpy(MOVES[move](verbs, load(verbs, image)))
    for first, second in zip(expected, got, strict=True):
        assert first.dtype == second.dtype
        assert np.array_equal(first, second)


@pytest.mark.parametrize("total", SUMS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_sums(verbs: Any, total: str, dtype: str) -> None:
    image = pixels(3, 12, 18, dtype=dtype)
    expected, got = as_numpy(SUMS[total](ORACLE, image)), as_numpy(SUMS[total](verbs, load(verbs, image)))
    assert got.dtype == expected.dtype == np.float32
    if verbs.name in EXACT:
        assert np.array_equal(expected, got)
    else:
        # The largest terms of the sum, about 4 here, decide what one unit is.
        assert np.abs(expected - got).max() <= UNITS[verbs.name] * 2.0**-23 * max(4.0, np.abs(expected).max())


def test_standardize(verbs: Any) -> None:
    image = pixels(3, 12, 18)
    expected, got = as_numpy(ORACLE.standardize(image)), as_numpy(verbs.standardize(load(verbs, image)))
    # torch divides the variance by n - 1, the others by n; here n = 648.
    assert np.allclose(expected, got, rtol=1 / 648, atol=0)
    flat = np.full((3, 4, 4), 9, np.uint8)
    assert not as_numpy(verbs.standardize(load(verbs, flat))).any()


def test_the_way_back(verbs: Any) -> None:
    image = pixels(3, 12, 18)
    there = verbs.rescale_and_normalize(load(verbs, image), 1 / 255, MEAN, STD)
    back = as_numpy(verbs.unnormalize(there, 255, MEAN, STD))
    # Two roundings of float32 on each way, at values up to 255.
    assert np.abs(back - image).max() <= 8 * 2.0**-23 * 255
    assert np.array_equal(as_numpy(verbs.cast(verbs.rescale(load(verbs, image), 1.0), "uint8")), image)


SIZES = [(12, 18), (12, 7), (5, 18), (5, 7), (24, 36), (37, 5), (3, 50), (1, 9), (9, 1)]
# Filters that a backend has not; each says so.
WITHOUT = {"torchvision": {PILImageResampling.BOX, PILImageResampling.HAMMING}}


def resized_by_pillow(image: np.ndarray[Any, Any], height: int, width: int, resample: PILImageResampling) -> Any:
    picture = PIL.Image.fromarray(image.transpose(1, 2, 0)).resize((width, height), resample)
    return np.asarray(picture).transpose(2, 0, 1)


@pytest.mark.parametrize("resample", FILTERS, ids=lambda resample: resample.name)
def test_resize(verbs: Any, resample: PILImageResampling) -> None:
    """Bytes: exact, or within the levels of 255 that the backend states beside its verbs."""
    image = pixels(3, 12, 18)
    if resample in WITHOUT.get(verbs.name, ()):
        with pytest.raises(ops.UnsupportedOperationError, match=f"'{verbs.name}'.*{resample.name}"):
            verbs.resize(load(verbs, image), 5, 7, resample)
        return
    promise = getattr(verbs, "promise", {}).get(resample.name, 0)
    oracle, levels = (resized_by_pillow, 0) if verbs.name == "pil" else (ORACLE.resize, promise)
    for height, width in SIZES:
        got = as_numpy(verbs.resize(load(verbs, image), height, width, resample))
        assert got.dtype == np.uint8
        assert np.abs(oracle(image, height, width, resample).astype(int) - got).max() <= levels, (height, width)


@pytest.mark.parametrize("resample", [r for r in FILTERS if r not in WITHOUT["torchvision"]], ids=lambda r: r.name)
def test_resize_to_one_pixel(verbs: Any, resample: PILImageResampling) -> None:
    image = pixels(3, 12, 18)
    got = as_numpy(verbs.resize(load(verbs, image), 1, 1, resample))
    oracle = resized_by_pillow if verbs.name == "pil" else ORACLE.resize
    assert np.abs(oracle(image, 1, 1, resample).astype(int) - got).max() <= 1 * (verbs.name == "mlx")


# Pillow weighs the colours of four channels by the fourth, which the reference's PIL classes inherit.
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_resize_of_other_channels_is_channel_by_channel(verbs: Any, channels: int) -> None:
    image = pixels(channels, 12, 18)
    whole = as_numpy(verbs.resize(load(verbs, image), 7, 9, PILImageResampling.BICUBIC))
    for index in range(channels):
        plane = as_numpy(verbs.resize(load(verbs, image[index : index + 1]), 7, 9, PILImageResampling.BICUBIC))
        assert np.array_equal(whole[index], plane[0])


def test_resize_of_floats(verbs: Any) -> None:
    image = pixels(3, 12, 18, dtype="float32") + 0.5
    for resample in (PILImageResampling.BILINEAR, PILImageResampling.BICUBIC):
        # Not to a side of one pixel: there torch's float kernels repeat the first row (2.14.1).
        for height, width in [size for size in SIZES if 1 not in size]:
            got = as_numpy(verbs.resize(load(verbs, image), height, width, resample))
            assert got.dtype == np.float32
            # float32 sums of up to 48 terms of 255 against the oracle's double precision
            assert np.abs(ORACLE.resize(image, height, width, resample) - got).max() <= 48 * 255 * 2.0**-23


def test_verbs_take_stacks(verbs: Any) -> None:
    images = pixels(2, 3, 12, 18)
    stack = verbs.stack([load(verbs, image) for image in images])
    for call in (
        lambda array: verbs.resize(array, 7, 9, PILImageResampling.BICUBIC),
        lambda array: verbs.crop(array, 1, 2, 3, 4),
        lambda array: verbs.pad(array, 1, 2, 3, 4, [1, 2, 3]),
        lambda array: verbs.rescale_and_normalize(array, 1 / 255, MEAN, STD),
        lambda array: verbs.patchify(array, 3, 2, 2),
    ):
        together = as_numpy(call(stack))
        assert all(np.array_equal(as_numpy(call(load(verbs, i))), got) for i, got in zip(images, together, strict=True))


def inputs() -> Iterator[tuple[str, Any]]:
    array = draw(12, 18)
    yield "uint8", array
    yield "uint8 channels first", np.ascontiguousarray(array.transpose(2, 0, 1))
    yield "float32", array.astype(np.float32)
    yield "float64", array.astype(np.float64)
    yield "uint8 tensor", torch.from_numpy(array.copy())
    yield "float tensor", torch.from_numpy(array.astype(np.float32)).permute(2, 0, 1)
    yield "picture", PIL.Image.fromarray(array)


@pytest.mark.parametrize(("kind", "image"), list(inputs()), ids=lambda value: value if isinstance(value, str) else "")
def test_no_verb_touches_its_input(verbs: Any, kind: str, image: Any) -> None:
    before = copy.deepcopy(image)
    for call in (MOVES | SUMS).values():
        loaded = verbs.from_image(image, None, None)
        held = as_numpy(loaded)
        call(verbs, loaded)
        verbs.resize(loaded, 5, 7, PILImageResampling.BILINEAR)
        assert np.array_equal(held, as_numpy(loaded))
    assert np.array_equal(np.asarray(before), np.asarray(image))


def test_inputs_of_every_kind_give_the_same_array(verbs: Any) -> None:
    for kind, image in inputs():
        loaded = as_numpy(verbs.from_image(image, None, None))
        assert loaded.shape == (3, 12, 18), kind
        assert np.array_equal(loaded, draw(12, 18).transpose(2, 0, 1)), kind
    assert as_numpy(verbs.from_image(draw(12, 18, 1)[..., 0], None, None)).shape == (1, 12, 18)
    ambiguous = draw(3, 18)
    assert as_numpy(verbs.from_image(ambiguous, ChannelDimension.LAST, None)).shape == (3, 3, 18)


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.array([[object()]]), TypeError, "object"),
        (np.array([["a"]]), TypeError, "<U1"),
        (np.ones((4, 4, 3), complex), TypeError, "complex"),
        (np.full((4, 4, 3), np.nan), ValueError, "NaN"),
        (np.full((4, 4, 3), np.inf, np.float32), ValueError, "infinite"),
        (torch.full((3, 4, 4), float("nan")), ValueError, "NaN"),
        (np.zeros((5, 5, 7), np.uint8), ValueError, "channels"),
    ],
)
def test_refuses_what_is_no_image(verbs: Any, image: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        verbs.from_image(image, None, None)


def test_stack_refuses_different_shapes(verbs: Any) -> None:
    different = [load(verbs, pixels(3, 4, 5)), load(verbs, pixels(3, 4, 6))]
    with pytest.raises(ValueError, match=r"\(3, 4, 5\), \(3, 4, 6\)"):
        verbs.stack(different)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dtype_of_outputs(verbs: Any, dtype: str) -> None:
    floats, whole = load(verbs, pixels(3, 4, 6, dtype="float32")), load(verbs, pixels(3, 4, 6))
    assert dtype in str(verbs.stack([floats], dtype).dtype)
    assert dtype in str(verbs.concat([floats], dtype).dtype)
    assert "uint8" in str(verbs.stack([whole], dtype).dtype)


@pytest.mark.parametrize("call", {**MOVES, **SUMS})
def test_the_dry_run_foretells_shapes_and_dtypes(call: str) -> None:
    function = (MOVES | SUMS)[call]
    expected = function(ORACLE, pixels(3, 12, 18))
    got = function(SymbolOps(), Symbol((3, 12, 18)))
    pairs = zip(expected, got, strict=True) if isinstance(expected, list) else [(expected, got)]
    for first, second in pairs:
        assert isinstance(second, Symbol)
        assert (first.shape, str(first.dtype)) == (second.shape, second.dtype)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60)),
    st.sampled_from([r for r in FILTERS if r not in (PILImageResampling.BOX, PILImageResampling.HAMMING)]),
    st.integers(0, 3),
)
def test_torchvision_resizes_bytes_as_the_oracle(
    sizes: tuple[int, int, int, int], resample: PILImageResampling, seed: int
) -> None:
    height, width, to_height, to_width = sizes
    image = pixels(3, height, width, seed=seed)
    if seed == 0:
        image = np.where(image > 127, 255, 0).astype(np.uint8)  # the hardest edges: every clip is reached
    got = TorchvisionOps().resize(torch.from_numpy(image), to_height, to_width, resample).numpy()
    assert np.array_equal(got, ORACLE.resize(image, to_height, to_width, resample))


class Registered(ReferenceOps):
    name = "third"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registration, "_BACKENDS", dict(registration._BACKENDS))
    ops.get_ops.cache_clear()
    yield
    ops.get_ops.cache_clear()


@pytest.mark.usefixtures("registry")
class TestRegistry:
    def test_three_errors(self) -> None:
        with pytest.raises(ops.UnknownBackendError, match=r"no backend 'tochvision'; did you mean 'torchvision'\?"):
            ops.get_ops("tochvision")
        ops.register_backend("third", lambda: Registered, requires=["no_such_module"], install="pip install third")
        with pytest.raises(ops.MissingBackendError, match=r"no_such_module is not installed.*: pip install third$"):
            ops.get_ops("third")
        with pytest.raises(ops.UnsupportedOperationError, match=r"'torchvision'.*BOX.*backend=\"pil\""):
            ops.get_ops("torchvision").resize(torch.zeros(3, 4, 4), 2, 2, PILImageResampling.BOX)

    def test_a_backend_from_outside(self) -> None:
        ops.register_backend("third", lambda: Registered)
        assert ops.get_ops("third") is ops.get_ops("third")
        assert "third" in ops.backends()
        from pixelprep.models.clip.image_processing_clip import CLIP

        cls = CLIP.on("third")
        assert cls.__name__ == "CLIPImageProcessorThird"
        got = cls(size=20, crop_size=20)(draw(30, 40), return_tensors="np")["pixel_values"]
        expected = CLIP.on("reference")(size=20, crop_size=20)(draw(30, 40), return_tensors="np")["pixel_values"]
        assert np.array_equal(got, expected)

    def test_names_are_taken_once(self) -> None:
        with pytest.raises(ValueError, match="'pil' is registered already"):
            ops.register_backend("pil", lambda: Registered)
        with pytest.raises(ValueError, match="identifier"):
            ops.register_backend("my backend", lambda: Registered)
        ops.register_backend("pil", lambda: Registered, exist_ok=True)
        assert isinstance(ops.get_ops("pil"), Registered)

    def test_a_backend_that_fails_to_load_is_missing(self) -> None:
        def broken() -> Any:
            raise OSError("libfoo.so: cannot open shared object file")

        ops.register_backend("third", broken, install="pip install third")
        with pytest.raises(ops.MissingBackendError, match=r"OSError: libfoo\.so.*pip install third$"):
            ops.get_ops("third")

    def test_entry_points(self, monkeypatch: pytest.MonkeyPatch) -> None:
        entries = [
            importlib.metadata.EntryPoint("third", "test_ops:Registered", registration.ENTRY_POINT_GROUP),
            importlib.metadata.EntryPoint("not a name", "test_ops:Registered", registration.ENTRY_POINT_GROUP),
        ]
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries)
        registration._load_entry_points.cache_clear()
        with pytest.warns(UserWarning, match="ignores the backend plugin 'not a name'"):
            assert "third" in ops.backends()
        assert isinstance(ops.get_ops("third"), Registered)

    def test_threads_get_one_object(self) -> None:
        found: list[Any] = []
        threads = [threading.Thread(target=lambda: found.append(ops.get_ops("pil"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(verbs) for verbs in found[1:]}) == 1
        assert ops.get_ops("pil") in found


class TestChoice:
    def absent(self, monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, *rest: None if name in modules else find(name, *rest)
        )

    def test_order(self, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder) -> None:
        monkeypatch.delenv("PIXELPREP_BACKEND", raising=False)
        assert ops.choose_backend() == "torchvision"
        self.absent(monkeypatch, "torchvision", "pixelprep_native")
        assert ops.choose_backend() == "pil"
        assert not recwarn  # nothing was asked for, so nothing is missed

    def test_what_was_asked_for_falls_back_with_one_warning(
        self, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
    ) -> None:
        self.absent(monkeypatch, "torch", "pixelprep_native")
        assert ops.choose_backend("torchvision") == "pil"
        assert len(recwarn) == 1
        message = str(recwarn[0].message)
        assert message.endswith(
            "torch is not installed. Install it with: pip install \"pixelprep[torch]\". Using 'pil' instead."
        )

    def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIXELPREP_BACKEND", "pil")
        assert ops.choose_backend() == "pil"
        assert ops.choose_backend("torchvision") == "torchvision"
        monkeypatch.setenv("PIXELPREP_BACKEND", "")
        assert ops.choose_backend() == "torchvision"
        monkeypatch.setenv("PIXELPREP_BACKEND", "pill")
        with pytest.warns(UserWarning, match=r"no backend 'pill'; did you mean 'pil'\?.*Using 'torchvision' instead"):
            assert ops.choose_backend() == "torchvision"

    def test_nothing_can_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.absent(monkeypatch, "torch", "torchvision", "PIL", "pixelprep_native")
        with pytest.raises(ops.MissingBackendError, match=r"torchvision: .*\[torch\].*pil: PIL is not installed"):
            ops.choose_backend()


def test_looking_for_backends_imports_none() -> None:
    code = "import sys; from pixelprep import ops; ops.backends(); [b.missing() for b in ops.backends().values()]; "
    code += "print([name for name in ('torch', 'torchvision', 'numpy', 'PIL', 'mlx') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
