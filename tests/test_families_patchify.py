"""Families of native resolution, cut into patches: equal to the reference, counted without pixels.

The table says under which options a family's output is small, and what it has of its own; everything else follows.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import PIL.ImageFont
import pytest
import torch
from hypothesis import given, settings, strategies as st
from transformers.image_utils import SizeDict as ReferenceSizeDict

from oracle import difference, draw, our_class, picture, reference_class
from pixelprep import geometry
from pixelprep.image_utils import PILImageResampling
from pixelprep.ops import get_ops
from pixelprep.registry import FAMILIES


def area(least: int, most: int) -> dict[str, Any]:
    return {"size": {"shortest_edge": least, "longest_edge": most}}


SOFT = {"max_soft_tokens": 70, "patch_size": 4}
FEW = {"max_patches": 40}
SMALL: dict[str, dict[str, Any]] = {
    **dict.fromkeys(["Qwen2VL", "PaddleOCRVL", "Ernie4_5_VLMoe", "HunYuanVL", "VideoLlama3"], area(3136, 9000)),
    **dict.fromkeys(["MiniMaxM3VL", "CohereCompass", "Cosmos3Edge"], area(3136, 9000)),
    **dict.fromkeys(["Glm4v", "Glm46V", "Glmga"], area(6272, 18000)),
    "GlmImage": area(40**2, 150**2),
    "Glm5Next": {"max_image_tokens": 20, "min_image_tokens": 4},
    "MuseGlimmer": {"max_image_tokens": 12},
    "NemotronH_Omni_Reasoning_V3": {"min_num_patches": 16, "max_num_patches": 40},
    "NeoMME": {},
    "Inkling": {},
    "Siglip2": {"max_num_patches": 40},
    **dict.fromkeys(["Gemma4", "Gemma4Unified"], SOFT),
    **dict.fromkeys(["Pix2Struct", "Kosmos2_5", "Kimi_K25"], FEW),
    "Fuyu": {"size": {"height": 50, "width": 80}},
}
PATCHES = [{"patch_size": 16}, {"patch_size": 8}, {"merge_size": 1}, {"merge_size": 3}]
FRAMES = [*PATCHES, {"temporal_patch_size": 1}, {"temporal_patch_size": 3}]
PIXELS = [*FRAMES, {"min_pixels": 8000}, {"max_pixels": 4000}, {"min_pixels": 6000, "max_pixels": 7000}]
EXPAND = [*FRAMES, {"patch_expand_factor": 2}, {"patch_expand_factor": 3}]
POOLED = [{"max_soft_tokens": 140}, {"patch_size": 6}, {"pooling_kernel_size": 2}, {"pooling_kernel_size": 1}]
FILLED = [{"max_patches": 10}, {"max_patches": 100}, {"patch_size": {"height": 9, "width": 14}}]
LARGE = {"height": 70, "width": 100}
OWN: dict[str, list[dict[str, Any]]] = {
    **dict.fromkeys(["Qwen2VL", "PaddleOCRVL", "HunYuanVL", "VideoLlama3", "MiniMaxM3VL", "CohereCompass"], PIXELS),
    **dict.fromkeys(["Ernie4_5_VLMoe", "Cosmos3Edge", "Glm4v", "Glm46V"], FRAMES),
    "GlmImage": [*PATCHES[1:3], *PIXELS[4:]],
    "Glmga": EXPAND,
    "Glm5Next": [*EXPAND, {"min_image_tokens": 1}, {"min_image_tokens": 15}, {"max_image_tokens": 6}],
    "Kimi_K25": [*PATCHES, {"max_patches": 10}, {"size": {"max_height": 5, "max_width": 5}}],
    "MuseGlimmer": [*FRAMES, {"max_image_tokens": 1}, {"max_image_tokens": 100}],
    "NemotronH_Omni_Reasoning_V3": [
        *PATCHES[:2],
        {"downsample_ratio": 1.0},
        {"downsample_ratio": 0.25},
        {"min_num_patches": 4},
        {"max_num_patches": 100},
        {"max_num_patches": 0, "max_model_len": 10},
        {"max_num_patches": 0, "max_model_len": 30},
    ],
    "NeoMME": [*PATCHES[:2], {"max_side": 40}, {"max_side": 70, "size": {"min_pixels": 9000, "max_pixels": 9999}}],
    "Inkling": [
        {"rescale_image_frac": 0.5},
        {"rescale_image_frac": 1.7},
        {"rescale_image_frac": 2.0, "rescale_image_max_upscaled_long_edge": 90},
        {"rescale_image_frac": 2.0, "rescale_image_max_upscaled_long_edge": None},
        {"size": {"height": 24, "width": 24}},
    ],
    "Siglip2": [*PATCHES[:2], {"max_num_patches": 1}, {"max_num_patches": 100}],
    **dict.fromkeys(["Gemma4", "Gemma4Unified"], POOLED),
    **dict.fromkeys(["Pix2Struct", "Kosmos2_5"], FILLED),
    "Fuyu": [
        {"padding_value": 255.0},
        {"padding_value": 0.0},
        *({"padding_mode": mode, "size": LARGE} for mode in ("constant", "edge", "reflect", "symmetric")),
        {"patch_size": {"height": 10, "width": 10}},
        {"do_pad": False},
    ],
}
COMMON: dict[str, dict[str, Any]] = {
    "small": {},
    "no resize": {"do_resize": False},
    "no rescale": {"do_rescale": False},
    "no normalize": {"do_normalize": False},
    "bytes": {"do_rescale": False, "do_normalize": False},
    "rescale factor": {"rescale_factor": 1 / 128},
    "statistics": {"image_mean": [0.1, 0.2, 0.3], "image_std": (0.5, 0.4, 0.3)},
    **{f"filter {value}": {"resample": value} for value in range(6)},
    "size int": {"size": 33},
    "size pair": {"size": (33, 47)},
    "size both edges": {"size": {"shortest_edge": 3200, "longest_edge": 4100}},
    "size longest edge": {"size": {"longest_edge": 41}},
    "size maximum": {"size": {"max_height": 33, "max_width": 35}},
    "size pixels": {"size": {"min_pixels": 2000, "max_pixels": 2500}},
    "crop": {"do_center_crop": True, "crop_size": 21},
    "pad": {"do_pad": True},
    "one by one": {"disable_grouping": True},
    "convert": {"do_convert_rgb": True},
}
# What the reference crashes on and we do.
OURS_ALONE = {
    ("Fuyu", "{'patch_size': {'height': 10, 'width': 10}}"),
    *(("Kosmos2_5", str(options)) for options in FILLED[2:]),
    *(("Kosmos2_5", name) for name in ("no normalize", "bytes")),
}
# Where the reference's pixels are wrong; each has a test of its own below.
OTHER_PIXELS = {
    *((family, "torchvision", "filter 0") for family in ("Gemma4", "Gemma4Unified")),
    *(
        (family, "pil", f"{{'patch_expand_factor': {factor}}}")  # Q13
        for family in ("Glmga", "Glm5Next")
        for factor in (2, 3)
    ),
}
# What the reference's PIL class leaves larger than asked, its torchvision class and ours refuse.
REFUSED = {("Fuyu", "pil", "no resize")}
IMAGES = [picture(56, 84), draw(37, 61)]


@cache
def processors(family: str, backend: str) -> tuple[Any, Any]:
    """The reference's processor, or None, and ours."""
    cls = reference_class(family, backend)
    return cls and cls(), our_class(family, backend)()


