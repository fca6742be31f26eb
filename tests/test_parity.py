"""Exactness: the same keys, dtypes, shapes and pixels as the reference's class of the same backend, difference 0.0.

The families of the foundation, one for each kind of difficulty, are compared here under every variation of one table;
what the table says of a variation is all that is allowed, on either side.
"""

from __future__ import annotations

import copy
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from oracle import compared, difference, draw, our_class, photos, picture, reference_class
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.ops.torchvision import TorchvisionOps

# Options under which a family's output is small, so that many variations cost little. Defaults have tests of their own.
SMALL: dict[str, dict[str, Any]] = {
    "CLIP": {"size": {"shortest_edge": 48}, "crop_size": {"height": 40, "width": 36}},
    "ConvNext": {"size": {"shortest_edge": 56}},
    "LlavaOnevision": {
        "size": {"height": 48, "width": 48},
        "image_grid_pinpoints": [[48, 48], [48, 96], [96, 48], [96, 96], [144, 48], [48, 144]],
    },
    "Idefics3": {"size": {"longest_edge": 128}, "max_image_size": {"longest_edge": 48}},
    "Qwen2VL": {"size": {"shortest_edge": 3136, "longest_edge": 20000}},
    "Pixtral": {"size": {"longest_edge": 96}, "patch_size": 14},
    "Segformer": {"size": {"height": 56, "width": 48}},
    "Detr": {"size": {"shortest_edge": 60, "longest_edge": 150}},
}

VARIATIONS: dict[str, dict[str, Any]] = {
    "small": {},
    "no resize": {"do_resize": False},
    "no rescale": {"do_rescale": False},
    "no normalize": {"do_normalize": False},
    "bytes": {"do_rescale": False, "do_normalize": False},
    "other rescale factor": {"rescale_factor": 1 / 127.5},
    "statistics per channel": {"image_mean": [0.1, 0.2, 0.3], "image_std": (0.5, 0.4, 0.3)},
    "one statistic": {"image_mean": 0.5, "image_std": 0.25},
    "nearest": {"resample": PIL.Image.Resampling.NEAREST},
    "bilinear": {"resample": 2},
    "bicubic": {"resample": PIL.Image.Resampling.BICUBIC},
    "lanczos": {"resample": 1},
    "size int": {"size": 64},
    "size int, square": {"size": 64, "default_to_square": True},
    "size int, edge": {"size": 64, "default_to_square": False},
    "size pair": {"size": (64, 48)},
    "size box": {"size": {"height": 50, "width": 70}},
    "size shortest edge": {"size": {"shortest_edge": 45}},
    "size both edges": {"size": {"shortest_edge": 60, "longest_edge": 99}},
    "size longest edge": {"size": {"longest_edge": 130}},
    "size maximum": {"size": {"max_height": 90, "max_width": 70}},
    "crop inside": {"do_center_crop": True, "crop_size": 30},
    "crop outside": {"do_center_crop": True, "crop_size": {"height": 151, "width": 40}},
    "no crop": {"do_center_crop": False},
    "pad": {"do_pad": True},
    "no pad": {"do_pad": False},
    "pad to size": {"do_pad": True, "pad_size": {"height": 301, "width": 310}},
    "pad to a smaller size": {"do_pad": True, "pad_size": 20},
    "numpy": {"return_tensors": "np"},
    "lists": {"return_tensors": None},
    "grouped": {"disable_grouping": False},
    "ungrouped": {"disable_grouping": True},
    "ignored options": {"data_format": "channels_last", "image_seq_length": 5, "device": "cpu"},
    "convert": {"do_convert_rgb": True},
    "no convert": {"do_convert_rgb": False},
}

