"""What entries of outputs show: the closed form beside a run over coordinates, white squares, points there and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from pixelprep.core.errors import NeedsPixelsError
from pixelprep.ops.arrays import ArrayOps
from pixelprep.plans.graph import filled
from pixelprep.plans.places import Tokens
from pixelprep.plans.regions import place_of, places
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families, usable_backends
from pixelprep.testing.inputs import make

LOOKS = {"Nougat", "PPFormulaNet", "Flava"}  # plans that tell shapes alone
PAN_AND_SCAN = {
    "do_pan_and_scan": True,
    "pan_and_scan_min_crop_size": 40,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}
# What white squares are tried on: options, and the patch of models whose processors cut none.
SQUARES: dict[str, tuple[dict[str, Any], int | None]] = {
    "CLIP": ({}, 4),
    "ConvNext": ({"size": {"shortest_edge": 64}}, 8),
    "Qwen2VL": ({}, None),
    "PaddleOCRVL": ({}, None),
    "Kimi_K25": ({}, None),
    "Siglip2": ({}, None),
    "Lfm2Vl": ({}, None),
    "NemotronH_Omni_Reasoning_V3": ({}, None),
    "MiniCPMV4_6": ({}, None),
    "Inkling2": ({}, None),
    "Gemma3": (PAN_AND_SCAN, 4),
    "LlavaNext": ({}, 14),
    "LlavaOnevision": ({}, 14),
    "Idefics3": ({}, 28),
    "Llama4": ({}, 28),
    "Molmo2": ({}, None),
    "Fuyu": ({}, 4),
    "Owlv2": ({}, 4),
    "DINOv3ViT": ({}, 4),
    "Donut": ({"do_align_long_axis": True}, 4),
    "Detr": ({}, 16),
}


def family(name: str, backend: str = "pil", **options: Any) -> Any:
    return FAMILIES[name].load().on(backend)(**options)


class CoordinateOps(ArrayOps):
    """NumPy's verbs over images whose three channels are x, y and the number of the image; padding is NaN."""

    def __init__(self, channels: int = 3) -> None:
        self.kinds = channels

    def resize(self, images: Any, height: int, width: int, resample: Any = 2, *rest: Any, **more: Any) -> Any:
        """Each pixel has the place of its centre, whatever the filter; beside padding only what is known."""
        size = images.shape[-2:]
        aligned = more.get("align_corners", rest[1] if len(rest) > 1 else False)
        pairs = zip(size, (height, width), strict=True)
        return self._at(images, *(self._points(old, new, aligned) for old, new in pairs))

    resize_float = resize_blurred = resize_fixed = thumbnail = resize  # type: ignore[assignment]

    @staticmethod
    def _points(old: int, new: int, aligned: bool) -> Any:
        if aligned:
            return np.linspace(0, old - 1, new) if new > 1 else np.zeros(1)
        return (np.arange(new) + 0.5) * old / new - 0.5

    @staticmethod
    def _at(images: Any, rows: Any, columns: Any) -> Any:
        """Linear, and beyond the outermost centres too; where a neighbour is padding, from the others."""
        for axis, points in ((-2, rows), (-1, columns)):
            length = images.shape[axis]
            first = np.clip(np.floor(points).astype(int), 0, max(length - 2, 0))
            second = np.minimum(first + 1, length - 1)
            shape = [1] * images.ndim
            shape[axis] = len(points)
            weight = (points - first).reshape(shape)
            low, high = np.take(images, first, axis), np.take(images, second, axis)
            nearest = np.where(weight < 0.5, low, high)
            both = low * (1 - weight) + high * weight
            images = np.where(np.isnan(both), nearest, both)
        return images

    def sample(self, images: Any, rows: Any, columns: Any, height: int, width: int) -> Any:
        points = [start + step * np.arange(n) for (start, step), n in ((rows, height), (columns, width))]
        out = self._at(images, *points)
        for axis, some in ((-2, points[0]), (-1, points[1])):
            shape = [1] * out.ndim
            shape[axis] = len(some)
            outside = ((some < 0) | (some > images.shape[axis] - 1)).reshape(shape)
            out = np.where(outside, np.nan, out)
        return out

    def sample_grid(self, images: Any, rows: Any, columns: Any, cubic: bool) -> Any:
        lines = zip((rows, columns), images.shape[-2:], strict=True)
        return self._at(images, *((np.asarray(points) + 1) / 2 * (length - 1) for points, length in lines))

    def pad(self, images: Any, top: int, bottom: int, left: int, right: int, fill: Any = 0) -> Any:
        ends = [(0, 0)] * (images.ndim - 2) + [(top, bottom), (left, right)]
        return np.pad(images.astype(float), ends, constant_values=np.nan)

    def extend(self, images: Any, top: int, bottom: int, left: int, right: int, mode: str) -> Any:
        return self.pad(images, top, bottom, left, right)

    def stack(self, nested: Any, dtype: Any = None) -> Any:
        shape = super().stack(nested).shape
        out = np.full(shape, np.nan)
        for index in np.ndindex(*shape[: len(shape) - np.ndim(_leaf(nested))]):
            entry = nested
            for step in index:
                entry = entry[step] if entry is not None and step < len(entry) else None
            if entry is not None:
                out[index] = entry
        return out

    def nearest_color(self, images: Any, colors: Any) -> Any:
        return images[..., 0, :, :] if self.kinds == 1 else images[..., 0, :, :] + 0 * images[..., 1, :, :]

    def integers(self, values: Any, dtype: str = "int64", like: Any = None) -> Any:
        return np.full(np.shape(values), np.nan)

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Any:
        return np.full((padded_height, padded_width), np.nan)

    def flip_channels(self, images: Any) -> Any:
        return images if images.shape[-3] == 3 else super().flip_channels(images)

    def concat(self, arrays: Any, dtype: Any = None, axis: int = 0) -> Any:
        return np.concatenate(arrays, axis=axis)