PAIRS = [
    (family, backend) for family in SMALL for backend in ("torchvision", "pil") if reference_class(family, backend)
]
every_pair = pytest.mark.parametrize(("family", "backend"), PAIRS)
every_family = pytest.mark.parametrize("family", SMALL)


def outcome(processor: Any, images: Any, **options: Any) -> dict[str, Any] | Exception:
    """The output as a dictionary, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dict(processor(images, **options))
        except Exception as error:
            return error


def assert_same(family: str, backend: str, name: str, images: Any, **options: Any) -> None:
    """Equal outputs; where the reference fails, a plain error or, if that is listed, an output."""
    reference, ours = (outcome(processor, images, **options) for processor in processors(family, backend))
    if isinstance(reference, dict):
        if isinstance(ours, Exception):
            assert (family, backend, name) in REFUSED, ours
        elif (family, backend, name) not in OTHER_PIXELS:
            assert difference(reference, ours) == 0.0, name
    elif (family, name) in OURS_ALONE:
        assert isinstance(ours, dict), ours
    else:
        assert isinstance(ours, (ValueError, NotImplementedError)), (name, ours)


def test_the_table_names_families() -> None:
    assert set(SMALL) == set(OWN) <= set(FAMILIES)
    assert len(SMALL) == 24


@every_pair
def test_variations(family: str, backend: str) -> None:
    for name, options in (COMMON | {str(options): options for options in OWN[family]}).items():
        for image in IMAGES:
            assert_same(family, backend, name, image, return_tensors="pt", **{**SMALL[family], **options})


@every_pair
@pytest.mark.parametrize("return_tensors", ["pt", "np", None])
def test_batches(family: str, backend: str, return_tensors: str | None) -> None:
    mixed = [picture(56, 84), draw(96, 64), picture(56, 84, seed=1)]
    for images in (mixed, [mixed[0], mixed[2]], [[mixed[0]], [mixed[2]]], np.stack([mixed[1], mixed[1]])):
        if family == "Fuyu" and not isinstance(images, list):
            continue  # the reference takes a stack of images for one image
        assert_same(family, backend, "batch", images, return_tensors=return_tensors, **SMALL[family])


@every_pair
def test_defaults(family: str, backend: str) -> None:
    for height, width in ((1, 1), (1, 200), (37, 211), (150, 120)):
        if family == "Fuyu" and height < 150:
            continue  # 2 million pixels each, whatever the image
        assert_same(family, backend, f"{height}x{width}", picture(height, width), return_tensors="np")


@every_pair
def test_constructor_and_call_agree(family: str, backend: str) -> None:
    for options in OWN[family]:
        options = {**SMALL[family], **options}
        call = outcome(our_class(family, backend)(), IMAGES[0], return_tensors="np", **options)
        made = outcome(our_class(family, backend)(**options), IMAGES[0], return_tensors="np")
        if isinstance(call, dict):
            assert difference(call, made) == 0.0
        else:
            assert type(call) is type(made)


@every_family
def test_other_backends_follow(family: str) -> None:
    """The reference lacks a PIL class of some, and every native array library has the same keys and shapes."""
    for image in IMAGES:
        expected = outcome(our_class(family, "torchvision")(), image, return_tensors="np", **SMALL[family])
        assert isinstance(expected, dict)
        for backend in ("pil", "reference"):
            got = outcome(our_class(family, backend)(), image, return_tensors="np", **SMALL[family])
            assert isinstance(got, dict), got
            assert {key: np.shape(value) for key, value in got.items()} == {
                key: np.shape(value) for key, value in expected.items()
            }


def test_the_oracle_agrees() -> None:
    """Float arithmetic of resizing is torch's own, so nothing of Pix2Struct's patches but the statistics can differ."""
    for family in ("Qwen2VL", "Siglip2", "Pix2Struct", "Glm5Next", "NemotronH_Omni_Reasoning_V3"):
        first, second = (
            outcome(our_class(family, backend)(), IMAGES[0], return_tensors="np", **SMALL[family])
            for backend in ("torchvision", "reference")
        )
        # One unit in the last place of mean and deviation, whose sums run in another order.
        assert difference(first, second) <= (2e-6 if family == "Pix2Struct" else 0.0)


@pytest.mark.parametrize("resample", [PILImageResampling.BILINEAR, PILImageResampling.BICUBIC])
@pytest.mark.parametrize("backend", ["reference", "pil"])
def test_floats_are_resized_as_torch_does(backend: str, resample: PILImageResampling) -> None:
    rng = np.random.default_rng(0)
    for height, width, *target in (
        (37, 61, 90, 200),
        (90, 130, 31, 30),
        (40, 50, 40, 21),
        (1, 9, 7, 30),
        (300, 20, 5, 20),
    ):
        image = rng.normal(size=(3, height, width)).astype(np.float32) * 100
        expected = get_ops("torchvision").resize_float(torch.from_numpy(image), *target, resample)
        assert np.array_equal(get_ops(backend).resize_float(image, *target, resample), expected)


# ------------------------------------------------------------------------------------------------------ without pixels


@every_family
def test_output_shapes(family: str) -> None:
    processor = our_class(family, "torchvision")(**SMALL[family])
    rng = np.random.default_rng(sum(map(ord, family)))
    sizes = [(1, 1), (1, 200), (28, 28), *map(tuple, rng.integers(1, 160, (25, 2)).tolist())]
    for height, width in sizes:
        real = outcome(processor, picture(height, width), return_tensors="np")
        if isinstance(real, ValueError):
            with pytest.raises(ValueError, match=r"too (small|elongated)"):
                processor.output_shapes(height, width)
            continue
        shapes: Any = processor.output_shapes(height, width)
        assert isinstance(real, dict), real
        assert list(real) == list(shapes)
        for name, value in real.items():
            assert shapes[name].shape == value.shape
            assert shapes[name].dtype == str(value.dtype)
            if shapes[name].values is not None:
                assert np.array_equal(shapes[name].values, value)


COUNTED = [family for family in SMALL if hasattr(reference_class(family, "torchvision"), "get_number_of_image_patches")]


@pytest.mark.parametrize("family", COUNTED)
def test_number_of_patches(family: str) -> None:
    reference, ours = processors(family, "torchvision")
    assert len(COUNTED) == 16
    for options in [{}, *OWN[family]]:
        for height, width in ((37, 61), (427, 640), (96, 64)):
            counted = ours.get_number_of_image_patches(height, width, options)
            if family == "HunYuanVL":
                assert isinstance(counted, tuple)
            if not options.keys() & {"temporal_patch_size", "patch_expand_factor"} and "size" not in options:
                assert counted == reference.get_number_of_image_patches(height, width, options)


@pytest.mark.parametrize("family", COUNTED)
def test_number_of_patches_honours_every_option(family: str) -> None:
    """Q12: the reference's helpers ignore `size`, `temporal_patch_size` or `patch_expand_factor`."""
    ours = processors(family, "torchvision")[1]
    for options in OWN[family]:
        options = {**SMALL[family], **options}
        if isinstance(outcome(ours, IMAGES[0], **options), dict):
            counted = ours.get_number_of_image_patches(56, 84, options)
            made = ours(IMAGES[0], return_tensors="np", **options)["pixel_values"].shape[0]
            assert (math.prod(counted) if isinstance(counted, tuple) else counted) == made