OWN: dict[str, dict[str, dict[str, Any]]] = {
    "CLIP": {
        "crop larger than the image": {"crop_size": {"height": 61, "width": 300}},
        "crop larger by one": {"do_resize": False, "crop_size": {"height": 38, "width": 53}},
    },
    "ConvNext": {
        "warp": {"size": {"shortest_edge": 384}},
        "below the warp": {"size": {"shortest_edge": 383}},
        "crop_pct": {"crop_pct": 0.7},
        "crop_pct 1": {"crop_pct": 1.0, "size": 60},
    },
    "LlavaOnevision": {
        "one pinpoint": {"image_grid_pinpoints": [[96, 144]]},
        "odd tiles": {"image_grid_pinpoints": [[50, 100], [100, 50]]},
        "tiles of the crop": {"crop_size": 32},
    },
    "Idefics3": {
        "no splitting": {"do_image_splitting": False},
        "rows and columns": {"return_row_col_info": True},
        "other tiles": {"max_image_size": {"longest_edge": 70}},
        "one tile": {"size": {"longest_edge": 40}},
    },
    "Qwen2VL": {
        "patch 16": {"patch_size": 16},
        "no merge": {"merge_size": 1},
        "four frames": {"temporal_patch_size": 4},
        "size pixel counts": {"size": {"shortest_edge": 3136, "longest_edge": 8000}},
        "bounds": {"min_pixels": 6000, "max_pixels": 9000},
        "lower bound": {"min_pixels": 19000},
    },
    "Pixtral": {
        "patch pair": {"patch_size": {"height": 16, "width": 8}},
        "box": {"size": {"height": 40, "width": 120}},
    },
    "Segformer": {"do_reduce_labels": {"do_reduce_labels": True}},
    "Detr": {
        "no mask": {"do_pad": False, "return_tensors": None},
        "format": {"format": "coco_panoptic"},
        "do_convert_annotations": {"do_convert_annotations": False},
    },
}


# Variations that mean nothing to a family: both sides refuse them, whatever the reference's error is (Q32, Q33).
EDGE_STYLES = {"size int, edge", "size shortest edge"}
REFUSED: dict[str, set[str]] = {
    "CLIP": {"size longest edge", "pad to a smaller size"},
    "ConvNext": {"size int, square", "size pair", "size box", "size longest edge", "size maximum"},
    "LlavaOnevision": EDGE_STYLES | {"size int", "size both edges", "size longest edge", "size maximum"},
    "Idefics3": EDGE_STYLES | {"size maximum"},
    "Qwen2VL": EDGE_STYLES
    | {"no resize", "size int", "size int, square", "size pair", "size box", "size longest edge", "size maximum"},
    "Pixtral": EDGE_STYLES | {"size maximum"},
    "Segformer": {"size longest edge"},
    "Detr": {"size longest edge", "pad to a smaller size"},
}

# Variations that only we take: the reference refuses what is plain.
ONLY_OURS: dict[str, set[str]] = {"Detr": {"size int", *EDGE_STYLES}}


def variations(family: str) -> dict[str, dict[str, Any]]:
    return {name: {**SMALL[family], **options} for name, options in (VARIATIONS | OWN[family]).items()}


@cache
def pair(family: str, backend: str) -> tuple[Any, BaseImageProcessor]:
    """The reference's processor and ours, made once."""
    reference = reference_class(family, backend)
    assert reference is not None
    return reference(), our_class(family, backend)()


