"""Families that cut images into tiles: bit parity with the reference, and shapes that are known without pixels."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from oracle import difference, our_class, picture, reference_class
from pixelprep import geometry

# Keyword arguments that make a family's tiles small enough for a test, under those of each case.
SMALL: dict[str, dict[str, Any]] = {
    "Gemma3": {"size": {"height": 56, "width": 56}},
    "GotOcr2": {"size": {"height": 32, "width": 32}},
    "Cohere2Vision": {"size": {"height": 40, "width": 40}},
    "Ovis2": {"size": {"height": 32, "width": 32}},
    "LlavaNext": {
        "size": {"shortest_edge": 32},
        "crop_size": {"height": 32, "width": 32},
        "image_grid_pinpoints": [[48, 96], [96, 48], [96, 96], [144, 48], [48, 144]],
    },
    "LlavaOnevision": {
        "size": {"height": 32, "width": 32},
        "image_grid_pinpoints": [[32 * rows, 32 * columns] for rows in range(1, 4) for columns in range(1, 4)],
    },
    "SmolVLM": {"size": {"longest_edge": 96}, "max_image_size": {"longest_edge": 32}},
    "Idefics3": {"size": {"longest_edge": 96}, "max_image_size": {"longest_edge": 32}},
    "Mllama": {"size": {"height": 32, "width": 32}},
    "Llama4": {"size": {"height": 32, "width": 32}},
    "Phi4Multimodal": {"size": {"height": 56, "width": 56}},
    "Idefics2": {"size": {"shortest_edge": 30, "longest_edge": 70}},
    "MiniCPMV4_6": {"scale_resolution": 84, "patch_size": 7},
    "Lfm2Vl": {"tile_size": 64, "min_image_tokens": 4, "max_image_tokens": 16, "encoder_patch_size": 8},
    "DeepseekOcr2": {"size": {"height": 64, "width": 64}, "tile_size": 48},
    "Aria": {"max_image_size": 490},
    "PerceptionLM": {"tile_size": 32, "max_num_tiles": 9},
    "Step3p7": {"size": {"height": 56, "width": 56}, "patch_size": 42, "max_image_size": 250},
}
PAN = {
    "do_pan_and_scan": True,
    "pan_and_scan_min_crop_size": 16,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}
OFF = [
    {"do_rescale": False},
    {"do_normalize": False},
    {"do_rescale": False, "do_normalize": False},
    {"rescale_factor": 1 / 128, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4]},
    {"resample": 0},
    {"resample": 1},
    {"resample": 2},
    {"resample": 3},
]
SMOOTH = [kwargs for kwargs in OFF if kwargs != {"resample": 1}]  # torch has no LANCZOS without antialias
CUT = {"crop_to_patches": True}
GRIDS = [{}, CUT, {**CUT, "min_patches": 3, "max_patches": 6}, {**CUT, "max_patches": 4}, {**CUT, "max_patches": 1}]
KWARGS: dict[str, list[dict[str, Any]]] = {
    "Gemma3": [
        {},
        PAN,
        {**PAN, "pan_and_scan_max_num_crops": 2},
        {**PAN, "pan_and_scan_min_crop_size": 60},
        {**PAN, "pan_and_scan_min_ratio_to_activate": 2.0},
        {"size": {"shortest_edge": 40}},
        {"size": 40},
        {"size": {"max_height": 40, "max_width": 50}},
        {"do_resize": False},
        *OFF,
    ],
    "GotOcr2": [*GRIDS, {**CUT, "size": {"height": 24, "width": 40}}, {"do_resize": False}, *OFF],
    "LlavaNext": [
        {},
        {"do_pad": False},
        {"do_center_crop": False, "size": {"height": 32, "width": 32}},
        {"do_resize": False},
        {"size": {"height": 32, "width": 40}},
        {"image_grid_pinpoints": [[64, 64], [32, 96]]},
        {"crop_size": {"height": 24, "width": 24}},
        *OFF,
    ],
    "LlavaOnevision": [{}, {"do_pad": False}, {"do_resize": False}, {"image_mean": [0.1, 0.5, 0.9]}, *OFF],
    "SmolVLM": [
        {},
        {"do_image_splitting": False},
        {"return_row_col_info": True},
        {"do_pad": False},
        {"do_resize": False},
        {"size": {"height": 50, "width": 70}},
        {"max_image_size": {"longest_edge": 48}},
        *OFF,
    ],
    "Mllama": [{}, {"max_image_tiles": 1}, {"max_image_tiles": 6}, {"size": {"height": 48, "width": 48}}, *OFF],
    "Llama4": [
        {},
        {"max_patches": 1},
        {"max_patches": 5},
        {"resize_to_max_canvas": True},
        {"resize_to_max_canvas": True, "max_patches": 4},
        *OFF[1:],
    ],
    "Phi4Multimodal": [{}, {"patch_size": 7}, {"patch_size": 16}, {"dynamic_hd": 4}, {"dynamic_hd": 9}, *SMOOTH],
    "Idefics2": [
        {},
        {"do_image_splitting": True},
        {"do_pad": False},
        {"do_resize": False},
        {"size": {"height": 40, "width": 50}},
        *OFF,
    ],
    "Cohere2Vision": [
        {},
        {"max_patches": 3},
        {"max_patches": 1},
        {"min_patches": 4},
        {"crop_to_patches": False},
        {"crop_to_patches": False, "do_resize": False},
        *OFF,
    ],
    "Ovis2": [
        *GRIDS,
        {**CUT, "use_covering_area_grid": False},
        {**CUT, "use_covering_area_grid": False, "min_patches": 2, "max_patches": 5},
        {"do_center_crop": True, "crop_size": {"height": 20, "width": 30}},
        {"do_resize": False},
        *OFF,
    ],
    "MiniCPMV4_6": [
        {},
        {"slice_mode": False},
        {"max_slice_nums": 4},
        {"max_slice_nums": 1},
        {"scale_resolution": 56},
        {"patch_size": 4},
        {"downsample_mode": "4x", "use_image_id": False},
        *OFF,
    ],
    "Lfm2Vl": [
        {},
        {"do_image_splitting": False},
        {"return_row_col_info": True},
        {"use_thumbnail": False},
        {"min_tiles": 1, "max_tiles": 1},
        {"min_tiles": 1, "max_tiles": 3},
        {"min_tiles": 3, "max_tiles": 6},
        {"downsample_factor": 1},
        {"max_pixels_tolerance": 1.0},
        {"max_image_tokens": 25, "min_image_tokens": 9},
        {"encoder_patch_size": 4, "tile_size": 40},
        {"do_resize": False},
        *OFF,
    ],
    "DeepseekOcr2": [
        {},
        CUT,
        {"crop_to_patches": False},
        {"min_patches": 1, "max_patches": 4},
        {"min_patches": 3, "max_patches": 9},
        {"tile_size": 100},
        {"background_color": [10, 20, 30]},
        {"size": {"height": 40, "width": 40}},
        {"do_resize": False},
        *OFF,
    ],
    "Aria": [
        {},
        {"split_image": True, "split_resolutions": [[490, 980], [980, 490], [490, 490]]},
        {"min_image_size": 100},
        {"split_image": True, "split_resolutions": [[300, 500], [500, 200]]},
        *OFF,
    ],
    "PerceptionLM": [
        {},
        {"max_num_tiles": 1},
        {"max_num_tiles": 16},
        {"tile_size": 24},
        {"vision_input_type": "thumb"},
        {"vision_input_type": None},
        {"do_resize": False},
        *OFF,
    ],
    "Step3p7": [{}, {"patch_size": 20}, {"max_image_size": 100}, {"size": {"height": 200, "width": 200}}, *OFF],
}

SIZES = [(1, 1), (1, 60), (60, 1), (37, 211), (120, 90), (64, 64)]
BACKENDS = ["torchvision", "pil"]
PAIRS = [(family, backend) for family in KWARGS for backend in BACKENDS if reference_class(family, backend)]
CASES = [
    pytest.param(family, backend, kwargs, id=f"{family}-{backend}-{kwargs}")
    for family, backend in PAIRS
    for kwargs in KWARGS[family]
]


@cache
def drawn(height: int, width: int, mode: str = "RGB") -> Any:
    return picture(height, width, mode)


def outputs(processor: Any, images: Any, **kwargs: Any) -> dict[str, Any]:
    """What a call gives; bfloat16 and torch tensors as NumPy arrays, which can be compared."""

    def plain(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [plain(entry) for entry in value]
        if not hasattr(value, "detach"):
            return value
        return (value.float() if "bfloat16" in str(value.dtype) else value).numpy()

    return {name: plain(value) for name, value in processor(images, **kwargs).items()}


def pair(family: str, backend: str, **kwargs: Any) -> list[Any]:
    """The reference's processor and ours."""
    kwargs = {**SMALL.get(family, {}), **kwargs}
    return [cls(**kwargs) for cls in (reference_class(family, backend), our_class(family, backend))]


