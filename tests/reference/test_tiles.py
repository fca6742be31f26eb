"""Families that cut images into tiles: what the reference refuses, settings that cannot work, and their geometry."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from oracle import compared_backends, our_class, picture, small
from pixelprep import geometry
from pixelprep.geometry.tiling import MOST_TILES
from pixelprep.models.gemma3.image_processing_gemma3 import pan_and_scan
from pixelprep.models.minicpmv4_6.image_processing_minicpmv4_6 import slice_grid
from pixelprep.models.ovis2.image_processing_ovis2 import covering_grid
from pixelprep.models.perception_lm.image_processing_perception_lm import containing_grid
from pixelprep.models.step3p7.image_processing_step3p7 import snap_to_windows

CUT = {"crop_to_patches": True}


@cache
def drawn(height: int, width: int, mode: str = "RGB") -> Any:
    return picture(height, width, mode)


@pytest.mark.parametrize("backend", compared_backends())
def test_what_the_reference_refuses_is_done(backend: str) -> None:
    def ours(family: str, **kwargs: Any) -> Any:
        return our_class(family, backend)(**{**small(family), **kwargs})

    batch = ours("LlavaOnevision")(np.stack([np.asarray(drawn(64, 64))] * 2), return_tensors="np")
    assert batch["batch_num_images"].tolist() == [1, 1]
    whole = ours("MiniCPMV4_6", do_resize=False, slice_mode=False)(drawn(28, 56), return_tensors="np")
    assert whole["pixel_values"].shape == (1, 3, 7, 7 * 4 * 8)
    assert whole["target_sizes"].tolist() == [[4, 8]]
    with pytest.raises(ValueError, match="patches of 7"):
        ours("MiniCPMV4_6", do_resize=False, slice_mode=False)(drawn(30, 56))
    assert ours("Llama4")(drawn(40, 90), return_tensors="np")["pixel_values"].shape == (7, 3, 32, 32)
    assert ours("Llama4", do_rescale=False)(drawn(40, 90), return_tensors="pt")["pixel_values"].max() > 100
    assert ours("DeepseekOcr2")(drawn(1, 300), return_tensors="np")["pixel_values"].shape == (1, 3, 64, 64)
    strip = ours("Lfm2Vl", encoder_patch_size=4, tile_size=40)(drawn(1, 200), return_tensors="np")
    assert strip["pixel_attention_mask"].shape == strip["pixel_values"].shape[:2] == (1, 224)


@pytest.mark.parametrize(
    ("family", "kwargs", "names"),
    [
        ("Mllama", {"size": {"height": 32, "width": 40}}, "square"),
        ("Mllama", {"do_pad": False}, "do_pad"),
        ("Llama4", {"size": {"height": 32, "width": 40}}, "square"),
        ("Llama4", {"do_resize": False}, "do_resize"),
        ("Phi4Multimodal", {"size": {"shortest_edge": 56}}, "height"),
        ("Aria", {"max_image_size": 500}, "490"),
        ("Lfm2Vl", {"min_tiles": 5, "max_tiles": 4}, "max_tiles=4"),
        ("Gemma3", {"do_pan_and_scan": True}, "pan_and_scan_min_crop_size"),
        ("Idefics2", {"size": {"longest_edge": 56}}, "shortest_edge"),
        ("GotOcr2", {**CUT, "size": {"shortest_edge": 56}}, "height"),
        ("GotOcr2", {**CUT, "max_patches": 0}, "max_patches"),
        ("PerceptionLM", {"tile_size": -1}, "tile_size"),
        ("PerceptionLM", {"max_num_tiles": 10**9}, "max_num_tiles"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(family: str, kwargs: dict[str, Any], names: str) -> None:
    with pytest.raises((ValueError, TypeError), match=names):
        our_class(family, "pil")(**kwargs)(drawn(37, 51))


sides, tiles, counts = st.integers(1, 4000), st.integers(8, 512), st.integers(1, 20)


@given(sides, sides, tiles, counts, counts)
def test_grids_have_the_tiles_that_are_allowed(height: int, width: int, tile: int, most: int, least: int) -> None:
    allowed = geometry.grids(most, least)
    assert geometry.closest_aspect_grid(height, width, tile, tile, most, least) in (allowed or [(1, 1)])
    for grow in (False, True):
        assert geometry.least_scaling_grid(height, width, tile, most, grow=grow) in geometry.grids(most)
    assert covering_grid(height, width, tile, most) in geometry.grids(most)
    assert containing_grid(height, width, tile, most) in geometry.grids(most)
    assert slice_grid(height, width, tile, most) in [*geometry.grids(most), None]


@given(sides, sides, tiles, counts)
def test_a_grid_that_can_hold_the_image_does(height: int, width: int, tile: int, most: int) -> None:
    holding = [g for g in geometry.grids(most) if g[0] * tile >= height and g[1] * tile >= width]
    if holding:
        assert containing_grid(height, width, tile, most) in holding
        smallest = min(rows * columns for rows, columns in holding)
        assert math.prod(geometry.least_scaling_grid(height, width, tile, most)) >= smallest


@given(sides, sides, tiles, counts, counts)
def test_a_fitted_image_lies_on_its_canvas(height: int, width: int, tile: int, rows: int, columns: int) -> None:
    canvas = rows * tile, columns * tile
    for limit in (tile, max(canvas)):
        fitted = geometry.fit_limited(height, width, *canvas, limit)
        assert all(1 <= side <= room for side, room in zip(fitted, canvas, strict=True))
        grown = [side > max(before, limit) for side, before in zip(fitted, (height, width), strict=True)]
        assert not any(grown)


@given(sides, sides, tiles, tiles)
def test_tiles_cover_every_pixel_once(height: int, width: int, tile_height: int, tile_width: int) -> None:
    if math.ceil(height / tile_height) * math.ceil(width / tile_width) > MOST_TILES:
        with pytest.raises(ValueError, match="more than"):
            geometry.tile_boxes(height, width, tile_height, tile_width)
        return
    boxes = geometry.tile_boxes(height, width, tile_height, tile_width)
    assert sum(box[2] * box[3] for box in boxes) == height * width
    assert len({box[:2] for box in boxes}) == len(boxes)
    assert all(top + tall <= height and left + wide <= width for top, left, tall, wide in boxes)


@given(sides, sides, st.integers(1, 300), st.integers(1, 8), st.floats(1, 4))
def test_pan_and_scan_covers_the_image_or_does_nothing(
    height: int, width: int, min_crop: int, max_crops: int, min_aspect: float
) -> None:
    boxes = pan_and_scan(height, width, min_crop, max_crops, min_aspect)
    assert sum(box[2] * box[3] for box in boxes) in (0, height * width)
    assert len(boxes) <= max_crops
    if boxes:
        assert max(height, width) / min(height, width) >= min_aspect


@given(sides, st.integers(1, 600))
def test_sides_snap_to_whole_windows(side: int, window: int) -> None:
    snapped = snap_to_windows(side, window)
    assert snapped == side < window or (snapped % window == 0 and abs(snapped - side) <= 0.8 * window)
