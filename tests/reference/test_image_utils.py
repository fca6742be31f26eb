"""Enums, formats and nesting, compared with transformers where it has an answer."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import torchvision.transforms
import transformers.image_utils

from pixelprep import image_utils
from pixelprep.core.enums import AnnotationFormat, ChannelDimension, PILImageResampling
from pixelprep.image_utils import (
    get_image_size,
    infer_channel_dimension_format,
    is_collection,
    is_valid_image,
    make_flat_list_of_images,
    make_nested_list_of_images,
)

reference: Any = transformers.image_utils
GREY = np.zeros((5, 7), np.uint8)
CHW = np.zeros((3, 5, 7), np.uint8)
HWC = np.zeros((5, 7, 3), np.uint8)
BATCH = np.zeros((2, 3, 5, 7), np.uint8)
PHOTO = PIL.Image.new("RGB", (7, 5))


def test_importing_and_looking_at_images_imports_no_heavy_library() -> None:
    code = (
        "import sys; from pixelprep.image_utils import *\n"
        "class Array: shape, dtype = (3, 4, 5), 'uint8'\n"
        "assert get_image_size(Array()) == (4, 5) and len(make_flat_list_of_images([Array(), Array()])) == 2\n"
        "heavy = {'numpy', 'PIL', 'torch', 'torchvision', 'mlx'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    source = str(Path(image_utils.__file__).parents[1])
    subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r})\n" + code], check=True)


@pytest.mark.parametrize("name", [name for name in image_utils.__all__ if name.endswith(("_MEAN", "_STD"))])
def test_statistics_are_those_of_the_reference(name: str) -> None:
    assert getattr(image_utils, name) == getattr(reference, name)


@pytest.mark.parametrize("name", ["ChannelDimension", "AnnotationFormat"])
def test_string_enums_have_the_members_of_the_reference(name: str) -> None:
    ours, theirs = getattr(image_utils, name), getattr(reference, name)
    assert {member.name: member.value for member in ours} == {member.name: member.value for member in theirs}


def test_string_enums_say_what_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"channels_first.*channels_last.*'channel_last'"):
        ChannelDimension("channel_last")
    assert AnnotationFormat("coco_panoptic") == "coco_panoptic"


class TestResampling:
    def test_members_stand_in_for_pillows(self) -> None:
        theirs: Any = PIL.Image.Resampling
        assert all(member == theirs[member.name] for member in PILImageResampling)
        assert {PIL.Image.Resampling.BOX: 1}[PILImageResampling.BOX] == 1  # type: ignore[index]
        assert PHOTO.resize((3, 3), PILImageResampling.LANCZOS).size == (3, 3)

    @pytest.mark.parametrize("member", list(PILImageResampling))
    def test_parse_every_spelling(self, member: PILImageResampling) -> None:
        spellings = [member, int(member), np.int64(member).item(), member.name, member.name.lower()]
        spellings += [PIL.Image.Resampling(member), torchvision.transforms.InterpolationMode(member.name.lower())]
        assert all(PILImageResampling.parse(spelling) is member for spelling in spellings)

    @pytest.mark.parametrize("member", list(reference.torch_pil_interpolation_mapping.items()))
    def test_parse_interpolation_modes_as_the_reference_maps_them(self, member: tuple[object, int]) -> None:
        assert PILImageResampling.parse(member[0]) == member[1]

    @pytest.mark.parametrize("value", [99, -1, "cubic", ""])
    def test_parse_names_what_is_allowed(self, value: object) -> None:
        with pytest.raises(ValueError, match=r"NEAREST \(0\), LANCZOS \(1\)"):
            PILImageResampling.parse(value)

    @pytest.mark.parametrize("value", [True, 3.0, None, [3]])
    def test_parse_refuses_other_types(self, value: object) -> None:
        with pytest.raises(TypeError, match=r"got .*\((bool|float|NoneType|list)\)"):
            PILImageResampling.parse(value)


class TestChannelDimension:
    @pytest.mark.parametrize(
        "shape",
        [(3, 5, 7), (1, 5, 7), (5, 7, 3), (5, 7, 1), (3, 7, 3), (1, 1, 3), (2, 3, 5, 7), (3, 5, 7, 3), (2, 2, 3, 5, 7)],
    )
    def test_as_the_reference(self, shape: tuple[int, ...]) -> None:
        image = np.empty(shape)
        expected = reference.infer_channel_dimension_format(image)
        assert infer_channel_dimension_format(image) == expected.value
        assert infer_channel_dimension_format(torch.empty(shape)) == expected.value

    @pytest.mark.parametrize("shape", [(5, 7, 5), (4, 5, 7), (5, 7), (7,), (1, 1, 1, 3, 5, 7)])
    def test_as_the_reference_refuses(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"Unable|Unsupported"):
            reference.infer_channel_dimension_format(np.empty(shape))
        with pytest.raises(ValueError, match=str(shape).replace("(", r"\(").replace(")", r"\)")):
            infer_channel_dimension_format(np.empty(shape))

    def test_other_channel_counts(self) -> None:
        assert infer_channel_dimension_format(np.empty((5, 7, 4)), num_channels=4) is ChannelDimension.LAST
        assert infer_channel_dimension_format(np.empty((4, 5, 3)), num_channels=(4, 6)) is ChannelDimension.FIRST

    def test_ambiguity_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            assert infer_channel_dimension_format(np.empty((3, 9, 3))) is ChannelDimension.FIRST
        assert "(3, 9, 3)" in caplog.text


@pytest.mark.parametrize("image", [PHOTO, CHW, HWC, GREY, BATCH, torch.from_numpy(HWC)])
def test_size_is_height_and_width_for_every_kind(image: object) -> None:
    assert get_image_size(image) == (5, 7)


def test_size_with_a_given_layout() -> None:
    assert get_image_size(CHW, "channels_last") == (3, 5)
    assert get_image_size(np.empty((9, 5, 7)), ChannelDimension.FIRST) == (5, 7)
    with pytest.raises(ValueError, match="channels_first"):
        get_image_size(CHW, "first")


def test_what_is_an_image_and_what_a_collection() -> None:
    images = [PHOTO, CHW, torch.from_numpy(CHW)]
    sources = [
        "a.png",
        np.str_("a.png"),
        Path("a.png"),
        b"",
        bytearray(),
        memoryview(b""),
        io.BytesIO(),
        {},
        {1},
        None,
        3,
    ]
    collections = [[], (), (image for image in images), iter(images)]
    assert all(is_valid_image(value) for value in images)
    assert not any(is_valid_image(value) for value in sources + collections)
    assert all(is_collection(value) for value in collections)
    assert not any(is_collection(value) for value in images + sources)


def ids(samples: Any) -> list[list[int]]:
    return [[id(image) for image in sample] for sample in samples]


class TestStructure:
    @pytest.mark.parametrize(
        "images",
        [
            PHOTO,
            CHW,
            [CHW, HWC],
            (CHW, PHOTO, torch.from_numpy(CHW)),
            [[CHW], [PHOTO, HWC]],
            ((CHW,), [PHOTO]),
            [[CHW], []],
        ],
    )
    def test_as_the_reference(self, images: Any) -> None:
        assert ids([make_flat_list_of_images(images)]) == ids([reference.make_flat_list_of_images(images)])
        assert ids(make_nested_list_of_images(images)) == ids(reference.make_nested_list_of_images(images))

    @pytest.mark.parametrize("images", [BATCH, torch.from_numpy(BATCH), [BATCH, BATCH[:1]]])
    def test_batches_are_split_as_in_the_reference(self, images: Any) -> None:
        theirs = reference.make_nested_list_of_images(images)
        ours = make_nested_list_of_images(images)
        assert [[image.shape for image in s] for s in ours] == [[image.shape for image in s] for s in theirs]
        assert len(make_flat_list_of_images(images)) == len(reference.make_flat_list_of_images(images))

    def test_grey_arrays_are_images(self) -> None:
        assert ids([make_flat_list_of_images([GREY, CHW])]) == ids([[GREY, CHW]])
        assert ids([make_flat_list_of_images(GREY)]) == ids([[GREY]])

    def test_label_maps_have_two_axes(self) -> None:
        maps = make_flat_list_of_images(np.zeros((4, 5, 7)), expected_ndims=2)
        assert [m.shape for m in maps] == [(5, 7)] * 4
        assert len(make_flat_list_of_images([GREY, PHOTO], expected_ndims=2)) == 2

    def test_generators_are_lists(self) -> None:
        assert len(make_flat_list_of_images(image for image in [CHW, HWC])) == 2
        mixed: list[list[Any]] = [[CHW], [HWC, PHOTO]]
        samples = make_nested_list_of_images((image for image in sample) for sample in mixed)
        assert [len(sample) for sample in samples] == [1, 2]

    def test_an_array_of_batches_is_samples(self) -> None:
        samples = make_nested_list_of_images(np.zeros((2, 3, 5, 7, 3)))
        assert [[image.shape for image in sample] for sample in samples] == [[(5, 7, 3)] * 3] * 2
        with pytest.raises(ValueError, match=r"shape \(2, 3, 5, 7, 3\)"):
            make_flat_list_of_images(np.zeros((2, 3, 5, 7, 3)))

    @pytest.mark.parametrize("make", [make_flat_list_of_images, make_nested_list_of_images])
    @pytest.mark.parametrize(
        ("images", "error", "message"),
        [
            (None, TypeError, "images is of type NoneType"),
            ([], ValueError, "no images"),
            ([[], []], ValueError, "no images"),
            (iter(()), ValueError, "no images"),
            ([CHW, None], TypeError, "image 1 is of type NoneType"),
            ([[CHW], [HWC, "a.png"]], TypeError, "image 1 of sample 1 is of type str"),
            ([[[CHW]]], TypeError, "image 0 of sample 0 is nested more than two levels"),
            ([CHW, [HWC]], ValueError, "entry 1 is a list and entry 0 is not"),
            ([BATCH, CHW], ValueError, "entry 0 is a batch.*entry 1 is one image"),
            ([CHW, np.zeros((0, 7, 3))], ValueError, r"image 1 has no pixels.*\(0, 7, 3\)"),
            (np.zeros((0, 3, 5, 7)), ValueError, "no pixels"),
            ([CHW, np.zeros(7)], ValueError, r"image 1 has shape \(7,\)"),
            (np.zeros((1, 1, 1, 3, 5, 7)), ValueError, r"shape \(1, 1, 1, 3, 5, 7\)"),
            (np.full((5, 7, 3), None), TypeError, "dtype object"),
            ({"image": CHW}, TypeError, "dict"),
        ],
    )
    def test_bad_structure_is_named(self, make: Any, images: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            make(images)


def test_names_that_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="SizeDic"):
        image_utils.SizeDic  # noqa: B018