for _name in ("rescale", "normalize", "rescale_and_normalize", "standardize", "grayscale", "cast", "clip", "round"):
    setattr(CoordinateOps, _name, lambda self, images, *args, **kwargs: images)


def _leaf(nested: Any) -> Any:
    while isinstance(nested, (list, tuple)):
        nested = nested[0]
    return nested


def coordinates(plan: Any, plane: int) -> list[Any]:
    """One of x, y and the image's number, in all three channels of each image."""
    made = []
    for index, (shape, _) in enumerate(plan.inputs):
        *lead, height, width = shape
        down, across = np.mgrid[:height, :width] + 0.5
        values = (across, down, np.full((height, width), float(index)))[plane]
        made.append(np.broadcast_to(values, (*lead, height, width)))
    return plan.made(CoordinateOps(), made)


def entries(place: Any, value: Any) -> Any:
    """An output as `(..., entries, what is in one)`."""
    if isinstance(place, Tokens):
        lead, count = place.boxes.shape[:-2], place.boxes.shape[-2]
        split = value.reshape(*value.shape[: place.axis], count, -1, *value.shape[place.axis + 1 :])
        return np.moveaxis(split, place.axis, len(lead)).reshape(*lead, count, -1)
    return value.reshape(*place.lead, -1)


def planned(name: str, image: tuple[int, int], **settings: Any) -> Any:
    cases = FAMILIES[name].cases()
    processor = family(name, "pil", **{**cases.made, **settings})
    images: Any = image
    beside: tuple[Any, ...] = ()
    if cases.own_inputs:
        images, *beside = make([cases.inputs[0].images, *cases.inputs[0].beside])
    return processor.plan(images, *beside, return_tensors="np")


def shown_output(plan: Any) -> str:
    made = places(plan)
    return next(name for name, value in plan.results.items() if getattr(place_of(value, made), "views", None))


