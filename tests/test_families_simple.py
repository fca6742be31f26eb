"""Families of one resize, crop and normalisation, with at most one step of their own: equal to the reference.

The table says under which options a family's output is small, and what it has of its own; everything else follows.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from oracle import difference, draw, our_class, picture, reference_class, usable_backends
from pixelprep import geometry
from pixelprep.image_colors import blend_on_white, composite_on_white
from pixelprep.image_utils import OPENAI_CLIP_MEAN
from pixelprep.processing_utils import SizeDict
from pixelprep.registry import FAMILIES

WARP = {"size": {"height": 40, "width": 40}}
EDGE = {"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}}
SMALL: dict[str, dict[str, Any]] = {
    **dict.fromkeys(["ViT", "Siglip", "Blip", "Pvt", "PPChart2Table", "Tipsv2", "DINOv3ViT", "Idefics"], WARP),
    **dict.fromkeys(["Bit", "ChineseCLIP", "MobileNetV1", "Llava", "Levit", "PoolFormer", "Chameleon"], EDGE),
    **dict.fromkeys(["Janus", "DeepseekVL"], WARP),
    "DeiT": {**WARP, "crop_size": 32},
    "PI0": {"size": {"max_height": 40, "max_width": 50}, "pad_size": {"height": 41, "width": 52}},
    "EfficientNet": {**WARP, "crop_size": 30},
    "Vilt": {"size": {"shortest_edge": 60}},
    "BridgeTower": {"size": {"shortest_edge": 60}, "crop_size": {"shortest_edge": 41}},
    "Perceiver": WARP,
    "DeepseekVLHybrid": {**WARP, "high_res_size": {"height": 90, "width": 90}},
    "TextNet": {"size": {"shortest_edge": 40}},
    "PPLCNet": {"resize_short": 45, "crop_size": 40},
    "Emu3": {},
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
    "size int, edge": {"size": 33, "default_to_square": False},
    "size pair": {"size": (33, 47)},
    "size both edges": {"size": {"shortest_edge": 33, "longest_edge": 41}},
    "size longest edge": {"size": {"longest_edge": 41}},
    "size maximum": {"size": {"max_height": 33, "max_width": 35}},
    "size pixels": {"size": {"min_pixels": 1000, "max_pixels": 1500}},
    "crop inside": {"do_center_crop": True, "crop_size": 21},
    "crop outside": {"do_center_crop": True, "crop_size": {"height": 70, "width": 31}},
    "no crop": {"do_center_crop": False},
    "pad": {"do_pad": True},
    "pad to size": {"do_pad": True, "pad_size": 101},
    "no pad": {"do_pad": False},
    "convert": {"do_convert_rgb": True},
}
OWN: dict[str, list[dict[str, Any]]] = {
    "EfficientNet": [
        {"rescale_offset": True, "rescale_factor": 1 / 127.5},
        {"rescale_offset": True, "do_normalize": False},
        {"rescale_offset": True, "do_rescale": False, "include_top": False},
        {"include_top": False},
        {"include_top": False, "do_normalize": False, "do_rescale": False},
        {"image_mean": 0.3, "image_std": 0.2},
    ],
    "Vilt": [{"size_divisor": 16}, {"size_divisor": 1}, {"size_divisor": 7}],
    "BridgeTower": [{"size_divisor": 16}, {"size_divisor": 1}, {"crop_size": {"shortest_edge": 101}}],
    "Janus": [{"min_size": 30}, {"min_size": 1}, {"min_size": 50}],
    "DeepseekVL": [{"min_size": 30}, {"min_size": 1}, {"min_size": 50}],
    "DeepseekVLHybrid": [
        {"min_size": 30},
        {"min_size": 1},
        {"high_res_size": {"height": 70, "width": 70}},
        {"high_res_resample": 0},
        {"high_res_resample": 2},
        {"high_res_image_mean": [0.1, 0.2, 0.3]},
        {"high_res_image_std": [0.5, 0.6, 0.7]},
    ],
    "Idefics": [{"image_num_channels": 1}, {"image_num_channels": 4}],
    "PoolFormer": [
        {"crop_pct": 0.5},
        {"crop_pct": 1.0},
        {"crop_pct": 0.7, "size": (33, 47)},
        {"crop_pct": 0.7, "size": (33, 33)},
    ],
    "Perceiver": [{"crop_size": (50, 70)}, {"crop_size": 30}, {"size": 300, "crop_size": 301}],
    "TextNet": [{"size_divisor": 1}, {"size_divisor": 7}, {"do_center_crop": True}],
    "PPLCNet": [{"resize_short": 21}, {"resize_short": 50}, {"size_divisor": 32}, {"size_divisor": 7}],
    "Llava": [{"do_pad": True, "image_mean": [0.1, 0.2, 0.3]}, {"do_pad": True, "do_center_crop": False}],
    "Emu3": [{"ratio": "4:3"}, {"ratio": "1:1"}, {"image_area": 100}, {"image_area": 518400}],
}
# Q1, Q2: only a mean that is given colours the reference's padding, as it is after loading any file.
GIVEN: dict[str, dict[str, Any]] = {
    "Janus": {"image_mean": OPENAI_CLIP_MEAN},
    "DeepseekVL": {"image_mean": OPENAI_CLIP_MEAN},
    "DeepseekVLHybrid": {"image_mean": OPENAI_CLIP_MEAN, "high_res_image_mean": OPENAI_CLIP_MEAN},
}
# What the reference crashes on or ignores and we do; each has a test of its own below.
OURS_ALONE = {
    ("Vilt", "torchvision", "batch, np"),  # Q24
    ("DeepseekVLHybrid", "torchvision", "no resize"),  # Q25
    ("DeepseekVLHybrid", "torchvision", "no pad"),  # Q25
    *(("BridgeTower", backend, f"crop {side}") for backend in ("torchvision", "pil") for side in ("inside", "outside")),
    ("DINOv3ViT", "torchvision", "no rescale"),  # Q31
    ("EfficientNet", "torchvision", "bytes"),  # Q31
    ("Perceiver", "torchvision", "1x1"),  # Q36
    ("Emu3", "pil", "1x1"),  # the reference reads a 1x1 image as a grey one
}
# Where the reference's pixels are wrong; each has a test of its own below, too.
OTHER_PIXELS = {
    *((family, "pil", "filter 0") for family in ("Janus", "DeepseekVL", "DeepseekVLHybrid")),  # Q14
    ("DeepseekVLHybrid", "pil", "{'high_res_resample': 0}"),  # Q14
    ("Perceiver", "pil", "1x1"),  # Q36
}
# Emu3's reference takes its sizes at construction only.
AT_CONSTRUCTION: dict[str, dict[str, Any]] = {"Emu3": {"min_pixels": 2000, "max_pixels": 5000}}
IMAGES = [picture(37, 61), draw(52, 44)]


@cache
def processors(family: str, backend: str) -> tuple[Any, Any]:
    """The reference's processor, or None, and ours."""
    # Emu3's one class is named as if it were torchvision's and is written in NumPy and Pillow.
    named = {"pil": "torchvision", "torchvision": "pil"}[backend] if family == "Emu3" else backend
    cls = reference_class(family, named)
    ours = our_class(family, backend)(**AT_CONSTRUCTION.get(family, {}))
    return cls and cls(**GIVEN.get(family, {}), **AT_CONSTRUCTION.get(family, {})), ours


