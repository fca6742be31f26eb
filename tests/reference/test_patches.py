"""Families of native resolution, cut into patches: counts, quirks, sizes and layouts as published."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.ImageFont
import pytest
import torch
from hypothesis import given, settings, strategies as st
from transformers.image_utils import SizeDict as ReferenceSizeDict

from oracle import difference, draw, our_class, outcome, picture, processors, reference_class, small
from pixelprep import geometry
from pixelprep.core.enums import PILImageResampling
from pixelprep.models.gemma4.image_processing_gemma4 import fill_budget
from pixelprep.models.glm4v.image_processing_glm4v import cover
from pixelprep.models.glm5_next.image_processing_glm5_next import fit_tokens
from pixelprep.models.glm_image.image_processing_glm_image import smart_resize as by_edges
from pixelprep.models.inkling.image_processing_inkling import scale_longest
from pixelprep.models.kimi_k25.image_processing_kimi_k25 import shrink_to_budget
from pixelprep.models.muse_glimmer.image_processing_muse_glimmer import closest_grid
from pixelprep.models.nemotron_h_omni.image_processing_nemotron_h_omni import bounded_grid
from pixelprep.models.neomme.image_processing_neomme import fit_pixel_bounds
from pixelprep.models.paddleocr_vl.image_processing_paddleocr_vl import lengthen
from pixelprep.models.pix2struct.image_processing_pix2struct import filled_grid
from pixelprep.models.siglip2.image_processing_siglip2 import largest_grid
from pixelprep.ops import get_ops
from pixelprep.registry.families import FAMILIES, written_families

LARGE = {"height": 70, "width": 100}
IMAGES = [picture(56, 84), draw(37, 61)]


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


def counts(family: str) -> bool:
    return hasattr(reference_class(family, "torchvision"), "get_number_of_image_patches")


COUNTED = [family for family in written_families() if counts(family)]
# Q12: what the reference's helpers ignore.
IGNORED = {
    "size",
    "temporal_patch_size",
    "patch_expand_factor",
    "do_image_splitting",
    "do_resize",
    "max_image_size",
    "max_image_tiles",
}


@pytest.mark.parametrize("family", COUNTED)
def test_number_of_patches(family: str) -> None:
    reference, ours = processors(family, "torchvision")
    for options in [{}, *FAMILIES[family].cases().options]:
        for height, width in ((37, 61), (427, 640), (96, 64)):
            if not options.keys() & IGNORED:
                counted = outcome(lambda: {"": ours.get_number_of_image_patches(height, width, dict(options))})  # noqa: B023
                expected = outcome(lambda: {"": reference.get_number_of_image_patches(height, width, dict(options))})  # noqa: B023
                assert counted == expected or not (isinstance(counted, dict) and isinstance(expected, dict)), (
                    options,
                    height,
                    width,
                )


@pytest.mark.parametrize("family", COUNTED)
def test_number_of_patches_honours_every_option(family: str) -> None:
    ours = processors(family, "torchvision")[1]
    for options in FAMILIES[family].cases().options:
        options = {"return_tensors": "np", **small(family), **options}
        result = outcome(ours, IMAGES[0], **options)
        if isinstance(result, dict) and "image_grid_thw" in result:
            counted = ours.get_number_of_image_patches(56, 84, options)
            made = result["pixel_values"].shape[0]
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
    processor = our_class(family, "torchvision")(resample=0, do_rescale=False, **small(family))
    image = torch.from_numpy(draw(56, 84)).permute(2, 0, 1)
    height, width = fill_budget(56, 84, 12, 70)
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
        outputs = (outcome(it, images, size=LARGE, return_tensors="np") for it in processors("Fuyu", backend))
        assert difference(*outputs) == 0.0
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
        lambda: geometry.smart_resize(*cover(*size, factor), *bounds, frames),
    )
    same(
        lambda: published("paddleocr_vl", "smart_resize")(*size, *bounds),
        lambda: geometry.smart_resize(*lengthen(*size, factor), *bounds),
    )
    same(
        lambda: published("glm_image", "smart_resize")(*size, *bounds),
        lambda: by_edges(*size, *bounds),
    )
    same(
        lambda: published("glm5_next", "smart_resize")(frames, *size, frames, factor, least % 50, ratio),
        lambda: fit_tokens(*size, factor, least % 50, ratio)[1],
    )
    same(
        lambda: published("muse_glimmer", "smart_resize")(*size, factor, ratio),
        lambda: tuple(count * factor for count in closest_grid(*size, factor, ratio)),
    )
    same(
        lambda: published("kimi_k25", "navit_resize")(*size, patch, merge, ratio, least)[0],
        lambda: shrink_to_budget(*size, patch, ratio, least),
    )
    same(
        lambda: published("gemma4", "get_aspect_ratio_preserving_size")(*size, patch, 70 * merge**2, merge),
        lambda: fill_budget(*size, factor, 70),
    )
    if 30 * height > width and 30 * width > height:  # the reference loses a side of more elongated images
        same(
            lambda: published("nemotron_h_omni", "get_patch_grid_size")(*size, patch, merge, 99, 99 * ratio),
            lambda: bounded_grid(*size, patch, merge, 99, 99 * ratio),
        )
    for max_side in (None, ratio * 3):
        for area_bounds in ((None, None), (least, most)):
            limits = ReferenceSizeDict(min_pixels=area_bounds[0], max_pixels=area_bounds[1])
            expected = published("neomme", "get_resize_output_size")(*size, max_side, limits)
            assert fit_pixel_bounds(*size, *area_bounds, max_side) == expected


@settings(max_examples=30, deadline=None)
@given(SIDE, SIDE, PATCH, st.integers(1, 1000))
def test_largest_grid(height: int, width: int, patch: int, allowed: int) -> None:
    rows, columns = largest_grid(height, width, patch, allowed)
    expected = published("siglip2", "get_image_size_for_max_num_patches")(height, width, patch, allowed)
    assert (rows * patch, columns * patch) == expected
    assert 1 <= rows * columns <= allowed


@settings(max_examples=100, deadline=None)
@given(SIDE, SIDE, PATCH, st.integers(1, 300), st.integers(1, 300))
def test_bounds_hold(height: int, width: int, factor: int, least: int, more: int) -> None:
    (content, canvas), most = fit_tokens(height, width, factor, least, least + more), least + more
    assert math.prod(canvas) <= most * factor**2
    assert all(1 <= inner <= outer and outer % factor == 0 for inner, outer in zip(content, canvas, strict=True))
    assert math.prod(filled_grid(height, width, (factor, factor), most)) <= most
    assert max(shrink_to_budget(height, width, factor, most, least)) <= least * factor
    assert max(scale_longest(height, width, more / 10, least)) <= max(least, height, width) + 1
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
