"""TimmWrapper beside timm's transforms, which the reference hands its images to, one call for each configuration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from transformers import TimmWrapperImageProcessor as Reference

from oracle import picture
from pixelprep import TimmWrapperImageProcessorNative, TimmWrapperImageProcessorPil

CONFIGURATIONS: list[dict[str, Any]] = [
    {
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "mean": [0.5] * 3,
        "std": [0.25, 0.3, 0.2],
        "crop_pct": 0.9,
    },
    {"input_size": [3, 96, 96], "interpolation": "bilinear", "crop_pct": 1.0},
    {"input_size": [3, 96, 64], "crop_mode": "squash", "mean": [0.4], "std": [0.2]},
    {"input_size": [3, 96, 64], "crop_mode": "border", "crop_pct": 0.95},
    {"input_size": [3, 96, 64], "crop_pct": None, "mean": None},
    {"input_size": [3, 60, 60], "crop_pct": 1.2, "interpolation": "lanczos"},
    {},
]


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=str)
@pytest.mark.parametrize("size", [(130, 211), (61, 64), (300, 97), (64, 64)])
def test_the_references_pixels(config: dict[str, Any], size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = Reference(pretrained_cfg=config or {"input_size": [3, 224, 224]}, architecture="any")(image)
    made = TimmWrapperImageProcessorPil(pretrained_cfg=config)(image, return_tensors="np")
    np.testing.assert_array_equal(made["pixel_values"], expected["pixel_values"].numpy())


def test_native_has_the_shape_and_nearly_the_pixels() -> None:
    """Its resize is torch's, not Pillow's: a level of 255 here and there."""
    image = picture(130, 211)
    config = {"input_size": [3, 96, 96], "std": [1.0] * 3}
    made, pil = (
        cls(pretrained_cfg=config)(image, return_tensors="np")["pixel_values"]
        for cls in (TimmWrapperImageProcessorNative, TimmWrapperImageProcessorPil)
    )
    np.testing.assert_allclose(made, pil, atol=1.01 / 255)


def test_what_is_set_counts_more_than_what_is_published() -> None:
    processor = TimmWrapperImageProcessorPil(pretrained_cfg={"crop_pct": 0.9, "mean": [0.1] * 3}, image_mean=[0.2] * 3)
    assert (processor.image_mean, processor.crop_pct) == ((0.2, 0.2, 0.2), 0.9)
    assert type(processor).from_dict(processor.to_dict()).to_dict() == processor.to_dict()