PAIRS = [(family, backend) for family in SMALL for backend in ("torchvision", "pil") if processors(family, backend)[0]]
every_pair = pytest.mark.parametrize(("family", "backend"), PAIRS)
every_family = pytest.mark.parametrize("family", SMALL)


def variations(family: str) -> dict[str, dict[str, Any]]:
    common = {name: options for name, options in COMMON.items() if family != "Emu3" or not name.startswith("size")}
    return common | {str(options): options for options in OWN.get(family, [])}


def outcome(processor: Any, images: Any, **options: Any) -> dict[str, Any] | Exception:
    """The output as a dictionary, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            output = processor(images, **options)
        except Exception as error:
            return error
    # IDEFICS returns its one output bare.
    return dict(output) if hasattr(output, "items") else {"pixel_values": output}


def assert_same(family: str, backend: str, name: str, images: Any, **options: Any) -> None:
    """Equal outputs; where the reference fails, a plain error or, if that is listed, an output."""
    reference, ours = (outcome(processor, images, **options) for processor in processors(family, backend))
    if isinstance(reference, dict):
        if isinstance(ours, Exception):
            raise ours
        assert difference(reference, ours) == 0.0 or (family, backend, name) in OTHER_PIXELS
    elif (family, backend, name) in OURS_ALONE:
        assert isinstance(ours, dict), ours
    else:
        assert isinstance(ours, (ValueError, NotImplementedError)), ours


def test_the_table_names_families() -> None:
    assert set(SMALL) <= set(FAMILIES)
    assert len(SMALL) == 27
    assert set(OWN) <= set(SMALL)


@every_pair
def test_variations(family: str, backend: str) -> None:
    for name, options in variations(family).items():
        for image in IMAGES:
            assert_same(family, backend, name, image, return_tensors="pt", **{**SMALL[family], **options})


@every_pair
@pytest.mark.parametrize("return_tensors", ["pt", "np", None])
def test_batches(family: str, backend: str, return_tensors: str | None) -> None:
    name = f"batch, {return_tensors}" if return_tensors == "pt" else "batch, np"
    mixed = [picture(37, 61), draw(52, 44), picture(37, 61, seed=1)]
    for images in (mixed, [mixed[0], mixed[2]], [[mixed[0]], [mixed[2]]], np.stack([mixed[1], mixed[1]])):
        assert_same(family, backend, name, images, return_tensors=return_tensors, **SMALL[family])


@every_pair
def test_defaults(family: str, backend: str) -> None:
    for height, width in ((1, 1), (2, 9), (37, 211), (213, 320)):
        assert_same(family, backend, f"{height}x{width}", picture(height, width), return_tensors="np")


@every_pair
@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "I;16"])
def test_modes(family: str, backend: str, mode: str) -> None:
    image = picture(41, 50, mode)
    assert_same(family, backend, mode, image, do_convert_rgb=True, **SMALL[family])
    ours = processors(family, backend)[1]
    if ours.do_normalize:
        with pytest.raises(ValueError, match=r"image 0.* channels? and .*do_convert_rgb=True"):
            ours(image, do_convert_rgb=False, **SMALL[family])


@every_family
def test_shapes_without_pixels(family: str) -> None:
    ours = processors(family, "pil")[1]
    for height, width in ((1, 1), (37, 61), (61, 37), (200, 3)):
        real = outcome(ours, picture(height, width), return_tensors="np", **SMALL[family])
        known = ours.output_shapes(height, width, **SMALL[family])
        assert {name: (array.shape, array.dtype) for name, array in real.items()} == {
            name: (array.shape, array.dtype) for name, array in known.items()
        }
        for name, array in known.items():
            assert array.values is None or array.values == real[name].tolist()


@every_family
def test_every_backend_makes_the_same_outputs(family: str) -> None:
    images, options = [picture(37, 61), draw(37, 61)], {"return_tensors": "np", **SMALL[family]}
    arguments = AT_CONSTRUCTION.get(family, {})
    expected = outcome(our_class(family, "torchvision")(**arguments), images, **options)
    for backend in (*usable_backends(), "reference"):
        got = outcome(our_class(family, backend)(**arguments), images, **options)
        assert {name: (array.shape, array.dtype) for name, array in got.items()} == {
            name: (array.shape, array.dtype) for name, array in expected.items()
        }
        if backend == "reference":
            assert difference(expected, got) == 0.0


# The colour of the padding, 0.4814 * 255 and so on, truncated; the reference's classes disagree until it is loaded.
@pytest.mark.parametrize("family", GIVEN)
def test_q1_q2_padding_is_of_the_mean_colour(family: str) -> None:
    for backend in ("torchvision", "pil"):
        ours = our_class(family, backend)()
        again = our_class(family, backend).from_dict({**ours.to_dict(), "background_color": [1, 2, 3]})
        assert ours.background_color == again.background_color == [122, 116, 104]
        options = {"do_rescale": False, "do_normalize": False, "return_tensors": "np", **SMALL[family]}
        for processor in (ours, again):
            for pixels in processor(picture(37, 61), **options).values():
                assert pixels[0, :, 0, 0].tolist() == [122, 116, 104]


@pytest.mark.parametrize("family", GIVEN)
def test_q14_nearest_is_nearest_on_pil(family: str) -> None:
    expected = reference_class(family, "pil")(**GIVEN[family], resample=0)(IMAGES, **SMALL[family])
    assert difference(dict(expected), dict(our_class(family, "pil")()(IMAGES, resample=0, **SMALL[family]))) == 0.0


def test_q24_vilt_pads_whatever_is_returned() -> None:
    reference, ours = processors("Vilt", "torchvision")
    expected = reference(IMAGES, return_tensors="pt", **SMALL["Vilt"])
    for return_tensors in ("np", None):
        got = ours(IMAGES, return_tensors=return_tensors, **SMALL["Vilt"]).convert_to_tensors("pt")
        assert difference(dict(expected), dict(got)) == 0.0


def test_q25_deepseek_vl_hybrid_without_a_step() -> None:
    for options in ({"do_resize": False}, {"do_pad": False}):
        torchvision, pil = (
            outcome(processors("DeepseekVLHybrid", backend)[1], picture(90, 45), return_tensors="np", **options)
            for backend in ("torchvision", "pil")
        )
        assert {name: array.shape for name, array in torchvision.items()} == {
            name: array.shape for name, array in pil.items()
        }
        expected = outcome(processors("DeepseekVLHybrid", "pil")[0], picture(90, 45), return_tensors="np", **options)
        assert difference(expected, pil) == 0.0


def test_q30_bridgetower_crops_to_any_box() -> None:
    for backend in ("torchvision", "pil"):
        reference, ours = processors("BridgeTower", backend)
        square = outcome(reference, picture(37, 61), crop_size={"shortest_edge": 41}, return_tensors="np")
        same = outcome(ours, picture(37, 61), crop_size={"height": 41, "width": 41}, return_tensors="np")
        assert difference(square, same) == 0.0


def test_q31_dinov3_normalises_bytes() -> None:
    reference, ours = processors("DINOv3ViT", "torchvision")
    pixels = torch.from_numpy(draw(40, 40)).permute(2, 0, 1)
    options = {"do_rescale": False, "do_resize": False, "return_tensors": "pt"}
    assert difference(dict(reference(pixels.float(), **options)), dict(ours(pixels, **options))) == 0.0


def test_q36_no_side_vanishes() -> None:
    for backend in ("torchvision", "pil"):
        shapes = {
            family: processors(family, backend)[1](picture(1, 200), return_tensors="np").pixel_values.shape
            for family in ("Vilt", "BridgeTower", "Perceiver")
        }
        assert shapes == {
            "Vilt": (1, 3, 32, 608),
            "BridgeTower": (1, 3, 288, 288),
            "Perceiver": (1, 3, 224, 224),
        }
        perceiver = processors("Perceiver", backend)[1]
        colour = perceiver(picture(1, 1), do_rescale=False, do_normalize=False, return_tensors="np").pixel_values
        assert (colour == np.asarray(picture(1, 1)).reshape(1, 3, 1, 1)).all()


def test_q55_pp_lcnet_takes_the_side_of_the_call() -> None:
    cls = our_class("PPLCNet", "torchvision")
    assert cls(resize_short=None, do_center_crop=False)(picture(37, 61))["pixel_values"][0].shape == (3, 256, 256)
    by_call = cls(resize_short=None, do_center_crop=False)(picture(30, 60), resize_short=45)
    assert by_call["pixel_values"][0].shape == (3, 45, 90)


def test_emu3_keeps_what_it_is_given() -> None:
    reference = reference_class("Emu3", "torchvision")
    for options in ({"min_pixels": 900, "max_pixels": 1500}, {"spatial_factor": 14}, {"spatial_factor": 3}):
        ours = our_class("Emu3", "pil")(**options)
        assert difference(dict(reference(**options)(IMAGES)), dict(ours(IMAGES))) == 0.0
        again = our_class("Emu3", "pil").from_dict(ours.to_dict())
        assert (again.size, again.spatial_factor) == (ours.size, ours.spatial_factor)
    # At a call too, where the reference ignores them.
    expected = dict(reference(min_pixels=900, max_pixels=1500)(IMAGES))
    for options in ({"min_pixels": 900, "max_pixels": 1500}, {"size": {"min_pixels": 900, "max_pixels": 1500}}):
        assert difference(expected, dict(our_class("Emu3", "pil")()(IMAGES, **options))) == 0.0
    unpadded = our_class("Emu3", "pil")(do_pad=False, max_pixels=5000, min_pixels=2000)(IMAGES)
    assert [image.shape[-2:] for image in unpadded.pixel_values] == unpadded.image_sizes
    with pytest.raises(ValueError, match="min_pixels"):
        our_class("Emu3", "pil")()(IMAGES, size={"shortest_edge": 30})


def test_idefics_takes_the_older_names() -> None:
    for backend in ("torchvision", "pil"):
        cls = our_class("Idefics", backend)
        reference, ours = reference_class("Idefics", backend)(image_size=40), cls(image_size=40)
        expected = reference(IMAGES, return_tensors="np")
        assert ours.image_size == 40
        assert difference(expected, ours(IMAGES, return_tensors="np")) == 0.0
        assert difference(expected, cls()(IMAGES, image_size=40, return_tensors="np")) == 0.0
        again = cls.from_dict({**ours.to_dict(), "image_size": 40})
        assert again.size == SizeDict(40, 40)

        def crop(image: Any) -> torch.Tensor:
            return torch.tensor(np.asarray(image)[:20, :20])

        assert difference(reference(IMAGES, transform=crop), ours(IMAGES, transform=crop)) == 0.0


def decoded(height: int = 40, width: int = 52, seed: int = 0) -> torch.Tensor:
    """What a model decodes: normalised pixels, some of them outside of what bytes can be."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, height, width, generator=generator) * 1.5