@pytest.mark.parametrize(("family", "backend", "kwargs"), CASES)
def test_kwargs_give_the_references_pixels(family: str, backend: str, kwargs: dict[str, Any]) -> None:
    pairs = pair(family, backend, **kwargs)
    for images in (drawn(37, 211), [drawn(120, 90), drawn(100, 100)]):
        expected, got = (outputs(processor, images, return_tensors=None) for processor in pairs)
        assert difference(expected, got) == 0.0


@pytest.mark.parametrize(("family", "backend"), PAIRS)
def test_defaults_give_the_references_pixels(family: str, backend: str) -> None:
    expected, got = (cls() for cls in (reference_class(family, backend), our_class(family, backend)))
    image = drawn(120, 90)
    assert difference(*(outputs(processor, image, return_tensors="pt") for processor in (expected, got))) == 0.0


@pytest.mark.parametrize(("family", "backend"), PAIRS)
@pytest.mark.parametrize("images", ["nested", "odd"])
def test_structures_give_the_references_arrays(family: str, backend: str, images: str) -> None:
    nested = [[drawn(37, 211), drawn(120, 90)], [drawn(64, 64)]]
    given = nested if images == "nested" else [drawn(1, 60), drawn(60, 1), drawn(64, 64)]
    if family == "PerceptionLM" or (family, images) in {("Phi4Multimodal", "odd"), ("DeepseekOcr2", "odd")}:
        given = given[-1:]  # the reference refuses samples of different lengths, and strips
    pairs = pair(family, backend)
    tensors = "pt" if family == "Llama4" else "np"
    assert difference(*(outputs(processor, given, return_tensors=tensors) for processor in pairs)) == 0.0


