"""Pillow's memory read in place: the same pixels as a copy, alive as long as the array, never mistaken for a part."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from PIL import Image

from pixelprep.core.enums import PILImageResampling
from pixelprep.ops import get_ops
from pixelprep.ops.pillow_memory import image_of, in_place


def picture(height: int, width: int, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (37, 211), (600, 401)])
def test_same_pixels_as_a_copy(size: tuple[int, int]) -> None:
    image = picture(*size)
    array = in_place(image)
    assert array is not None
    assert not array.flags.writeable
    np.testing.assert_array_equal(array.transpose(1, 2, 0), np.asarray(image))


def test_array_outlives_the_image() -> None:
    image = picture(300, 200)
    expected = np.array(image).transpose(2, 0, 1)
    array = in_place(image)
    del image
    gc.collect()
    again = [picture(300, 200) for _ in range(4)]  # would take the memory if it were free
    np.testing.assert_array_equal(array, expected)
    assert len(again) == 4


@pytest.mark.parametrize("image", [picture(4, 5, "L"), picture(4, 5, "RGBA"), np.zeros((4, 5, 3), np.uint8), "path"])
def test_other_modes_and_things_are_left_to_others(image: object) -> None:
    assert in_place(image) is None


def test_image_in_several_blocks_is_left_to_others() -> None:
    assert in_place(Image.new("RGB", (2200, 2000))) is None


def test_only_the_whole_array_knows_its_image() -> None:
    image = picture(40, 50)
    array = in_place(image)
    assert array is not None
    assert image_of(array) is image
    parts = [array[:], array[:, :20], array[::-1], array[:, ::-1], array.copy(), array.transpose(0, 2, 1)]
    assert [image_of(part) for part in parts] == [None] * len(parts)


@pytest.mark.parametrize("resample", ["BILINEAR", "BICUBIC", "LANCZOS", "NEAREST"])
@pytest.mark.parametrize("size", [(20, 31), (90, 120), (64, 48)])
def test_torch_resizes_four_bytes_to_the_same_three(resample: str, size: tuple[int, int]) -> None:
    image, verbs = picture(64, 48), get_ops("torchvision")
    ours = verbs.resize(verbs.from_image(image, None, None), *size, PILImageResampling[resample])
    plain = verbs.resize(torch.tensor(np.asarray(image)).permute(2, 0, 1), *size, PILImageResampling[resample])
    assert torch.equal(ours, plain)


def test_tensor_that_only_looks_like_a_pillow_image_is_resized_as_it_is() -> None:
    pixels = torch.tensor(np.asarray(picture(9, 7, "RGBA")))
    last_three = pixels.permute(2, 0, 1)[1:]  # the strides of an RGB image, but no fourth byte behind the last pixel
    verbs = get_ops("torchvision")
    assert torch.equal(
        verbs.resize(last_three, 5, 4, PILImageResampling.BICUBIC),
        verbs.resize(last_three.contiguous(), 5, 4, PILImageResampling.BICUBIC),
    )


def test_pil_resizes_a_part_as_a_part() -> None:
    image, verbs = picture(64, 48), get_ops("pil")
    part = verbs.crop(verbs.from_image(image, None, None), 3, 5, 40, 30)
    expected = np.asarray(image.crop((5, 3, 35, 43)).resize((20, 25), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(verbs.resize(part, 25, 20, PILImageResampling.BICUBIC).transpose(1, 2, 0), expected)