SETTINGS: list[dict[str, Any]] = [
    {},
    {"rescale_factor": 100.0},
    {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]},
]


@pytest.mark.parametrize(("family", "backend"), [pair for pair in PAIRS if pair[0] in ("Janus", "Emu3")])
def test_decoded_images_become_pixels(family: str, backend: str) -> None:
    reference, ours = processors(family, backend)
    images = [decoded(), decoded(seed=1)]
    if backend == "pil":
        images = [image.numpy() for image in images]
    for settings in SETTINGS:
        for given in (images, images[:1], images[0]):
            got = ours.postprocess(given, return_tensors="PIL.Image.Image", **settings)["pixel_values"]
            assert all(isinstance(image, PIL.Image.Image) for image in got)
            if backend == "pil":
                expected = reference.postprocess(given, return_tensors="PIL.Image.Image", **settings)["pixel_values"]
            else:  # where the reference fails
                arrays = reference.postprocess(given, return_tensors="pt", **settings)["pixel_values"].numpy()
                expected = [PIL.Image.fromarray(array.transpose(1, 2, 0)) for array in arrays]
            assert [image.tobytes() for image in expected] == [image.tobytes() for image in got]
        if family == "Janus":  # Emu3's reference joins channels where images belong
            for return_tensors in ("pt", None) if backend == "torchvision" else ("pt", "np", None):
                for options in (settings, {**settings, "do_normalize": False}):
                    both = (p.postprocess(images, return_tensors=return_tensors, **options) for p in (reference, ours))
                    assert difference(*map(dict, both)) == 0.0
    # Rescaling alone is off: floats, which the reference's torchvision class shifts by 255 times the mean.
    floats = ours.postprocess(images, do_rescale=False, return_tensors="np").pixel_values
    pixels = ours.postprocess(images, return_tensors="np").pixel_values
    assert (floats.dtype, pixels.dtype) == (np.float32, np.uint8)
    assert (np.abs(floats.clip(0, 1) * 255 - pixels) <= 1.001).all()  # truncated, from sums of another order
    assert ours.postprocess(picture(4, 4)) == picture(4, 4)