@pytest.mark.parametrize("family", KWARGS)
def test_shapes_and_counts_are_known_without_pixels(family: str) -> None:
    for kwargs in ({}, *[k for k in KWARGS[family] if k not in OFF]):
        reference, processor = pair(family, "torchvision", **kwargs)
        for size in SIZES:
            try:
                got = outputs(processor, drawn(*size), return_tensors="np")
            except ValueError:
                with pytest.raises(ValueError, match=r"elongated|quarters"):
                    processor.output_shapes(*size)
                continue
            shapes = processor.output_shapes(*size)
            assert {name: tuple(shape.shape) for name, shape in shapes.items()} == {
                name: np.shape(value) for name, value in got.items()
            }
            known = {name: shape.values for name, shape in shapes.items() if shape.values is not None}
            assert difference({name: np.asarray(got[name]).tolist() for name in known}, known) == 0.0
            helpful = family != "SmolVLM" or not {"do_image_splitting", "do_resize", "size"} & kwargs.keys()
            if hasattr(reference, "get_number_of_image_patches") and helpful:
                ours, theirs = (p.get_number_of_image_patches(*size) for p in (processor, reference))
                assert ours == theirs, (kwargs, size)


@pytest.mark.parametrize("family", KWARGS)
def test_kwargs_mean_the_same_at_the_call(family: str) -> None:
    small, image = SMALL.get(family, {}), drawn(37, 211)
    cls = our_class(family, "torchvision")
    for kwargs in KWARGS[family][:8]:
        constructed, called = cls(**{**small, **kwargs}), cls(**small)
        called = outputs(called, image, return_tensors="pt", **kwargs)
        assert difference(outputs(constructed, image, return_tensors="pt"), called) == 0.0, kwargs


@pytest.mark.parametrize("family", [family for family in KWARGS if family != "Phi4Multimodal"])
def test_the_oracle_backend_gives_torchvisions_pixels(family: str) -> None:
    pairs = [our_class(family, backend)(**SMALL.get(family, {})) for backend in ("torchvision", "reference")]
    assert difference(*(outputs(processor, drawn(37, 51), return_tensors="pt") for processor in pairs)) == 0.0


@pytest.mark.parametrize("mode", ["RGBA", "P", "L"])
@pytest.mark.parametrize(("family", "backend"), [p for p in PAIRS if p[0] in {"Idefics2", "Mllama", "Gemma3"}])
def test_other_modes_are_converted_as_the_reference_does(family: str, backend: str, mode: str) -> None:
    pairs = pair(family, backend)
    assert difference(*(outputs(processor, drawn(37, 51, mode), return_tensors="np") for processor in pairs)) == 0.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_the_reference_refuses_is_done(backend: str) -> None:
    def ours(family: str, **kwargs: Any) -> Any:
        return our_class(family, backend)(**{**SMALL.get(family, {}), **kwargs})

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
    assert geometry.covering_grid(height, width, tile, most) in geometry.grids(most)
    assert geometry.containing_grid(height, width, tile, most) in geometry.grids(most)
    assert geometry.slice_grid(height, width, tile, most) in [*geometry.grids(most), None]


@given(sides, sides, tiles, counts)
def test_a_grid_that_can_hold_the_image_does(height: int, width: int, tile: int, most: int) -> None:
    holding = [g for g in geometry.grids(most) if g[0] * tile >= height and g[1] * tile >= width]
    if holding:
        assert geometry.containing_grid(height, width, tile, most) in holding
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
    boxes = geometry.tile_boxes(height, width, tile_height, tile_width)
    assert sum(box[2] * box[3] for box in boxes) == height * width
    assert len({box[:2] for box in boxes}) == len(boxes)
    assert all(top + tall <= height and left + wide <= width for top, left, tall, wide in boxes)


@given(sides, sides, st.integers(1, 300), st.integers(1, 8), st.floats(1, 4))
def test_pan_and_scan_covers_the_image_or_does_nothing(
    height: int, width: int, min_crop: int, max_crops: int, min_aspect: float
) -> None:
    boxes = geometry.pan_and_scan(height, width, min_crop, max_crops, min_aspect)
    assert sum(box[2] * box[3] for box in boxes) in (0, height * width)
    assert len(boxes) <= max_crops
    if boxes:
        assert max(height, width) / min(height, width) >= min_aspect


@given(sides, st.integers(1, 600))
def test_sides_snap_to_whole_windows(side: int, window: int) -> None:
    snapped = geometry.snap_to_windows(side, window)
    assert snapped == side < window or (snapped % window == 0 and abs(snapped - side) <= 0.8 * window)