# ---------------------------------------------------------------------------------------------------- single families


@pytest.mark.parametrize("family", ["Glmga", "Glm5Next"])
def test_patch_expand_factor_works_on_pil(family: str) -> None:
    """Q13: the reference's PIL classes ignore it."""
    grids = [
        our_class(family, backend)(patch_expand_factor=3)(IMAGES[0])["image_grid_thw"]
        for backend in ("torchvision", "pil")
    ]
    assert np.array_equal(*grids)
    assert all(count % 6 == 0 for count in grids[1][0][1:])


@pytest.mark.parametrize("family", ["Gemma4", "Gemma4Unified"])
def test_nearest_is_the_nearest_pixel(family: str) -> None:
    """The reference hands Pillow's 0 to torch, which reads it as its older rule, the pixel before."""
    processor = our_class(family, "torchvision")(resample=0, do_rescale=False, **SMALL[family])
    image = torch.from_numpy(draw(56, 84)).permute(2, 0, 1)
    height, width = geometry.fill_budget(56, 84, 12, 70)
    resized = torch.nn.functional.interpolate(image[None].float(), (height, width), mode="nearest-exact")[0]
    patch = 4 if family == "Gemma4" else 12
    expected = get_ops("torchvision").patchify(resized, patch, vector="hwc")
    assert torch.equal(processor(image)["pixel_values"][0, : len(expected)].float(), expected)