def test_pixels_survive_the_way_there_and_back() -> None:
    for backend in usable_backends():
        ours = our_class("Janus", backend)()
        there = ours(picture(40, 40), do_resize=False, return_tensors="np").pixel_values
        back = ours.postprocess(there, return_tensors="np").pixel_values[0].transpose(1, 2, 0)
        # Truncation takes a level where the sum falls short of the integer by a rounding error.
        assert (np.asarray(picture(40, 40)).astype(int) - back).min() >= 0
        assert (np.asarray(picture(40, 40)).astype(int) - back).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P", "1", "CMYK", "I;16"])
def test_transparency_becomes_white(mode: str) -> None:
    from transformers.models.chameleon.image_processing_chameleon import ChameleonImageProcessor
    from transformers.models.idefics2.image_processing_idefics2 import convert_to_rgb

    image = picture(40, 52, mode)
    if mode in ("RGB", "L", "P"):
        image = image.copy()
        image.info["transparency"] = image.getpixel((3, 4))
    for expected, got in (
        (ChameleonImageProcessor().convert_to_rgb(image), blend_on_white(image)),
        (convert_to_rgb(image), composite_on_white(image)),
    ):
        assert (got.mode, got.tobytes()) == ("RGB", expected.tobytes())
    assert blend_on_white(picture(4, 5)) == composite_on_white(picture(4, 5)) == picture(4, 5)


def test_sizes() -> None:
    assert geometry.square_padding(5, 8) == (1, 2, 0, 0)
    assert geometry.square_padding(8, 5) == (0, 0, 1, 2)
    assert geometry.shortest_edge_rounded(30, 61, 45) == (45, 92)
    assert geometry.shortest_longest_edge(144, 1, 40, 55) == (55, 1)
    assert geometry.fit_within(1, 130, 50, 61) == (1, 61)
    # 384 x 640 is within 1333/800 * 384 = 639 after the second scaling, then whole blocks of 32.
    assert geometry.shortest_longest_edge_whole(300, 500, 384, 639, 32) == (352, 608)
    assert geometry.shortest_longest_edge_whole(1, 5000, 384, 639, 32) == (32, 608)
