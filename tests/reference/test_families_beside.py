"""What stands beside images: trimaps, painted prompts, hidden patches, boxes of concepts, known lenses."""

from __future__ import annotations

import copy
import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from transformers import Sam3Processor

from oracle import (
    compared_backends,
    difference,
    draw,
    our_class,
    picture,
    processors,
    reference_class,
    small,
    usable_backends,
)

BACKENDS = compared_backends()
HIDDEN: list[dict[str, Any]] = [
    {},
    {"input_size_patches": 7, "total_mask_patches": 20, "mask_group_min_patches": 3},
    {"mask_group_max_patches": 20},
    {"mask_group_min_aspect_ratio": 0.8, "mask_group_max_aspect_ratio": 4.0},
    {"total_mask_patches": 0},
]


def grey(*size: int) -> np.ndarray[Any, Any]:
    """A trimap: 0, 128 and 255."""
    values: np.ndarray[Any, Any] = np.array([0, 128, 255], np.uint8)[draw(*size)[..., 0] % 3]
    return values


@pytest.mark.parametrize("options", HIDDEN)
@pytest.mark.parametrize("backend", BACKENDS)
def test_hidden_patches(backend: str, options: dict[str, Any]) -> None:
    images = [picture(37, 61), picture(52, 44)]
    results = []
    for processor in processors("Flava", backend):
        random.seed(3)
        results.append(
            dict(processor(images, return_image_mask=True, return_tensors="pt", **small("Flava"), **options))
        )
    assert difference(*results) == 0.0
    side = options.get("input_size_patches", 14)
    assert results[1]["bool_masked_pos"].shape == (2, side, side)


@pytest.mark.parametrize("backend", usable_backends())
def test_trimaps_of_every_kind(backend: str) -> None:
    """In RGB, as floats, as bits: the reference adds channels, fails, or scales them away."""
    image, trimap = picture(37, 61), grey(37, 61)
    processor = our_class("VitMatte", backend)()
    wanted = processor(image, trimap, return_tensors="np")["pixel_values"]
    assert wanted.shape == (1, 4, 64, 64)
    assert np.array_equal(np.unique(wanted[0, 3]), np.unique((trimap / 255).astype(np.float32)).astype(np.float32))
    colours = np.repeat(trimap[..., None], 3, axis=-1)
    alpha = np.concatenate([colours, draw(37, 61)[..., :1]], axis=-1)
    kinds = {
        "RGB": PIL.Image.fromarray(colours),
        "RGBA": PIL.Image.fromarray(alpha),
        "LA": PIL.Image.fromarray(np.ascontiguousarray(alpha[..., 2:]), "LA"),
        "an array": colours,
        "channels first": colours.transpose(2, 0, 1),
        "one channel": trimap[..., None],
        "a tensor": torch.from_numpy(colours),
        "floats of 0..255": trimap.astype(np.float32),
    }
    for kind, given in kinds.items():
        for beside in (given, [given]):
            assert np.array_equal(processor(image, beside, return_tensors="np")["pixel_values"], wanted), kind
    units = {"float32": trimap / np.float32(255), "float64": trimap / 255, "bits": trimap > 0}
    for kind, given in {**units, "a file of bits": PIL.Image.fromarray(trimap > 0)}.items():
        got = processor(image, given, return_tensors="np")["pixel_values"]
        assert got.dtype == np.float32, kind
        assert np.array_equal(got[0, 3, :37, :61], np.asarray(given, np.float32)), kind
        assert np.array_equal(got[0, :3], wanted[0, :3]), kind
    three = [picture(37, 61, seed=seed) for seed in range(3)]
    batch = processor(three, colours.transpose(2, 0, 1), return_tensors="np")["pixel_values"]
    assert np.array_equal(batch[:, 3], wanted[[0, 0, 0], 3]), "an array (3, H, W) beside three images is three maps"
    for given, message in (
        (draw(37, 61), "trimap 0 has colours; a trimap is one value a pixel"),
        (grey(30, 61), "trimap 0 is 30x61 and image 0 is 37x61"),
        ([trimap, trimap], "got 2 trimaps for 1 images"),
    ):
        with pytest.raises(ValueError, match=message):
            processor(image, given)


