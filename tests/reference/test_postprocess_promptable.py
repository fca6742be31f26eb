"""Masks of SAM's families against the reference, and what their users complained about."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pycocotools.mask
import pytest
import torch

from oracle import difference, draw, our_class, picture, reference_class
from pixelprep import postprocess
from pixelprep.postprocess import _resizing
from pixelprep.postprocess.components import small_parts, without_small_parts
from pixelprep.registry import VIDEO_FAMILIES

FAMILIES = ("Sam", "Sam2", "Sam3")
PAIRS = [
    (family, backend) for family in FAMILIES for backend in ("torchvision", "pil") if reference_class(family, backend)
]
every_pair = pytest.mark.parametrize(("family", "backend"), PAIRS)
SIZES = [(75, 100), (40, 30)]
THRESHOLDS: list[dict[str, float]] = [
    {},
    {"pred_iou_thresh": 0.2, "stability_score_thresh": 0.5},
    {"mask_threshold": 1.0},
    {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0, "stability_score_offset": 2},
]


def both(family: str, backend: str = "torchvision") -> tuple[Any, Any]:
    return reference_class(family, backend)(), our_class(family, backend)()


def as_tensor(value: Any) -> torch.Tensor:
    return torch.as_tensor(np.asarray(value))


@every_pair
def test_crops_and_their_points(family: str, backend: str) -> None:
    """COMPLAINTS 17: 5.24's crop layers."""
    reference, ours = both(family, backend)
    for height, width, target in ((150, 200, 256), (37, 61, 1024), (90, 20, 64)):
        for layers in (0, 1, 2):
            for points in (32, 5, 1):
                expected, got = (
                    processor.generate_crop_boxes(picture(height, width), target, layers, points_per_crop=points)
                    for processor in (reference, ours)
                )
                for index in (0, 1, 3):
                    assert difference(as_tensor(expected[index]), as_tensor(got[index])) == 0.0
                assert difference([*map(as_tensor, expected[2])], [*map(as_tensor, got[2])]) == 0.0
    arguments = {"crop_n_layers": 1, "overlap_ratio": 0.1, "crop_n_points_downscale_factor": 1}
    expected, got = (processor.generate_crop_boxes(draw(50, 60), 64, **arguments) for processor in (reference, ours))
    assert difference(as_tensor(expected[0]), as_tensor(got[0])) == 0.0
    with pytest.raises(ValueError, match="layers of 32, 16 points a side make no one array"):
        ours.generate_crop_boxes(draw(50, 60), 64, 1, crop_n_points_downscale_factor=2)
    with pytest.raises(ValueError, match="at least one point a side"):
        ours.generate_crop_boxes(draw(50, 60), 64, 0, points_per_crop=0)


@every_pair
def test_filtered_masks(family: str, backend: str) -> None:
    reference, ours = both(family, backend)
    generator = torch.Generator().manual_seed(0)
    found = 0
    for _ in range(3):
        blobs = 10 * torch.randn(4, 3, 4, 5, generator=generator)
        masks = torch.nn.functional.interpolate(blobs, size=(75, 100), mode="bilinear")
        masks[0, 0], masks[0, 1], masks[1, 0] = -5, 5, torch.where(torch.arange(100) < 60, masks[1, 0], -5)
        masks[2, :, :25], masks[2, :, 50:], masks[2, :, :, :25], masks[2, :, :, 70:] = -9, -9, -9, -9
        scores = torch.rand(4, 3, generator=generator)
        for crop in ([0, 0, 100, 75], [10, 5, 110, 80], [100.0, 25.0, 200.0, 100.0]):
            for thresholds in THRESHOLDS:
                given = (scores, (150, 200), crop)
                expected = reference.filter_masks(masks.clone(), *given, **thresholds)
                got = ours.filter_masks(masks, *given, **thresholds)
                assert expected[0] == got[0]
                assert torch.equal(expected[1], got[1])
                assert torch.equal(expected[2].long(), got[2])
                again = ours.filter_masks(masks.numpy(), scores.numpy(), *given[1:], **thresholds)
                assert again[0] == got[0]
                assert np.array_equal(again[1], got[1])
                assert (again[2].dtype, got[2].dtype) == (np.int64, torch.int64)
                assert np.array_equal(again[2], got[2])
                found += len(got[0])
                for threshold in (0.1, 0.5, 0.7) if got[0] else ():
                    expected_all = reference.post_process_for_mask_generation(*got, threshold)
                    got_all = ours.post_process_for_mask_generation(*got, threshold)
                    assert difference([*map(as_tensor, expected_all[0])], [*map(as_tensor, got_all[0])]) == 0.0
                    assert got_all[0][0].dtype == torch.bool
                    assert torch.equal(expected_all[1], got_all[1])
                    assert expected_all[2] == got_all[2]
                    assert torch.equal(expected_all[3], got_all[3])
                    numbers = ours.post_process_for_mask_generation(again[0], again[1], again[2], threshold)
                    assert numbers[2] == got_all[2]
                    assert type(numbers[0][0]) is type(numbers[1]) is np.ndarray
    assert found > 40