@pytest.mark.parametrize("size", [(300, 451), (90, 61)])
@pytest.mark.parametrize("name", [name for name in covered_families() if name not in LOOKS])
def test_regions_are_where_coordinates_come_to(name: str, size: tuple[int, int]) -> None:
    follow(planned(name, size, **FAMILIES[name].cases().small))


@pytest.mark.parametrize("name", ["CLIP", "Qwen2VL", "LlavaNext", "Mllama", "MiniCPMV4_6", "Molmo2", "Owlv2"])
def test_regions_at_the_size_of_models(name: str) -> None:
    follow(planned(name, (480, 640)))


def test_an_image_that_is_turned() -> None:
    follow(planned("Donut", (300, 451), **{**FAMILIES["Donut"].cases().small, "do_align_long_axis": True}))


def follow(plan: Any) -> None:
    """A plan's regions are those that a run over coordinates comes to."""
    output = shown_output(plan)
    place, found = place_of(plan.results[output], places(plan)), plan.regions(output)
    values = [filled(plan.results[output], coordinates(plan, plane)) for plane in range(3)]
    x, y, number = (entries(place, np.asarray(value, float)) for value in values)
    empty = np.isnan(x).all(axis=-1)
    assert np.array_equal(np.isnan(found.boxes).any(axis=-1), empty)
    assert np.array_equal(found.images == -1, empty)
    assert found.boxes.shape[:-1] == found.images.shape == found.reach.shape[:-1] == empty.shape
    x, y, number, boxes = (array[~empty] for array in (x, y, number, found.boxes))
    assert np.array_equal(np.rint(np.nanmin(number, axis=-1)), found.images[~empty])
    # Edges against centres of pixels: half a pixel of the canvas, which may end within a pixel; or half a pixel of the
    # original, where padding came before a resize that enlarges.
    matrices = np.abs([view.matrix for view in place.views if view is not None])
    steps = np.maximum(np.stack([matrices[:, :2].max(axis=1), matrices[:, 3:5].max(axis=1)], axis=-1).max(axis=0), 0.5)
    ends = np.stack([np.nanmin(x, -1), np.nanmin(y, -1), np.nanmax(x, -1), np.nanmax(y, -1)], axis=-1)
    assert (np.abs(boxes - ends) <= np.tile(steps, 2) + 1e-5).all()


# ----------------------------------------------------------------------------------------------------- white squares