@pytest.mark.parametrize("family", ["Gemma4", "Gemma4Unified"])
def test_soft_tokens_are_checked(family: str) -> None:
    cls = our_class(family, "pil")
    with pytest.raises(ValueError, match="must be one of 70, 140"):
        cls(max_soft_tokens=100)
    with pytest.raises(ValueError, match="must be one of 70, 140"):
        cls()(IMAGES[0], max_soft_tokens=100)


@pytest.mark.parametrize(("family", "allowed"), [("Siglip2", {"max_num_patches": 4}), ("Gemma4", {"patch_size": 1})])
def test_more_patches_than_allowed(family: str, allowed: dict[str, Any]) -> None:
    """The reference gives patches and mask of different lengths."""
    options = {"max_soft_tokens": 70} if family == "Gemma4" else {}
    with pytest.raises(ValueError, match="leave `do_resize` on"):
        our_class(family, "pil")()(picture(96, 96), do_resize=False, **options, **allowed)


def test_minimax_ignores_the_published_size() -> None:
    assert dict(our_class("MiniMaxM3VL", "pil")(size=[672, 672]).size) == {
        "shortest_edge": 3136,
        "longest_edge": 451584,
    }


def test_nemotron_shares_the_context() -> None:
    """The budget of one image depends on how many there are; `norm_mean` and `norm_std` are the published names."""
    reference, ours = (
        cls(
            norm_mean=[0.1, 0.2, 0.3], norm_std=[0.5, 0.6, 0.7], min_num_patches=30, max_num_patches=0, max_model_len=20
        )
        for cls in (
            reference_class("NemotronH_Omni_Reasoning_V3", "torchvision"),
            our_class("NemotronH_Omni_Reasoning_V3", "torchvision"),
        )
        if cls
    )
    for count in (1, 2, 5):
        images = [picture(200, 300)] * count
        assert difference(dict(reference(images)), dict(ours(images))) == 0.0


