"""The families that came after transformers 5.18: counts, grids, checkerboards, letters, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import PIL.Image
import pytest

from oracle import difference, our_class, picture, reference_class
from pixelprep.images.checkerboard import on_checkerboard

SMALL: dict[str, dict[str, Any]] = {
    "Molmo2": {"size": {"height": 84, "width": 84}, "overlap_margins": [1, 2]},
    "GraniteDocling": {"size": {"height": 32, "width": 48}, "max_patches": 8},
    "HYV4VL": {"size": {"shortest_edge": 4096, "longest_edge": 30000}},
    "MiniCPMOcr": {"scale_resolution": 112, "patch_size": 7},
    "UnlimitedOcr": {"size": {"height": 64, "width": 80}, "tile_size": 48, "max_patches": 9},
    "Inkling2": {},
    "Apertus1p5": {"size": {"min_pixels": 2000, "max_pixels": 20000}},
    "UltraVBert": {"size": {"longest_edge": 160}, "max_image_size": {"longest_edge": 32}},
}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "Molmo2": [{"max_crops": 1}, {"max_crops": 12}, {"overlap_margins": [2, 0]}, {"patch_size": 7}],
    "GraniteDocling": [{"crop_to_patches": False}, {"min_patches": 3, "max_patches": 6}, {"max_patches": 1}],
    "HYV4VL": [{"max_pixels": 20000}, {"patch_size": 14}, {"merge_size": 1}],
    "UnlimitedOcr": [{"crop_to_patches": False}, {"min_patches": 3, "max_patches": 5}, {"tile_size": 64}],
    "Apertus1p5": [{"spatial_factor": 28}, {"do_resize": False}],
    "UltraVBert": [{"max_image_tiles": 4}, {"max_image_size": {"longest_edge": 48}}],
}
# Sides below and at Molmo2's margin, below a slice, squares, strips.
SIZES = [(40, 60), (42, 131), (130, 90), (200, 313), (113, 112), (64, 64), (30, 400)]


@pytest.mark.parametrize("family", OPTIONS)
def test_how_many_patches_an_image_takes(family: str) -> None:
    ours, theirs = our_class(family, "native")(**SMALL[family]), reference_class(family, "torchvision")(**SMALL[family])
    for height, width in SIZES:
        for kwargs in (None, *OPTIONS[family]):
            expected = theirs.get_number_of_image_patches(height, width, kwargs)
            if family == "UltraVBert" and expected == (0, 0, 0):
                expected = (1, 0, 0)  # Q12: one frame is one frame
            assert ours.get_number_of_image_patches(height, width, kwargs) == expected, (height, width, kwargs)


def test_molmo2_tells_grid_and_crops() -> None:
    ours, theirs = our_class("Molmo2", "native")(), reference_class("Molmo2", "torchvision")()
    for size in ((500, 800), (111, 2000), (112, 700), (1080, 1920)):
        assert ours.get_image_grid_and_crops(*size) == theirs.get_image_grid_and_crops(*size)
    with pytest.raises(ValueError, match="leave nothing of a crop of 6 patches"):
        ours(picture(50, 60), size=84, overlap_margins=[3, 3])
    with pytest.raises(ValueError, match="do not divide into patches of 13"):
        ours(picture(50, 60), patch_size=13)
    with pytest.raises(ValueError, match="square"):
        ours(picture(50, 60), size={"height": 84, "width": 98})


def test_granite_docling_tiles_and_grid_agree() -> None:
    """Q65: with more tiles asked for than allowed, the reference cuts a grid and tells another."""
    processor = our_class("GraniteDocling", "native")(**SMALL["GraniteDocling"])
    outputs = processor(picture(60, 200), min_patches=6, max_patches=4, return_tensors="np")
    rows, columns = outputs["rows"][0][0], outputs["cols"][0][0]
    assert rows * columns == 4
    assert outputs["pixel_values"].shape[1] == rows * columns + 1
    assert processor.get_tile_grid(60, 200) == (1, 3)


@pytest.mark.parametrize("backend", ["torchvision", "native", "pil"])
def test_granite_docling_takes_samples_without_images(backend: str) -> None:
    processor = our_class("GraniteDocling", backend)(**SMALL["GraniteDocling"])
    some = processor([[picture(60, 200)], []], return_tensors="np")
    assert some["pixel_values"].shape == (2, 4, 3, 32, 48)
    assert some["pixel_attention_mask"].tolist() == [[True] * 4, [False] * 4]
    assert some["rows"] == [[1], []]
    with pytest.raises(ValueError, match="no images"):
        processor([[], []])


@pytest.mark.parametrize("backend", ["torchvision", "native"])
def test_inkling2_lays_transparent_images_on_a_checkerboard(backend: str) -> None:
    ours, theirs = our_class("Inkling2", backend)(), reference_class("Inkling2", "torchvision")()
    pictures = [picture(45, 67, mode) for mode in ("RGBA", "LA", "L", "P")]
    keyed = picture(45, 67, "P")
    keyed.info["transparency"] = 3
    for image in (*pictures, keyed):
        assert difference(theirs(image, return_tensors="pt"), ours(image, return_tensors="pt"), image.mode) == 0
    rgba = np.asarray(pictures[0])
    for array in (rgba, rgba.transpose(2, 0, 1), rgba.astype(np.float32)):
        assert difference(theirs(array, return_tensors="pt"), ours(array, return_tensors="pt")) == 0


def test_a_checkerboard_is_seen_through_floats_too() -> None:
    """The reference reads 0..1 as whole numbers, and shows the bare board."""
    rgba = np.asarray(picture(20, 30, "RGBA"))
    assert np.array_equal(on_checkerboard(rgba), on_checkerboard(rgba / 255))
    clear = on_checkerboard(np.zeros((16, 17, 4), np.uint8))
    assert clear[0, 0, 0] == clear[8, 8, 0] == 204
    assert clear[0, 8, 0] == clear[8, 0, 0] == clear[7, 15, 1] == 153
    assert isinstance(on_checkerboard(PIL.Image.fromarray(rgba)), PIL.Image.Image)


def test_small_dense_text_is_enlarged(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = pytest.importorskip("transformers.models.minicpm_ocr.image_processing_minicpm_ocr")
    from pixelprep.models.minicpm_ocr.image_processing_minicpm_ocr import upsize_edge

    rng = np.random.default_rng(0)
    page = np.full((3, 120, 200), 240, np.uint8)
    for y, x in rng.integers(0, (108, 190), (150, 2)):
        page[:, y : y + 8, x : x + 3] = 20
    found = []
    for image in (page, 255 - page, page[:, :40, :60], page[:, :, :], np.full((3, 30, 30), 9, np.uint8)):
        found.append(upsize_edge(image, 448))
        assert found[-1] == reference.adaptive_upsize_resolution(image, 448)
    assert {448, 84} <= set(found)
    processor = our_class("MiniCPMOcr", "native")(small_image_upsize="adaptive")
    with pytest.raises(ValueError, match="needs its pixels"):
        processor.output_shapes(30, 40)
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(ImportError, match=r"pixelprep\[opencv\]"):
        processor(picture(30, 40))


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="do_resize"):
        our_class("MiniCPMOcr", "native")()(picture(30, 40), do_resize=False)
    with pytest.raises(ValueError, match="min_pixels"):
        our_class("Apertus1p5", "native")()(picture(30, 40), size={"shortest_edge": 40})
    with pytest.raises(ValueError, match="small_image_upsize"):
        our_class("MiniCPMOcr", "native")(small_image_upsize="sometimes")
    shapes = our_class("UnlimitedOcr", "native")().output_shapes(1, 3000)  # a side of the reference's vanishes
    assert math.prod(shapes["pixel_values"].shape) == 3 * 1024 * 1024