def in_patches(values: Any, patch: int) -> Any:
    """`(..., C, H, W)` as `(..., patches, values)`, the last ones cut where sides do not divide."""
    *lead, channels, height, width = values.shape
    rows, columns = -(-height // patch), -(-width // patch)
    ends = [(0, 0)] * (len(lead) + 1) + [(0, rows * patch - height), (0, columns * patch - width)]
    split = np.pad(values, ends).reshape(*lead, channels, rows, patch, columns, patch)
    order = (*range(len(lead)), *(len(lead) + axis for axis in (1, 3, 0, 2, 4)))
    return split.transpose(order).reshape(*lead, rows * columns, -1)


@pytest.mark.parametrize("backend", [name for name in ("native", "pil") if name in usable_backends()])
@pytest.mark.parametrize("name", SQUARES)
def test_white_squares_show_where_they_should(name: str, backend: str) -> None:
    options, patch = SQUARES[name]
    cases, height, width = FAMILIES[name].cases(), 187, 241
    processor = family(name, backend, **{**cases.made, **cases.small, **options})
    plan = processor.plan((height, width), return_tensors="np")
    output = shown_output(plan)
    place = place_of(plan.results[output], places(plan))

    def values(image: Any) -> Any:
        made = plan.execute(PIL.Image.fromarray(image))[output]
        return entries(place, made) if patch is None else in_patches(made, patch)

    black, found = np.zeros((height, width, 3), np.uint8), plan.regions(output, patch=patch)
    before, seen = values(black), 0
    far = np.concatenate([-found.reach, found.reach], axis=-1)
    for top, left, side in ((0, 0, 30), (60, 90, 50), (147, 201, 40), (20, 130, 90), (100, 10, 60), (90, 120, 3)):
        image = black.copy()
        image[top : top + side, left : left + side] = 255
        changed = (values(image) != before).any(axis=-1)
        square = np.array([left, top, min(left + side, width), min(top + side, height)])
        boxes = np.nan_to_num(found.boxes, nan=-1e6)
        wide = boxes + np.nan_to_num(far)
        touched = ((wide[..., :2] < square[2:]) & (wide[..., 2:] > square[:2])).all(axis=-1)
        within = ((boxes[..., :2] >= square[:2]) & (boxes[..., 2:] <= square[2:])).all(axis=-1)
        assert not (changed & ~touched).any(), (found.boxes[changed & ~touched][:3], square)
        assert not (within & ~changed).any(), (found.boxes[within & ~changed][:3], square)
        seen += int(within.sum())
    assert seen > 0


# --------------------------------------------------------------------------------------------------- points and boxes


@pytest.mark.parametrize("name", [name for name in covered_families() if name not in LOOKS])
def test_points_come_back(name: str) -> None:
    plan = planned(name, (300, 451), **FAMILIES[name].cases().small)
    for image in range(len(plan.inputs)):
        for canvas, view in plan.canvases(image).items():
            x0, y0, x1, y1 = view.shown
            corners = np.array([(x0, y0), (x1, y1), ((x0 + x1) / 2, (y0 + y1) / 2)])
            there = plan.to_original(corners, canvas, image=image)
            assert np.isfinite(there).all()
            assert np.allclose(plan.to_model(there, canvas, image=image), corners, atol=1e-6)
            box = plan.to_original([x0, y0, x1, y1], canvas, image=image, scale=None)
            assert (box[:2] <= there.min(axis=0) + 1e-6).all()
            assert (box[2:] >= there.max(axis=0) - 1e-6).all()


def test_canvases_have_names() -> None:
    clip = family("CLIP").plan((480, 640))
    sizes = {name: view.size for name, view in clip.canvases().items()}
    assert sizes == {
        "original": (480, 640),
        "stored": (480, 640),
        "resized": (224, 298),
        "padded": (224, 298),
        "model": (224, 224),
    }
    tiles = family("LlavaOnevision").plan([(480, 640), (90, 60)])
    named = tiles.canvases()
    assert named["resized"].size == (576, 768)
    assert named["padded"].size == (768, 768)
    assert [name for name in named if name.startswith("tile")] == [f"tile {i}" for i in range(5)]
    assert "model" not in named
    with pytest.raises(ValueError, match=r"no canvas 'model' \(the model sees the image in 5 tiles\)"):
        tiles.to_original([1, 2], "model")
    with pytest.raises(ValueError, match="did you mean 'resized'"):
        tiles.to_original([1, 2], "resize")
    with pytest.raises(IndexError, match="there is no image 2; the plan has 2"):
        tiles.canvases(2)
    for wrong in (3.0, [1, 2, 3], [[1, 2, 3, 4, 5]]):
        with pytest.raises(ValueError, match="points are"):
            clip.to_original(wrong)
    with pytest.raises(ValueError, match="outside"):
        clip.to_original([1, 2], outside="drop")


def test_coordinates_as_grounding_models_print_them() -> None:
    qwen = family("Qwen2VL").plan((480, 640))
    height, width = qwen.canvases()["resized"].size
    pixels = qwen.to_original([width / 2, height / 2])  # Qwen2.5-VL: pixels of the resized image
    assert np.allclose(pixels, (320, 240))
    assert np.allclose(qwen.to_original([500, 500, 1000, 1000], scale=1000), (320, 240, 640, 480))  # Qwen2-VL, Qwen3-VL
    assert np.allclose(qwen.to_model([320, 240], scale=1), (0.5, 0.5))
    warped = family("Siglip").plan((480, 640))  # PaliGemma: 0..1023 of a square
    assert np.allclose(warped.to_original([512, 512], "model", scale=1024), (320, 240))
    square = family("Llava", do_pad=True, do_center_crop=False, size={"height": 336, "width": 336}).plan((480, 640))
    box = square.to_original([0, 0, 1, 1], "model", scale=1)  # LLaVA: of the padded square
    assert np.allclose(box, (0, 0, 640, 480))
    assert np.isnan(square.to_original([0.5, 0.05], "model", scale=1)).all()
    assert np.allclose(square.to_original([0.5, 0.05], "model", scale=1, outside="clip"), (320, 0))
    assert np.allclose(square.to_original([0.5, 0.05], "model", scale=1, outside="keep"), (320, 0.05 * 640 - 80))
    cropped = family("CLIP").plan((480, 640))
    assert np.isnan(cropped.to_model([1, 240], "model")).all()  # cropped off
    assert np.allclose(cropped.to_model([0, 0, 640, 480], "model"), (0, 0, 224, 224))
    many = np.random.default_rng(0).uniform(0, 1000, (7, 5, 4))
    assert qwen.to_original(many, scale=1000).shape == (7, 5, 4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_files_is_part_of_the_map(orientation: int, tmp_path: Path) -> None:
    pixels = np.zeros((40, 70, 3), np.uint8)
    pixels[11, 52] = 255
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    plan = family("Qwen2VL", min_pixels=1, max_pixels=10**6).plan(tmp_path / "a.png")
    upright = np.asarray(PIL.ImageOps.exif_transpose(PIL.Image.open(tmp_path / "a.png")))
    (row, column) = np.argwhere(upright[..., 0])[0]
    assert plan.canvases()["stored"].size == (40, 70)
    assert np.allclose(plan.to_original([52.5, 11.5], "stored"), (column + 0.5, row + 0.5))
    assert np.allclose(plan.to_model([column + 0.5, row + 0.5], "stored"), (52.5, 11.5))
    seen = plan.to_model([column + 0.5, row + 0.5])
    assert np.allclose(plan.to_original(seen, stored=True), (52.5, 11.5))
    assert np.allclose(plan.to_model([52.5, 11.5], stored=True), seen)
    assert np.allclose(plan.to_original([0, 0, 1, 1], scale=1, stored=True), (0, 0, 70, 40))


def test_regions_of_tokens_lists_and_what_shows_nothing() -> None:
    qwen = family("Qwen2VL").plan((480, 640), return_tensors="np")
    patches, tokens = qwen.regions(), qwen.regions(merge=2)
    assert patches.boxes.shape == (1564, 4)
    assert tokens.boxes.shape == (391, 4) == (qwen.image_tokens[0].count, 4)
    rows, columns = qwen.image_tokens[0].parts[0].rows, qwen.image_tokens[0].parts[0].columns
    grid = tokens.boxes.reshape(rows, columns, 4)
    assert np.allclose(grid[0, :, 0], np.arange(columns) * 640 / columns)
    assert np.allclose(grid[:, 0, 1], np.arange(rows) * 480 / rows)
    idefics = family("Idefics3").plan((480, 640), return_tensors="np")
    assert idefics.regions(patch=14, merge=2).boxes.shape == (1, 13, 169, 4)
    mixed = family("ViT", do_resize=False).plan([(480, 640), (90, 61)])
    assert [found.boxes.shape for found in mixed.regions(patch=16)] == [(1200, 4), (24, 4)]
    assert [found.images.max() for found in mixed.regions(patch=16)] == [0, 1]
    for arguments, message in (
        ({"output": "image_grid_thw"}, "shows no part of an image"),
        ({"output": "pixels"}, "there is no output 'pixels'"),
        ({"patch": 14}, "cut into patches already"),
        ({"merge": 3}, "do not merge by 9"),
        ({"merge": 0}, "whole number from 1"),
    ):
        with pytest.raises(ValueError, match=message):
            qwen.regions(**arguments)
    with pytest.raises(ValueError, match="`merge` needs `patch`"):
        idefics.regions(merge=2)
    with pytest.raises(NeedsPixelsError, match="cannot be asked for regions"):
        family("Nougat").plan((900, 610)).regions()
