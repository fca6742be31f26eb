"""Where the reference is wrong or crashes in families of one resize, and what is given instead; decoded images."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from oracle import (
    compared,
    compared_backends,
    difference,
    draw,
    our_class,
    outcome,
    picture,
    processors,
    reference_class,
    small,
    usable_backends,
)
from pixelprep import geometry
from pixelprep.core.sizes import SizeDict
from pixelprep.models._tiles import square_padding
from pixelprep.models.pp_lcnet.image_processing_pp_lcnet import shortest_edge_rounded
from pixelprep.models.vilt.image_processing_vilt import shortest_longest_edge_whole
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families
from pixelprep.testing.compare import as_numpy

GIVEN = [name for name in covered_families() if FAMILIES[name].cases().reference_only]
IMAGES = [picture(37, 61), draw(52, 44)]
PAIRS = compared()


# The colour of the padding, 0.4814 * 255 and so on, truncated; the reference's classes disagree until it is loaded.
@pytest.mark.parametrize("family", GIVEN)
def test_q1_q2_padding_is_of_the_mean_colour(family: str) -> None:
    for backend in ("torchvision", "pil"):
        ours = our_class(family, backend)()
        again = our_class(family, backend).from_dict({**ours.to_dict(), "background_color": [1, 2, 3]})
        assert ours.background_color == again.background_color == [122, 116, 104]
        options = {"do_rescale": False, "do_normalize": False, "return_tensors": "np", **small(family)}
        for processor in (ours, again):
            for pixels in processor(picture(37, 61), **options).values():
                assert pixels[0, :, 0, 0].tolist() == [122, 116, 104]


@pytest.mark.parametrize("family", GIVEN)
def test_q14_nearest_is_nearest_on_pil(family: str) -> None:
    expected = reference_class(family, "pil")(**FAMILIES[family].cases().reference_only, resample=0)(
        IMAGES, **small(family)
    )
    assert difference(dict(expected), dict(our_class(family, "pil")()(IMAGES, resample=0, **small(family)))) == 0.0


def test_q24_vilt_pads_whatever_is_returned() -> None:
    reference, ours = processors("Vilt", "torchvision")
    expected = reference(IMAGES, return_tensors="pt", **small("Vilt"))
    for return_tensors in ("np", None):
        got = ours(IMAGES, return_tensors=return_tensors, **small("Vilt")).convert_to_tensors("pt")
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


def test_poolformer_without_a_part_to_keep() -> None:
    for backend in ("torchvision", "pil"):
        reference, ours = (cls("PoolFormer", backend) for cls in (reference_class, our_class))
        expected = reference(crop_pct=None)(picture(300, 261), return_tensors="np")
        assert difference(dict(expected), dict(ours(crop_pct=None)(picture(300, 261), return_tensors="np"))) == 0.0
        assert not np.array_equal(expected["pixel_values"], ours()(picture(300, 261), return_tensors="np").pixel_values)


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
@pytest.mark.parametrize("family", ["CLIP", "Chameleon", "Idefics2"])
def test_a_transparent_colour_becomes_white(mode: str, family: str) -> None:
    image = picture(40, 52, mode).copy()
    if mode in ("RGB", "L", "P"):
        image.info["transparency"] = image.getpixel((3, 4))
    options = {"do_convert_rgb": True, "do_resize": False, "do_rescale": False, "do_normalize": False}
    for on in compared_backends():
        outputs = [outcome(it, image, return_tensors="np", **options) for it in processors(family, on)]
        assert isinstance(outputs[0], dict)
        assert difference(*map(as_numpy, outputs)) == 0.0


def test_sizes() -> None:
    assert square_padding(5, 8) == (1, 2, 0, 0)
    assert square_padding(8, 5) == (0, 0, 1, 2)
    assert shortest_edge_rounded(30, 61, 45) == (45, 92)
    assert geometry.shortest_longest_edge(144, 1, 40, 55) == (55, 1)
    assert geometry.fit_within(1, 130, 50, 61) == (1, 61)
    # 384 x 640 is within 1333/800 * 384 = 639 after the second scaling, then whole blocks of 32.
    assert shortest_longest_edge_whole(300, 500, 384, 639, 32) == (352, 608)
    assert shortest_longest_edge_whole(1, 5000, 384, 639, 32) == (32, 608)