def test_no_mask_left_over_is_of_the_same_kind() -> None:
    ours = our_class("Sam2", "torchvision")()
    for array in (torch.as_tensor, np.asarray):
        masks, scores = array(np.full((1, 2, 9, 9), -5.0, np.float32)), array(np.zeros((1, 2), np.float32))
        rles, left, boxes = ours.filter_masks(masks, scores, (9, 9), [0, 0, 9, 9])
        assert (rles, tuple(left.shape), tuple(boxes.shape)) == ([], (0,), (0, 4))
        assert str(boxes.dtype).removeprefix("torch.") == "int64"
        assert [len(part) for part in ours.post_process_for_mask_generation(rles, left, boxes, 0.7)] == [0, 0, 0, 0]
        assert ours.post_process_masks([masks[0][:0][None]], [(20, 30)])[0].shape == (1, 0, 20, 30)
    with pytest.raises(ValueError, match="there are 2 masks and 3 scores"):
        ours.filter_masks(masks, np.zeros((1, 3)), (9, 9), [0, 0, 9, 9])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 8])
def test_masks_of_images(family: str, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reference, ours = both(family)
    generator = torch.Generator().manual_seed(channels)
    masks = [10 * torch.randn(count, channels, 16, 16, generator=generator) for count in (2, 5)]
    seen = {"reshaped_input_sizes": [(48, 64), (64, 48)]} if family == "Sam" else {}
    options: list[dict[str, Any]] = [{}, {"mask_threshold": 1.5}]
    options += (
        [{"pad_size": {"height": 64, "width": 64}}]
        if family == "Sam"
        else [{"apply_non_overlapping_constraints": True}]
    )
    for extra in options:
        for binarize in (True, False):
            given = {**seen, **extra, "binarize": binarize}
            expected = reference.post_process_masks([mask.clone() for mask in masks], SIZES, **given)
            for sizes in (SIZES, torch.tensor(SIZES), np.array(SIZES), tuple(SIZES)):
                assert difference(expected, ours.post_process_masks(masks, sizes, **given)) == 0.0
            numbers = ours.post_process_masks([mask.numpy() for mask in masks], SIZES, **given)
            for theirs, mine in zip(expected, numbers, strict=True):
                assert str(mine.dtype) == str(theirs.dtype).removeprefix("torch.")
                # Two resizes of numbers up to 50: twelve roundings of 50 x 2^-24.
                far = np.abs(theirs.numpy() - mine) > 12 * 50 * 2.0**-24 if not binarize else theirs.numpy() != mine
                assert far.mean() < 1e-3
            monkeypatch.setattr(_resizing, "MOST_BYTES", 2**15)
            assert difference(expected, ours.post_process_masks(masks, SIZES, **given)) == 0.0
            monkeypatch.undo()
    half = [mask.to(torch.bfloat16) for mask in masks]
    same = [mask.float() for mask in half]
    assert (
        difference(
            ours.post_process_masks(same, SIZES, **seen, binarize=False),
            ours.post_process_masks(half, SIZES, **seen, binarize=False),
        )
        == 0.0
    )
    stacked = torch.stack([masks[0], masks[1][:2]])
    both_forms = (ours.post_process_masks(form, SIZES, **seen) for form in (stacked, list(stacked)))
    assert difference(*both_forms) == 0.0
    with pytest.raises(ValueError, match="2 in all"):
        ours.post_process_masks(masks, SIZES * 2, **seen)
    with pytest.raises(TypeError, match=r"masks\[0\] must be an array"):
        ours.post_process_masks([None, None], SIZES, **seen)


def test_masks_of_videos() -> None:
    from transformers.models.sam2_video.video_processing_sam2_video import Sam2VideoVideoProcessor

    reference = Sam2VideoVideoProcessor(size={"height": 64, "width": 80})
    masks = list(10 * torch.randn(2, 3, 1, 16, 16, generator=torch.Generator().manual_seed(0)))
    seen = [(64, 80), (48, 64)]
    options: list[dict[str, Any]] = [{}, {"mask_threshold": 1.5}, {"pad_size": {"height": 90, "width": 70}}]
    for given in options:
        for binarize in (True, False):
            expected = reference.post_process_masks(list(masks), SIZES, seen, binarize=binarize, **given)
            for backend in ("torchvision", "native"):
                ours = VIDEO_FAMILIES["Sam2Video"].load().on(backend)(size={"height": 64, "width": 80})
                got = ours.post_process_masks(masks, SIZES, seen, binarize=binarize, **given)  # type: ignore[attr-defined]
                assert difference(expected, got) == 0.0


def test_masks_do_not_need_torch() -> None:
    code = """
import sys
import numpy as np, pixelprep
masks = np.random.default_rng(0).normal(size=(1, 2, 3, 8, 8)).astype("float32")
for name in ("Sam", "Sam2", "Sam3"):
    ours = getattr(pixelprep, f"{name}ImageProcessorPil")()
    given = {"reshaped_input_sizes": [(1024, 800)]} if name == "Sam" else {}
    ours.post_process_masks(list(masks), [(30, 20)], **given)
    crops = ours.generate_crop_boxes(np.zeros((30, 40, 3), np.uint8), 1024, 1)
    rles, scores, boxes = ours.filter_masks(20 * masks[0] ** 3, np.ones((2, 3)), (8, 8), [0, 0, 8, 8], 0, 0)
    ours.post_process_for_mask_generation(rles, scores, boxes, 0.7)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_run_lengths_there_and_back() -> None:
    rng = np.random.default_rng(0)
    masks = np.concatenate([rng.random((6, 9, 11)) > 0.5, np.zeros((1, 9, 11), bool), np.ones((1, 9, 11), bool)])
    encoded = postprocess.mask_to_rle(masks)
    assert encoded == postprocess.mask_to_rle(torch.from_numpy(masks))
    for mask, rle in zip(masks, encoded, strict=True):
        assert np.array_equal(postprocess.rle_to_mask(rle), mask)
        assert np.array_equal(pycocotools.mask.decode(pycocotools.mask.frPyObjects(rle, 9, 11)), mask)


def test_q58_holes_and_specks() -> None:
    """COMPLAINTS 16: the reference takes the arguments and does nothing."""
    logits = np.full((12, 12), -5.0, np.float32)
    logits[1:9, 1:9] = 5.0
    logits[3, 3] = logits[4, 4] = -5.0  # one hole of two pixels that touch at a corner
    logits[6:8, 5:8] = -5.0  # a hole of six
    logits[10, 10] = 5.0  # a speck
    for family in ("Sam2", "Sam3"):
        for array in (torch.as_tensor, np.asarray):
            process = our_class(family, "torchvision")().post_process_masks
            masks = [array(logits)[None, None]]

            def area(process: Any = process, masks: Any = masks, **given: Any) -> int:
                return int(process(masks, [(12, 12)], **given)[0].sum())

            assert area() == 64 - 2 - 6 + 1
            assert area(max_hole_area=1) == 57
            assert area(max_hole_area=2) == 59
            assert area(max_hole_area=6) == 65
            assert area(max_sprinkle_area=1) == 56
            assert area(max_sprinkle_area=1, max_hole_area=9) == 64
            assert (logits[3, 3], logits[10, 10]) == (-5.0, 5.0)


def test_components_against_a_flood() -> None:
    rng = np.random.default_rng(0)
    for density in (0.1, 0.3, 0.5, 0.7, 1.0, 0.0):
        mask = rng.random((17, 23)) < density
        sizes = np.zeros(mask.shape, int)
        for start in zip(*np.nonzero(mask), strict=True):
            if not sizes[start]:
                part, waiting = {start}, [start]
                while waiting:
                    y, x = waiting.pop()
                    near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} - part
                    near = {(a, b) for a, b in near if 0 <= a < 17 and 0 <= b < 23 and mask[a, b]}
                    part |= near
                    waiting.extend(near)
                sizes[tuple(np.array(sorted(part)).T)] = len(part)
        for most in (1, 3, 10, 1000):
            assert np.array_equal(small_parts(mask, most), mask & (sizes <= most))
    assert np.array_equal(without_small_parts(np.ones((3, 3), np.float32), 0, 0, 0), np.ones((3, 3)))


def concepts(seed: int, presence: bool) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return SimpleNamespace(
        semantic_seg=torch.randn(2, 1, 12, 13, generator=generator),
        pred_logits=3 * torch.randn(2, 9, generator=generator),
        pred_boxes=torch.rand(2, 9, 4, generator=generator),
        pred_masks=torch.randn(2, 9, 16, 16, generator=generator),
        presence_logits=torch.randn(2, 1, generator=generator) if presence else None,
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("presence", [True, False])
def test_concepts_in_words(seed: int, presence: bool) -> None:
    reference, ours = both("Sam3")
    outputs = concepts(seed, presence)
    arrays = {name: None if value is None else value.numpy() for name, value in vars(outputs).items()}
    for sizes in (None, [(50, 60), (31, 20)]):
        for scores in (False, True):
            expected, got = (
                processor.post_process_semantic_segmentation(outputs, sizes, return_segmentation_scores=scores)
                for processor in (reference, ours)
            )
            assert difference(expected, got) == 0.0
        numbers = ours.post_process_semantic_segmentation(arrays, sizes)
        assert all(
            np.mean(mine != theirs.segmentation.numpy()) < 1e-2 for mine, theirs in zip(numbers, got, strict=True)
        )
        for threshold in (0.0, 0.3, 0.9, 0.999):
            calls = (p.post_process_object_detection(outputs, threshold, sizes) for p in (reference, ours))
            assert difference(*calls) == 0.0
            expected, got = (
                p.post_process_instance_segmentation(outputs, threshold, 0.4, sizes) for p in (reference, ours)
            )
            numbers = ours.post_process_instance_segmentation(arrays, threshold, 0.4, sizes)
            for image, (theirs, mine, other) in enumerate(zip(expected, got, numbers, strict=True)):
                if not len(theirs["scores"]):
                    theirs["masks"] = theirs["masks"].new_zeros((0, *(sizes[image] if sizes else (16, 16))))
                assert difference(theirs, mine) == 0.0
                assert {name: value.shape for name, value in mine.items()} == {n: v.shape for n, v in other.items()}
                assert np.mean(mine["masks"].numpy() != other["masks"]) < 1e-2 or not other["masks"].size


def test_concepts_in_half_precision_and_without_an_output() -> None:
    """COMPLAINTS 7, 19."""
    ours = our_class("Sam3", "torchvision")()
    outputs = {"pred_logits": torch.tensor([[5.0, -5.0]]), "pred_boxes": torch.tensor([[[0.7, 0.5, 0.8, 0.6]] * 2])}
    half = {name: value.to(torch.bfloat16) for name, value in outputs.items()}
    box = ours.post_process_object_detection(half, target_sizes=[(4000, 6000)])[0]["boxes"]
    assert box.dtype == torch.float32
    assert torch.equal(box[0], half["pred_boxes"][0, 0].float() * torch.tensor([6000.0, 4000.0, 6000.0, 4000.0]))
    masks = {**outputs, "pred_logits": torch.tensor([[-5.0, -5.0]]), "pred_masks": torch.zeros(1, 2, 16, 16)}
    nothing = ours.post_process_instance_segmentation(masks, target_sizes=[(30, 20)])[0]
    assert nothing["masks"].shape == (0, 30, 20)
    assert nothing["masks"].dtype == torch.int64
    with pytest.raises(ValueError, match="no 'semantic_seg'"):
        ours.post_process_semantic_segmentation(outputs)