def outcome(processor: Any, images: Any, *beside: Any, **options: Any) -> dict[str, Any] | Exception:
    """The output as a dictionary, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dict(processor(images, *beside, **options))
        except Exception as error:
            return error


def assert_same(family: str, backend: str, images: Any, *beside: Any, **options: Any) -> None:
    reference, ours = (outcome(processor, images, *beside, **options) for processor in pair(family, backend))
    for result in (reference, ours):
        if isinstance(result, Exception):
            raise result
    assert difference(reference, ours) == 0.0


PAIRS = [entry for entry in compared() if entry[0] in SMALL]
IMAGES = [picture(37, 61), draw(52, 44), picture(70, 20, seed=1)]
every_pair = pytest.mark.parametrize(("family", "backend"), PAIRS)


def test_the_tables_cover_the_foundation() -> None:
    assert {family for family, _ in PAIRS} == set(SMALL) == set(OWN) == set(REFUSED)
    assert {backend for _, backend in PAIRS} >= {"torchvision", "pil"}
    for family in SMALL:
        names = set(variations(family))
        assert REFUSED[family] | ONLY_OURS.get(family, set()) <= names
        assert len(names - REFUSED[family] - ONLY_OURS.get(family, set())) >= 10


@pytest.mark.parametrize(
    ("family", "backend", "name"),
    [(*pair, name) for pair in PAIRS for name in variations(pair[0])],
)
def test_variations(family: str, backend: str, name: str) -> None:
    options = {"return_tensors": "pt", **variations(family)[name]}
    reference, ours = pair(family, backend)
    for image in IMAGES:
        if name in REFUSED[family]:
            assert isinstance(outcome(reference, image, **options), Exception)
            with pytest.raises(ValueError, match=r"`size`|size|padded|patches|stacked"):
                ours(image, **options)
        elif name in ONLY_OURS.get(family, ()):
            assert isinstance(outcome(reference, image, **options), Exception)
            assert isinstance(outcome(ours, image, **options), dict)
        else:
            assert_same(family, backend, image, **options)


SHAPES = {
    "1x1": picture(1, 1),
    "1x200": picture(1, 200),
    "37x211": draw(37, 211),
    "640x427": picture(640, 427),
    "5000x300": picture(5000, 300),
    "300x5000": picture(300, 5000),
    "427x640, channels first": draw(427, 640).transpose(2, 0, 1).copy(),
}


@every_pair
@pytest.mark.parametrize("shape", SHAPES)
def test_defaults_on_awkward_shapes(family: str, backend: str, shape: str) -> None:
    assert_same(family, backend, SHAPES[shape], return_tensors="pt")


MODES = ["L", "LA", "RGBA", "P", "1", "I;16", "I", "F", "CMYK", "YCbCr", "HSV"]
# Modes whose bands are read as if they were red, green and blue, by the reference and by us.
THREE_BANDS = {"YCbCr", "HSV"}


@every_pair
@pytest.mark.parametrize("mode", MODES)
def test_modes(family: str, backend: str, mode: str) -> None:
    image = picture(50, 41, mode)
    options = {"return_tensors": "pt", **SMALL[family]}
    reference, ours = pair(family, backend)
    assert_same(family, backend, image, do_convert_rgb=True, **options)
    if mode in THREE_BANDS or ours.do_convert_rgb:
        assert_same(family, backend, image, **options)
        return
    with pytest.raises(ValueError, match=r"image 0.*channel"):
        ours(image, **options)
    # The one exception is a picture of floats, which the reference spreads over three channels on torchvision (Q8).
    assert isinstance(outcome(reference, image, **options), Exception) != (mode == "F" and backend == "torchvision")


ARRAYS: dict[str, Any] = {
    "channels first": draw(40, 30).transpose(2, 0, 1).copy(),
    "channels last": draw(40, 30),
    "tensor": torch.from_numpy(draw(40, 30)).permute(2, 0, 1),
    "int64": draw(40, 30).astype(np.int64),
    "bool": draw(40, 30) > 127,
    "float32 in 0..255": draw(40, 30).astype(np.float32),
    "float64 in 0..255": draw(40, 30).astype(np.float64),
    "float32 in 0..1": (draw(40, 30) / 255).astype(np.float32),
    "float16": torch.from_numpy(draw(40, 30)).half(),
    "ambiguous": draw(3, 30),
}
# Q20: the reference's PIL classes refuse them, ours resize them as floats.
WIDE: dict[str, Any] = {
    "fractions": draw(40, 30).astype(np.float32) + 0.25,
    "negative": draw(40, 30).astype(np.float32) - 100,
    "uint16": draw(40, 30).astype(np.uint16) * 257,
}
# What the reference refuses on every backend, and the array of the same pixels that it takes.
REFUSED_ARRAYS: dict[str, tuple[Any, Any]] = {
    "grey (H, W)": (draw(40, 30, 1)[..., 0], np.repeat(draw(40, 30, 1), 3, axis=2)),
    "grey (H, W, 1)": (draw(40, 30, 1), np.repeat(draw(40, 30, 1), 3, axis=2)),
    "grey (1, H, W)": (draw(40, 30, 1).transpose(2, 0, 1), np.repeat(draw(40, 30, 1), 3, axis=2)),
    "RGBA": (draw(40, 30, 4), draw(40, 30, 4)[..., :3].copy()),
}


@every_pair
@pytest.mark.parametrize("kind", ARRAYS | WIDE)
def test_arrays(family: str, backend: str, kind: str) -> None:
    options = {"return_tensors": "pt", **SMALL[family]}
    if kind in ARRAYS or backend != "pil":
        assert_same(family, backend, (ARRAYS | WIDE)[kind], **options)
        return
    reference, ours = pair(family, backend)
    assert isinstance(outcome(reference, WIDE[kind], **options), Exception)
    assert isinstance(outcome(ours, WIDE[kind], **options), dict)


@every_pair
@pytest.mark.parametrize("kind", REFUSED_ARRAYS)
def test_arrays_that_the_reference_refuses(family: str, backend: str, kind: str) -> None:
    array, equal = REFUSED_ARRAYS[kind]
    options = {"return_tensors": "pt", "do_convert_rgb": True, **SMALL[family]}
    reference, ours = pair(family, backend)
    assert isinstance(outcome(reference, array, **options), Exception)
    assert difference(outcome(reference, equal, **options), outcome(ours, array, **options)) == 0.0


@every_pair
def test_memory_that_torch_cannot_share(family: str, backend: str) -> None:
    options = {"return_tensors": "pt", **SMALL[family]}
    array = draw(40, 30)
    expected = outcome(pair(family, backend)[0], array, **options)
    frozen = array.copy()
    frozen.setflags(write=False)
    backwards = array[::-1].copy()[::-1]
    assert backwards.strides[0] < 0
    for image in (frozen, backwards, np.asfortranarray(array)):
        assert difference(expected, outcome(pair(family, backend)[1], image, **options)) == 0.0


BATCHES: dict[str, Any] = {
    "equal sizes": [picture(40, 30), draw(40, 30, seed=1)],
    "mixed sizes": [picture(40, 30), draw(33, 51)],
    "tuple": (picture(40, 30), draw(40, 30, seed=1)),
    "samples": [[picture(40, 30)], [draw(40, 30, seed=1), draw(40, 30, seed=2)]],
    "samples of mixed sizes": [[picture(40, 30)], [draw(33, 51), draw(40, 30, seed=1), draw(64, 64)]],
    "samples of one": [[picture(40, 30)], [draw(33, 51)]],
}


@every_pair
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("return_tensors", ["pt", "np", None])
def test_batches(family: str, backend: str, batch: str, return_tensors: str | None) -> None:
    options = {"return_tensors": return_tensors, **SMALL[family]}
    if family == "CLIP" and batch == "mixed sizes":
        options["crop_size"] = 40
    assert_same(family, backend, BATCHES[batch], **options)


@pytest.mark.parametrize(("family", "backend"), PAIRS)
def test_a_batch_in_one_array(family: str, backend: str) -> None:
    options = {"return_tensors": "pt", **SMALL[family]}
    images = [draw(40, 30), draw(40, 30, seed=1)]
    expected = outcome(pair(family, backend)[0], images, **options)
    for batch in (np.stack(images), torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)):
        assert difference(expected, outcome(pair(family, backend)[1], batch, **options)) == 0.0


PHOTOS = photos()


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.name)
@pytest.mark.parametrize("backend", sorted({backend for _, backend in PAIRS}))
def test_defaults_on_photographs(photo: Path, backend: str) -> None:
    """Each photograph through some of the families, all families over all photographs."""
    with PIL.Image.open(photo) as image:
        image = image.convert("RGB")
    turn = PHOTOS.index(photo)
    families = sorted(SMALL)
    for family in {families[turn % len(families)], families[(turn + 3) % len(families)]}:
        assert_same(family, backend, image, return_tensors="pt")


MAPS = {
    "uint8": draw(37, 61, 1)[..., 0] % 5,
    "int64": (draw(37, 61, 1)[..., 0] % 5).astype(np.int64),
    "tensor": torch.from_numpy(draw(37, 61, 1)[..., 0] % 5),
    "picture": PIL.Image.fromarray(draw(37, 61, 1)[..., 0]),
    "ignored classes": np.where(draw(37, 61, 1)[..., 0] > 200, 255, draw(37, 61, 1)[..., 0] % 3).astype(np.uint8),
}


@pytest.mark.parametrize("backend", [backend for family, backend in PAIRS if family == "Segformer"])
@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("options", [{}, {"do_reduce_labels": True}, {"do_resize": False}, {"size": 200}], ids=str)
def test_label_maps(backend: str, kind: str, options: dict[str, Any]) -> None:
    options = {**SMALL["Segformer"], **options}
    for return_tensors in ("pt", "np", None):
        # The reference changes the map itself (Q4), so each side gets its own.
        maps = [copy.deepcopy(MAPS[kind]) for _ in range(2)]
        reference, ours = (
            outcome(processor, picture(37, 61), label, return_tensors=return_tensors, **options)
            for processor, label in zip(pair("Segformer", backend), maps, strict=True)
        )
        assert difference(reference, ours) == 0.0
    maps = [copy.deepcopy(MAPS[kind]), copy.deepcopy(MAPS[kind])]
    assert_same("Segformer", backend, [picture(37, 61), draw(37, 61)], maps, return_tensors="pt", **options)


TARGET = {
    "image_id": 7,
    "annotations": [
        {"category_id": 3, "area": 500.0, "bbox": [4.0, 5.0, 30.0, 20.0], "iscrowd": 0},
        {"category_id": 8, "area": 90.0, "bbox": [50.0, 30.0, 40.0, 40.0], "iscrowd": 0},
        {"category_id": 1, "area": 90.0, "bbox": [1.0, 1.0, 5.0, 5.0], "iscrowd": 1},
    ],
}


@pytest.mark.parametrize(
    ("backend", "return_tensors"),
    [(backend, kind) for family, backend in PAIRS if family == "Detr" for kind in ("pt", "np", None)],
)
@pytest.mark.parametrize("options", [{}, {"do_convert_annotations": False}, {"do_pad": False}], ids=str)
def test_annotations(backend: str, return_tensors: str | None, options: dict[str, Any]) -> None:
    options = {"return_tensors": return_tensors, **SMALL["Detr"], **options}
    assert_same("Detr", backend, picture(37, 61), TARGET, **options)
    if options.get("do_pad", True):
        assert_same("Detr", backend, [picture(37, 61), draw(60, 44)], [TARGET, TARGET], **options)


@pytest.mark.parametrize("family", sorted(SMALL))
@pytest.mark.parametrize(
    "name", ["small", "nearest", "bilinear", "bicubic", "lanczos", "crop outside", "pad", "no rescale", "no normalize"]
)
def test_the_oracle_backend_is_torchvision_in_numpy(family: str, name: str) -> None:
    """The plain backend gives the torchvision backend's numbers, and so the reference's."""
    options = {"return_tensors": "np", **variations(family)[name]}
    image = picture(37, 61)
    torchvision, plain = (outcome(our_class(family, b)(), image, **options) for b in ("torchvision", "reference"))
    assert difference(torchvision, plain) == 0.0


class OneLevelOff(TorchvisionOps):
    """A backend that is wrong by the least that bytes can be wrong."""

    def resize(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        resized = super().resize(images, *args, **kwargs)
        return resized ^ 1 if resized.dtype is torch.uint8 else resized


@pytest.mark.parametrize("family", sorted(SMALL))
def test_a_wrong_backend_fails(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same(family, "torchvision", picture(37, 61), return_tensors="pt", **SMALL[family])
    monkeypatch.setattr(BaseImageProcessor, "ops", OneLevelOff())
    with pytest.raises(AssertionError, match=r"== 0\.0"):
        assert_same(family, "torchvision", picture(37, 61), return_tensors="pt", **SMALL[family])


@pytest.mark.cuda
@pytest.mark.parametrize("family", sorted(SMALL))
def test_cuda(family: str) -> None:
    """On a GPU images of one shape are stacked; the outputs are the CPU's within what a GPU's kernels promise."""
    options = {"return_tensors": "pt", **SMALL[family], "resample": 2}
    images = [draw(40, 30), draw(40, 30, seed=1), draw(37, 61)]
    if family == "CLIP":
        options["crop_size"] = 40
    processor = our_class(family, "torchvision")()
    on_cpu, on_gpu = processor(images, **options), processor(images, device="cuda", **options)
    assert on_gpu["pixel_values"].device.type == "cuda"
    std = min(processor.image_std)
    for name, expected in on_cpu.items():
        got = on_gpu[name].cpu()
        assert got.shape == expected.shape
        # CUDA resizes in floating point and rounds once, the CPU in 16-bit fixed point twice: one level of 255, two
        # where one resize follows another (LlavaOnevision's tiles, Idefics3).
        assert (got.double() - expected.double()).abs().max() <= 2.01 / 255 / std
    alone = processor(images, device="cuda", disable_grouping=True, **options)
    assert difference(dict(alone.to("cpu")), dict(on_gpu.to("cpu"))) == 0.0