@pytest.mark.parametrize("backend", ["torchvision", "pil"])
def test_fuyu_samples(backend: str) -> None:
    one, two, three = picture(37, 61), picture(60, 50), picture(20, 90)
    for images in ([one, two], [[one], [two]], [[one, two], [three, one]]):
        assert_same("Fuyu", backend, "samples", images, size=LARGE, return_tensors="np")
    reference, ours = processors("Fuyu", backend)
    assert ours.get_num_patches(60, 90) == reference.get_num_patches(60, 90) == 6
    stack = np.stack([draw(60, 90).transpose(2, 0, 1), draw(60, 90, seed=1).transpose(2, 0, 1)])
    stack = torch.from_numpy(stack) if backend == "torchvision" else stack
    assert difference(reference.patchify_image(stack), ours.patchify_image(stack)) == 0.0
    with pytest.raises(ValueError, match="multiples of 30"):
        ours.get_num_patches(61, 90)


@pytest.mark.parametrize("variable_sized", [True, False])
@pytest.mark.parametrize("newline", [0, 7])
def test_fuyu_tokens(variable_sized: bool, newline: int) -> None:
    reference, ours = processors("Fuyu", "torchvision")
    images = torch.from_numpy(draw(60, 90, 12)).permute(2, 0, 1).reshape(2, 2, 3, 60, 90) / 255
    sizes = torch.tensor([[31, 60], [1, 30]]), torch.tensor([[90, 61], [30, 5]])
    arguments = (images, torch.tensor([[True, True], [False, True]]), *sizes, 0, newline, variable_sized)
    expected, got = (processor.preprocess_with_tokenizer_info(*arguments) for processor in (reference, ours))
    assert difference(dict(expected), dict(got)) == 0.0


