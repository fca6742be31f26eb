"""Recipes: whatever the order of the verbs, the pixels are those of the reference backend, which does each at once."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pixelprep.core.enums import PILImageResampling
from pixelprep.ops.reference import ReferenceOps
from pixelprep_native import NativeOps
from pixelprep_native.recipe import Recipe, axis_groups

NATIVE, REFERENCE = NativeOps(), ReferenceOps()
MEAN, STD = (0.48, 0.45, 0.4), (0.26, 0.25, 0.27)
FILTERS = [PILImageResampling.BILINEAR, PILImageResampling.BICUBIC, PILImageResampling.LANCZOS, PILImageResampling.BOX]


def picture(width: int, height: int, mode: str = "RGB", seed: int = 0) -> PIL.Image.Image:
    channels = len(mode)
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return PIL.Image.fromarray(noise if channels > 1 else noise[:, :, 0])


def verbs(rng: random.Random, height: int, width: int) -> list[tuple[str, tuple[Any, ...]]]:
    """A random sequence of verbs that makes sense for 8-bit pixels of this size, values last."""
    chosen: list[tuple[str, tuple[Any, ...]]] = []
    for _ in range(rng.randint(0, 5)):
        kind = rng.choice(["resize", "crop", "pad", "flip_channels"])
        if kind == "resize":
            height, width = rng.randint(1, 60), rng.randint(1, 60)
            chosen.append((kind, (height, width, rng.choice(FILTERS), True)))
        elif kind == "crop":
            top, left = rng.randrange(height), rng.randrange(width)
            height, width = rng.randint(1, height - top), rng.randint(1, width - left)
            chosen.append((kind, (top, left, height, width)))
        elif kind == "pad":
            sides = [rng.choice([0, 0, rng.randint(0, 9)]) for _ in range(4)]
            fill = rng.choice([0, 0, 255, (7, 8, 9)])
            height, width = height + sides[0] + sides[1], width + sides[2] + sides[3]
            chosen.append((kind, (*sides, fill)))
        else:
            chosen.append((kind, ()))
    chosen += rng.choice(
        [
            [],
            [("rescale", (1 / 255,))],
            [("rescale_and_normalize", (1 / 255, MEAN, STD))],
            [("rescale", (1 / 127.5,)), ("normalize", (MEAN, STD))],
            [("cast", ("float32",))],
            [("normalize", (MEAN, STD)), ("flip_channels", ())],
        ]
    )
    if chosen and chosen[-1][0] in ("rescale_and_normalize", "normalize") and rng.random() < 0.5:
        chosen.append(("pad", (0, 3, 0, 5, rng.choice([0, -1.5]))))
        if rng.random() < 0.5:
            chosen.append(("crop", (0, 0, height, width)))
    return chosen


def follow(ops: Any, image: Any, steps: list[tuple[str, tuple[Any, ...]]]) -> Any:
    array = ops.from_image(image, None, None)
    for verb, arguments in steps:
        array = getattr(ops, verb)(array, *arguments)
    return array


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 10**9))
def test_any_sequence_of_verbs(seed: int) -> None:
    rng = random.Random(seed)
    image = picture(rng.randint(1, 60), rng.randint(1, 60), seed=seed)
    steps = verbs(rng, image.height, image.width)
    ours, expected = follow(NATIVE, image, steps), follow(REFERENCE, image, steps)
    assert tuple(ours.shape) == expected.shape
    made, reference = np.asarray(NATIVE.stack([ours])), REFERENCE.stack([expected])
    assert made.dtype == reference.dtype
    assert np.array_equal(made, reference), steps


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", None])
@pytest.mark.parametrize("vector", ["cthw", "hwc", "thwc", "ct h w", "chw"])
@pytest.mark.parametrize("merge", [1, 2])
def test_patches_are_laid_out_in_the_same_pass(dtype: str | None, vector: str, merge: int) -> None:
    copies = 2 if "t" in vector else 1
    found = []
    for ops in (NATIVE, REFERENCE):
        arrays = []
        for seed, (width, height) in enumerate([(60, 50), (40, 90)]):
            array = ops.from_image(picture(width, height, seed=seed), None, None)
            array = ops.resize(array, 56, 84, PILImageResampling.BICUBIC)
            array = ops.rescale_and_normalize(array, 1 / 255, MEAN, STD)
            arrays.append(ops.patchify(array, 14, merge, copies, vector))
        if ops is NATIVE:
            assert all(isinstance(array, Recipe) for array in arrays)
        found.append(np.asarray(ops.concat(arrays, dtype)))
    assert found[0].dtype == found[1].dtype
    assert np.array_equal(found[0].view(np.uint8), found[1].view(np.uint8))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", None])
@pytest.mark.parametrize("bytes_", [False, True])
def test_patches_are_made_into_longer_rows(dtype: str | None, bytes_: bool) -> None:
    """SigLIP 2: rows of one value behind the patches, written into the batch."""
    found = []
    for ops in (NATIVE, REFERENCE):
        arrays = []
        for seed, (width, height) in enumerate([(60, 50), (40, 90)]):
            array = ops.from_image(picture(width, height, seed=seed), None, None)
            array = ops.resize(array, 28, 42, PILImageResampling.BICUBIC)
            array = array if bytes_ else ops.rescale_and_normalize(array, 1 / 255, MEAN, STD)
            array = ops.pad(ops.pad(ops.patchify(array, 14, vector="hwc"), 0, 3, 0, 0, seed), 0, 1, 0, 0, seed)
            if ops is NATIVE:
                assert isinstance(array, Recipe)
                assert np.array_equal(np.asarray(array)[-4:], np.full((4, 588), seed))
            arrays.append(array)
        found.append(np.asarray(ops.stack([*arrays, arrays[0]], dtype)))
        other = ops.pad(arrays[1], 0, 1, 0, 0, 7)  # another value, which is NumPy's matter
        assert np.array_equal(np.asarray(other)[-2:], [[1] * 588, [7] * 588])
    assert found[0].dtype == found[1].dtype
    assert np.array_equal(found[0].view(np.uint8), found[1].view(np.uint8))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", None])
@pytest.mark.parametrize("laid_out", [False, True])
def test_images_are_made_side_by_side(dtype: str | None, laid_out: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """MiniCPM-V: the patches of all slices in one line each."""
    found = []
    for ops in (NATIVE, REFERENCE):
        arrays = []
        for seed, width in enumerate([56, 28, 84]):
            array = ops.from_image(picture(60, 50, seed=seed), None, None)
            array = ops.resize(array, 42, width, PILImageResampling.BICUBIC)
            array = ops.rescale_and_normalize(array, 1 / 255, MEAN, STD)
            if laid_out:
                array = ops.rearrange(array, (3, 3, 14, width // 14, 14), (0, 2, 1, 3, 4), (1, 3, 14, 3 * width))
            arrays.append(array)
        if ops is NATIVE:
            monkeypatch.setattr(Recipe, "__array__", None)  # none is made by itself
        found.append(np.asarray(ops.concat(arrays, dtype, axis=-1)))
        monkeypatch.undo()
    assert found[0].dtype == found[1].dtype
    assert np.array_equal(found[0].view(np.uint8), found[1].view(np.uint8))


def test_tiles_of_an_image_that_is_needed_whole_as_well() -> None:
    """Idefics3: resize twice, cut, and resize the whole once more."""
    found = []
    for ops in (NATIVE, REFERENCE):
        first = ops.resize(ops.from_image(picture(70, 50), None, None), 90, 120, PILImageResampling.LANCZOS)
        canvas = ops.resize(first, 80, 120, PILImageResampling.LANCZOS)
        tiles = [ops.crop(canvas, top, left, 40, 40) for top in (0, 40) for left in (0, 40, 80)]
        tiles.append(ops.resize(canvas, 40, 40, PILImageResampling.LANCZOS))
        tiles = [ops.rescale_and_normalize(tile, 1 / 255, MEAN, STD) for tile in tiles]
        found.append(np.asarray(ops.stack([tiles, tiles[:2]])))
    assert found[0].shape == (2, 7, 3, 40, 40)
    assert np.array_equal(*found)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["pillow", "numpy", "planes", "read-only", "mirrored", "torch", "floats", "int64"])
def test_every_kind_of_image(mode: str, kind: str) -> None:
    import torch

    pixels = np.asarray(picture(20, 30, mode)).reshape(30, 20, -1)
    image: Any = {
        "pillow": lambda: picture(20, 30, mode),
        "numpy": lambda: pixels,
        "planes": lambda: np.ascontiguousarray(pixels.transpose(2, 0, 1)),
        "read-only": lambda: np.broadcast_to(pixels, pixels.shape),
        "mirrored": lambda: pixels[:, ::-1],
        "torch": lambda: torch.from_numpy(pixels.copy()),
        "floats": lambda: (pixels / 255).astype(np.float32),
        "int64": lambda: pixels.astype(np.int64),
    }[kind]()
    if mode == "RGBA" and kind != "pillow":
        pytest.skip("arrays of four channels are refused by the channel rule, on every backend")
    steps = [("crop", (3, 2, 25, 15)), ("rescale", (0.5,))]
    assert np.array_equal(np.asarray(follow(NATIVE, image, steps)), follow(REFERENCE, image, steps))


def test_a_large_pillow_image_lies_in_several_blocks() -> None:
    image = PIL.Image.linear_gradient("L").convert("RGB").resize((3000, 2500))
    with pytest.raises(ValueError, match="contiguous"):
        image.__arrow_c_array__()
    steps = [("crop", (100, 200, 40, 50))]
    assert np.array_equal(np.asarray(follow(NATIVE, image, steps)), follow(REFERENCE, image, steps))


def test_pixels_are_made_once_and_straight_into_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from pixelprep_native import _core, recipe

    rendered: list[int] = []
    monkeypatch.setattr(recipe, "_core", Spy(_core, rendered))
    image = NATIVE.from_image(picture(40, 30), None, None)
    image = NATIVE.resize(image, 50, 60, PILImageResampling.BICUBIC)
    image = NATIVE.pad(NATIVE.crop(image, 5, 5, 40, 40), 0, 2, 0, 2)
    image = NATIVE.rescale_and_normalize(image, 1 / 255, MEAN, STD)
    assert rendered == []
    NATIVE.stack([NATIVE.patchify(image, 14, 1), NATIVE.patchify(image, 14, 1)])
    assert rendered == [1, 2]  # the padded crop, for its other pixels must not come back; then both at once


class Spy:
    """The core, noting how many jobs each call renders."""

    def __init__(self, core: Any, rendered: list[int]) -> None:
        self.core, self.rendered = core, rendered

    def __getattr__(self, name: str) -> Any:
        return getattr(self.core, name)

    def render(self, jobs: list[Any], threads: int = 0) -> None:
        self.rendered.append(len(jobs))
        self.core.render(jobs)


@pytest.mark.parametrize(
    ("split", "groups"),
    [
        ((3, 8, 6), [[0], [1], [2]]),
        ((3, 2, 4, 3, 2), [[0], [1, 2], [3, 4]]),
        ((3, 2, 4, 1, 6, 1), [[0], [1, 2, 3], [4, 5]]),
        ((24, 6), None),
        ((3, 48), None),
        ((3, 8, 5), None),
    ],
)
def test_layouts_that_have_an_offset_for_each_row_and_column(
    split: tuple[int, ...], groups: list[list[int]] | None
) -> None:
    assert axis_groups(split, (3, 8, 6)) == groups


def test_standardising_counts_pixels() -> None:
    image = picture(33, 21)
    ours = np.asarray(NATIVE.standardize(NATIVE.from_image(image, None, None)))
    pixels = np.asarray(image, dtype=np.float64).transpose(2, 0, 1)
    expected = (pixels - pixels.mean()) / max(pixels.std(ddof=1), pixels.size**-0.5)
    assert np.abs(ours - expected).max() < 1e-6  # float32, from exact statistics


def test_other_devices_are_refused() -> None:
    with pytest.raises(ValueError, match="works on the CPU"):
        NATIVE.from_image(picture(4, 4), None, "cuda")