@pytest.mark.parametrize("backend", BACKENDS)
def test_painted_masks_are_pictures(backend: str) -> None:
    """The reference takes them with `do_convert_rgb=False`; else it fails on pictures, or takes rows for maps."""
    reference, ours = processors("SegGpt", backend)
    image, painted = picture(37, 61), draw(37, 61)
    given = {"return_tensors": "pt", **small("SegGpt")}
    wanted = dict(reference(image, image, painted, do_convert_rgb=False, **given))
    for mask in (
        painted,
        painted.transpose(2, 0, 1),
        [painted],
        PIL.Image.fromarray(painted),
        torch.from_numpy(painted),
    ):
        assert difference(wanted, dict(ours(image, image, mask, **given))) == 0.0
    two = dict(ours([image] * 2, [image] * 2, [painted] * 2, **given))
    assert difference(wanted, {name: value[1:] for name, value in two.items()}) == 0.0
    with pytest.raises(ValueError, match="segmentation map 1 has shape"):
        ours([image] * 2, [image] * 2, [painted[..., 0], painted], **given)


@pytest.mark.parametrize("backend", usable_backends())
def test_examples_of_concepts(backend: str) -> None:
    """Boxes with labels say what is meant, as SAM 3's own processor makes them: centres in 0..1 of the image."""
    images = [picture(37, 61), picture(52, 44), picture(40, 40)]
    boxes = [[[3, 4, 50.5, 30], [0, 0, 61, 37]], [[1, 2, 20, 51]], None]
    labels = [[1, 0], [1], None]
    reference, _ = processors("Sam3", "torchvision")
    around = Sam3Processor.__new__(Sam3Processor)  # without its tokenizer, which boxes do not need
    around.image_processor, around.point_pad_value, around.tokenizer = reference, -10, lambda *_, **__: {}
    wanted = around(images, input_boxes=copy.deepcopy(boxes), input_boxes_labels=labels, return_tensors="np")
    processor = our_class("Sam3", backend)()
    for kind in (list, tuple):
        got = processor(images, input_boxes=kind(boxes), input_boxes_labels=kind(labels), return_tensors="np")
        for name in ("input_boxes", "input_boxes_labels"):
            np.testing.assert_array_equal(got[name], np.asarray(wanted[name]), strict=True)
    for given, marks, message in (
        (boxes[:2], labels, "input_boxes has prompts of 2 images; there are 3 images"),
        (boxes, labels[:2], "input_boxes_labels has prompts of 2 images"),
        (boxes, [[1], [1], None], "image 0 has 2 boxes and 1 labels"),
        ([[[1, 2, 3]], [], []], [[1], [], []], "input_boxes of image 0 must be finite"),
        (None, labels, "input_boxes has prompts of 0 images"),
    ):
        with pytest.raises(ValueError, match=message):
            processor(images, input_boxes=given, input_boxes_labels=marks)


def test_a_known_lens() -> None:
    """COMPLAINTS 34: an angle or a length that is given counts as the reference's estimate of the same lens."""
    depth = torch.rand(2, 24, 33, generator=torch.Generator().manual_seed(0))
    sizes, angles = [(31, 45), (60, 52)], [50.0, 71.5]
    estimated = SimpleNamespace(predicted_depth=depth, field_of_view=torch.tensor(angles))
    wanted = reference_class("DepthPro", "torchvision")().post_process_depth_estimation(estimated, sizes)
    ours = our_class("DepthPro", "torchvision")().post_process_depth_estimation
    lengths = [float(entry["focal_length"]) for entry in wanted]
    other = {"predicted_depth": depth, "field_of_view": torch.tensor([10.0, 20.0])}
    for outputs in (other, {"predicted_depth": depth.numpy(), "field_of_view": None}):
        for known in ({"field_of_view": angles}, {"focal_length": lengths}):
            for entry, one in zip(ours(outputs, sizes, **known), wanted, strict=True):
                # A length is the tangent of the angle, in single precision, and one division.
                np.testing.assert_allclose(entry["predicted_depth"], one["predicted_depth"], rtol=1e-6)
                assert float(entry["field_of_view"]) == pytest.approx(float(one["field_of_view"]), rel=1e-6)
                assert float(entry["focal_length"]) == pytest.approx(float(one["focal_length"]), rel=1e-6)
    with pytest.raises(ValueError, match="not both"):
        ours(other, sizes, field_of_view=50, focal_length=40)
    with pytest.raises(ValueError, match="pass its `target_sizes` too"):
        ours(other, focal_length=40)