@pytest.mark.parametrize("backend", ["torchvision", "pil"])
def test_pix2struct_headers(backend: str) -> None:
    """Q34: fonts are accepted; the rest is the reference's rendering."""
    reference, ours = processors("Pix2Struct", backend)
    font = PIL.ImageFont.load_default(20).font_bytes
    texts = ["How many?", "What is the value of the third bar from the left in the chart on the right of this page?"]
    images = [IMAGES[0], IMAGES[1]]
    prepared = reference._prepare_image_like_inputs(images, do_convert_rgb=True)
    with_headers = [reference.render_header(image, text, font) for image, text in zip(prepared, texts, strict=True)]
    expected = reference(with_headers, return_tensors="np", max_patches=100)
    options = {"is_vqa": True, "font_bytes": font, "return_tensors": "np", "max_patches": 100}
    assert difference(dict(expected), dict(ours(images, texts, **options))) == 0.0
    with pytest.raises(ValueError, match="header_text"):
        ours(images, **options)
    with pytest.raises(ValueError, match="2 texts for 1 images"):
        ours(images[0], texts, **options)
    assert ours.output_shapes(50, 60, is_vqa=True)["flattened_patches"].shape == (1, 2048, 770)


# ------------------------------------------------------------------------------------------------------------ geometry

SIDE = st.integers(1, 3000)
PATCH = st.integers(1, 40)


