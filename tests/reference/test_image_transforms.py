"""The NumPy functions for code written around them give what transformers' functions of the same names give."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers.image_transforms as reference

from oracle import difference, draw, picture
from pixelprep import image_transforms

RGB = draw(30, 41)
BYTES = {"last": RGB, "first": RGB.transpose(2, 0, 1), "grey": draw(30, 41, 1)}
FLOATS = {"fractions": RGB.astype(np.float32) / 255, "whole": RGB.astype(np.float64)}
BOXES = np.random.default_rng(0).random((5, 4)).astype(np.float32)

CALLS: dict[str, list[tuple[Any, ...]]] = {
    "to_channel_dimension_format": [(RGB, "channels_first"), (RGB[None], "channels_first"), (RGB, "channels_last")],
    "rescale": [(image, 1 / 255) for image in BYTES.values()] + [(RGB, 2.0, "channels_first", np.float64)],
    "normalize": [
        (image, mean, std)
        for image in (*BYTES.values(), *FLOATS.values())
        for mean, std in ((0.5, 0.25), ([0.1, 0.2, 0.3][: 1 if image.shape[-1] == 1 else 3],) * 2)
    ],
    "to_pil_image": [(image,) for image in (*BYTES.values(), *FLOATS.values(), torch.from_numpy(RGB))],
    "resize": [
        (image, size, resample)
        for image in (*BYTES.values(), *FLOATS.values())
        for size in ((11, 17), (64, 50))
        for resample in (None, 0, 1, 2, 3, 4, 5)
    ],
    "get_resize_output_image_size": [
        (image, size, square, most)
        for image in (RGB, draw(41, 30), draw(30, 30))
        for size, square, most in (
            (24, True, None),
            (24, False, None),
            (24, False, 27),
            ((7, 9), False, None),
            ([8], False, 31),
        )
    ],
    "center_crop": [
        (image, size)
        for image in BYTES.values()
        for size in ((20, 20), (21, 30), (45, 20), (31, 44), (64, 64), (20, 45))
    ],
    "pad": [
        (image, padding, mode)
        for image in BYTES.values()
        for padding in (3, (2,), (1, 2), ((1, 2), (3, 4)))
        for mode in ("constant", "reflect", "replicate", "symmetric")
    ]
    + [
        (RGB, 2, "constant", 7),
        (RGB, 2, "constant", (1, 2)),
        (RGB[None], 2),
        (RGB, 1, "constant", 0, "channels_first"),
    ],
    "convert_to_rgb": [(picture(9, 8, mode),) for mode in ("RGB", "RGBA", "L", "P", "CMYK")] + [(RGB,)],
    "flip_channel_order": [(RGB,), (BYTES["first"],), (RGB, "channels_first")],
    "center_to_corners_format": [(BOXES,), (torch.from_numpy(BOXES),)],
    "corners_to_center_format": [(BOXES,), (torch.from_numpy(BOXES),)],
    "rgb_to_id": [((3, 2, 1),), (RGB,)],
    "id_to_rgb": [(66051,), (np.arange(600).reshape(20, 30) * 1000,)],
}


@pytest.mark.parametrize(("name", "arguments"), [(name, call) for name, calls in CALLS.items() for call in calls])
def test_same_values_as_transformers(name: str, arguments: tuple[Any, ...]) -> None:
    def run(module: Any) -> Any:
        modes = set(module.PaddingMode) if name == "pad" else ()
        return getattr(module, name)(
            *(module.PaddingMode(value) if isinstance(value, str) and value in modes else value for value in arguments)
        )

    expected, got = run(reference), run(image_transforms)
    if isinstance(expected, PIL.Image.Image):
        assert expected.mode == got.mode
        expected, got = np.asarray(expected), np.asarray(got)
    assert difference(expected, got) == 0.0


@pytest.mark.parametrize("disable", [True, False, None])
@pytest.mark.parametrize("nested", [True, False])
def test_grouping(disable: bool | None, nested: bool) -> None:
    shapes = [(3, 4), (5, 6), (3, 4), (3, 4)]
    images: Any = [torch.from_numpy(draw(*shape, seed=seed).transpose(2, 0, 1)) for seed, shape in enumerate(shapes)]
    values: Any = list(range(4))
    if nested:
        images, values = [images[:3], [], images[3:]], [values[:3], [], values[3:]]
    results = []
    for module in (reference, image_transforms):
        groups, paired, absent, index = module.group_images_by_shape(
            images, values, None, disable_grouping=disable, is_nested=nested
        )
        doubled = {key: stack * 2 for key, stack in groups.items()}
        results.append((doubled, paired, absent, module.reorder_images(doubled, dict(index), is_nested=nested)))
    assert list(results[0][0]) == list(results[1][0])
    for first, second in zip(*results, strict=True):
        values = (list(first.values()), list(second.values())) if isinstance(first, dict) else (first, second)
        assert difference(*values) == 0.0


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("rescale", ([[1]], 2), TypeError),
        ("normalize", (RGB, [1, 2], 1), ValueError),
        ("resize", (RGB, (1, 2, 3)), ValueError),
        ("resize", (RGB.astype(np.float32) * 2, (4, 4)), ValueError),
        ("to_pil_image", (RGB.astype(np.int64) - 5,), ValueError),
        ("center_crop", (RGB, 5), ValueError),
        ("pad", (RGB, [1, 2, 3]), ValueError),
        ("get_resize_output_image_size", (RGB, 24, False, 24), ValueError),
        ("get_resize_output_image_size", (RGB, (1, 2, 3)), ValueError),
    ],
)
def test_refuses(name: str, arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        getattr(image_transforms, name)(*arguments)