def published(folder: str, name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(
        importlib.import_module(f"transformers.models.{folder}.image_processing_{folder}"), name
    )
    return function


def same(expected: Callable[[], Any], got: Callable[[], Any]) -> None:
    """One result, or an error on both sides."""
    try:
        value = expected()
    except (ValueError, ZeroDivisionError):
        with pytest.raises(ValueError, match=r"too|at least"):
            got()
    else:
        assert got() == value


@settings(max_examples=150, deadline=None)
@given(SIDE, SIDE, PATCH, st.integers(1, 3), st.integers(1, 10**5), st.integers(1, 300), st.integers(1, 3))
def test_sizes_are_the_published_ones(
    height: int, width: int, patch: int, merge: int, least: int, ratio: int, frames: int
) -> None:
    factor, most = patch * merge, least * ratio
    size = (height, width)
    bounds = (factor, least, most)
    same(
        lambda: published("glm4v", "smart_resize")(frames, *size, frames, *bounds),
        lambda: geometry.smart_resize(*geometry.cover(*size, factor), *bounds, frames),
    )
    same(
        lambda: published("paddleocr_vl", "smart_resize")(*size, *bounds),
        lambda: geometry.smart_resize(*geometry.lengthen(*size, factor), *bounds),
    )
    same(
        lambda: published("glm_image", "smart_resize")(*size, *bounds),
        lambda: geometry.smart_resize_by_edges(*size, *bounds),
    )
    same(
        lambda: published("glm5_next", "smart_resize")(frames, *size, frames, factor, least % 50, ratio),
        lambda: geometry.fit_tokens(*size, factor, least % 50, ratio)[1],
    )
    same(
        lambda: published("muse_glimmer", "smart_resize")(*size, factor, ratio),
        lambda: tuple(count * factor for count in geometry.closest_grid(*size, factor, ratio)),
    )
    same(
        lambda: published("kimi_k25", "navit_resize")(*size, patch, merge, ratio, least)[0],
        lambda: geometry.shrink_to_budget(*size, patch, ratio, least),
    )
    same(
        lambda: published("gemma4", "get_aspect_ratio_preserving_size")(*size, patch, 70 * merge**2, merge),
        lambda: geometry.fill_budget(*size, factor, 70),
    )
    if 30 * height > width and 30 * width > height:  # the reference loses a side of more elongated images
        same(
            lambda: published("nemotron_h_omni", "get_patch_grid_size")(*size, patch, merge, 99, 99 * ratio),
            lambda: geometry.bounded_grid(*size, patch, merge, 99, 99 * ratio),
        )
    for max_side in (None, ratio * 3):
        for area_bounds in ((None, None), (least, most)):
            limits = ReferenceSizeDict(min_pixels=area_bounds[0], max_pixels=area_bounds[1])
            expected = published("neomme", "get_resize_output_size")(*size, max_side, limits)
            assert geometry.fit_pixel_bounds(*size, *area_bounds, max_side) == expected


@settings(max_examples=30, deadline=None)
@given(SIDE, SIDE, PATCH, st.integers(1, 1000))
def test_largest_grid(height: int, width: int, patch: int, allowed: int) -> None:
    rows, columns = geometry.largest_grid(height, width, patch, allowed)
    expected = published("siglip2", "get_image_size_for_max_num_patches")(height, width, patch, allowed)
    assert (rows * patch, columns * patch) == expected
    assert 1 <= rows * columns <= allowed


@settings(max_examples=100, deadline=None)
@given(SIDE, SIDE, PATCH, st.integers(1, 300), st.integers(1, 300))
def test_bounds_hold(height: int, width: int, factor: int, least: int, more: int) -> None:
    (content, canvas), most = geometry.fit_tokens(height, width, factor, least, least + more), least + more
    assert math.prod(canvas) <= most * factor**2
    assert all(1 <= inner <= outer and outer % factor == 0 for inner, outer in zip(content, canvas, strict=True))
    assert math.prod(geometry.filled_grid(height, width, (factor, factor), most)) <= most
    assert max(geometry.shrink_to_budget(height, width, factor, most, least)) <= least * factor
    assert max(geometry.scale_longest(height, width, more / 10, least)) <= max(least, height, width) + 1
    if max(height, width) <= 4 * min(height, width):  # of more elongated images a side is rounded up to `factor`
        size = geometry.smart_resize(height, width, factor, least, least * more * 4 * factor**2)
        assert all(side % factor == 0 for side in size)
        assert least <= math.prod(size) <= least * more * 4 * factor**2


@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.permutations("cthw"),
)
def test_patches_hold_every_pixel_once(
    channels: int, rows: int, columns: int, merge: int, down: int, across: int, order: list[str]
) -> None:
    """Any layout is a permutation, `vector` says where its letters are, and spaces only keep axes apart."""
    shape = (channels, rows * merge * down, columns * merge * across)
    image = np.arange(math.prod(shape)).reshape(shape)
    patch, vector = (down, across), "".join(order)
    flat = get_ops("reference").patchify(image, patch, merge, 1, vector)
    apart = get_ops("reference").patchify(image, patch, merge, 1, " ".join(order))
    assert sorted(flat.ravel()) == list(range(image.size))
    assert np.array_equal(apart.reshape(flat.shape), flat)
    assert apart.shape[1:] == tuple({"c": channels, "t": 1, "h": down, "w": across}[letter] for letter in order)
    corner = apart[0].transpose([order.index(letter) for letter in "tchw"])[0]
    assert np.array_equal(corner, image[:, :down, :across])
    repeated = get_ops("torchvision").patchify(torch.from_numpy(image), patch, merge, 2, " ".join(order))
    assert np.array_equal(repeated.select(1 + order.index("t"), 1).unsqueeze(1 + order.index("t")).numpy(), apart)
