"""Post-processing against the reference: torch tensors to the bit, NumPy arrays within float32 rounding."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import DetrImageProcessor, SegformerImageProcessor
from transformers.models.detr.image_processing_detr import compute_segments

from pixelprep import postprocess
from pixelprep.postprocess._arrays import resize_bilinear

# exp and a sum of at most 13 terms in float32: each rounding is 2^-24, and values are at most 1.
PROBABILITY_TOLERANCE = 16 * 2.0**-24
# Two linear interpolations: six roundings of at most 2^-24 each, relative to the largest value.
BILINEAR_TOLERANCE = 6 * 2.0**-24

detr, segformer = DetrImageProcessor(), SegformerImageProcessor()


def make_outputs(seed, batch=2, queries=12, classes=5, height=7, width=9):
    """Confident outputs, so that scores lie on both sides of every threshold, and masks of several blobs."""
    generator = torch.Generator().manual_seed(seed)
    masks = torch.nn.functional.interpolate(
        20 * torch.randn(batch, queries, 3, 3, generator=generator), size=(height, width), mode="bilinear"
    )
    return SimpleNamespace(
        logits=3 * torch.randn(batch, queries, classes + 1, generator=generator),
        pred_boxes=torch.rand(batch, queries, 4, generator=generator),
        pred_masks=masks,
    )


def as_numpy(outputs):
    return {name: value.numpy() for name, value in vars(outputs).items()}


def assert_same(ours, theirs):
    assert type(ours) is type(theirs) is torch.Tensor
    assert ours.dtype == theirs.dtype
    assert torch.equal(ours, theirs)


def assert_same_segments(ours, theirs):
    assert len(ours) == len(theirs)
    for mine, reference in zip(ours, theirs, strict=True):
        assert list(mine) == list(reference)
        assert mine["segments_info"] == reference["segments_info"]
        if isinstance(reference["segmentation"], list):
            assert mine["segmentation"] == reference["segmentation"]
        else:
            assert_same(mine["segmentation"], reference["segmentation"])


TARGET_SIZES = {
    "none": None,
    "list": [(480, 640), (37, 211)],
    "int tensor": torch.tensor([[480, 640], [37, 211]]),
    "float tensor": torch.tensor([[480.5, 640.0], [37.0, 211.25]]),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("target_sizes", TARGET_SIZES.values(), ids=TARGET_SIZES)
def test_object_detection_torch(seed, target_sizes):
    outputs = make_outputs(seed)
    for threshold in (0.0, 0.5, 0.99999):
        ours = postprocess.object_detection(outputs, threshold, target_sizes)
        theirs = detr.post_process_object_detection(outputs, threshold, target_sizes)
        for mine, reference in zip(ours, theirs, strict=True):
            assert list(mine) == list(reference) == ["scores", "labels", "boxes"]
            for key in reference:
                assert_same(mine[key], reference[key])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("target_sizes", TARGET_SIZES.values(), ids=TARGET_SIZES)
def test_object_detection_torch_dtypes(dtype, target_sizes):
    outputs = SimpleNamespace(**{name: value.to(dtype) for name, value in vars(make_outputs(1)).items()})
    ours = postprocess.object_detection(outputs, 0.5, target_sizes)
    theirs = detr.post_process_object_detection(outputs, 0.5, target_sizes)
    for mine, reference in zip(ours, theirs, strict=True):
        for key in reference:
            assert_same(mine[key], reference[key])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("target_sizes", [None, [(480, 640), (37, 211)], np.array([[480, 640], [37, 211]])])
def test_object_detection_numpy(seed, target_sizes):
    outputs = make_outputs(seed)
    ours = postprocess.object_detection(as_numpy(outputs), 0.5, target_sizes)
    sizes = target_sizes if target_sizes is None else [tuple(size) for size in target_sizes]
    theirs = detr.post_process_object_detection(outputs, 0.5, sizes)
    for mine, reference in zip(ours, theirs, strict=True):
        assert np.array_equal(mine["labels"], reference["labels"])
        assert mine["labels"].dtype == np.int64
        np.testing.assert_allclose(mine["scores"], reference["scores"], rtol=0, atol=PROBABILITY_TOLERANCE)
        # Multiplications and additions round the same everywhere, so boxes are equal.
        assert np.array_equal(mine["boxes"], reference["boxes"])
        assert mine["boxes"].dtype == np.float32


@pytest.mark.parametrize("array", [torch.asarray, np.asarray])
def test_a_score_must_exceed_the_threshold(array):
    outputs = {"logits": array(torch.zeros(1, 1, 2)), "pred_boxes": array(torch.ones(1, 1, 4))}
    assert len(postprocess.object_detection(outputs, 0.5)[0]["scores"]) == 0
    assert len(postprocess.object_detection(outputs, 0.499)[0]["scores"]) == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("return_scores", [False, True])
@pytest.mark.parametrize("target_sizes", [None, [(31, 40), (5, 3)], torch.tensor([[31, 40], [5, 3]])])
def test_semantic_segmentation_torch(seed, return_scores, target_sizes):
    outputs = make_outputs(seed)
    logits = outputs.pred_masks
    sizes = target_sizes if target_sizes is None else [tuple(map(int, size)) for size in target_sizes]
    cases = [
        (logits, segformer.post_process_semantic_segmentation(SimpleNamespace(logits=logits), sizes, return_scores)),
        (
            postprocess.query_segmentation_scores(outputs.logits, outputs.pred_masks),
            detr.post_process_semantic_segmentation(outputs, sizes, return_scores),
        ),
    ]
    for scores, theirs in cases:
        ours = postprocess.semantic_segmentation(scores, target_sizes, return_scores)
        for mine, reference in zip(ours, theirs, strict=True):
            if not return_scores:
                assert_same(mine, reference)
                continue
            assert list(mine) == list(reference)
            assert_same(mine.segmentation, reference.segmentation)
            assert_same(mine.segmentation_scores, reference.segmentation_scores)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("target_sizes", [None, [(31, 40), (5, 3)]])
def test_semantic_segmentation_numpy(seed, target_sizes):
    outputs = make_outputs(seed)
    arrays = as_numpy(outputs)
    cases = [
        (arrays["pred_masks"], segformer, SimpleNamespace(logits=outputs.pred_masks), 0.0),
        (
            postprocess.query_segmentation_scores(arrays["logits"], arrays["pred_masks"]),
            detr,
            outputs,
            # A sum over 12 queries of products of two probabilities, at most 12.
            12 * (2 * PROBABILITY_TOLERANCE + 12 * 2.0**-24),
        ),
    ]
    for scores, processor, given, tolerance in cases:
        tolerance += BILINEAR_TOLERANCE * np.abs(scores).max()
        ours = postprocess.semantic_segmentation(scores, target_sizes, return_segmentation_scores=True)
        theirs = processor.post_process_semantic_segmentation(given, target_sizes, True)
        for mine, reference in zip(ours, theirs, strict=True):
            expected = reference.segmentation_scores.numpy()
            assert mine.segmentation.dtype == np.int64
            assert mine.segmentation_scores.dtype == np.float32
            np.testing.assert_allclose(mine.segmentation_scores, expected, rtol=0, atol=tolerance)
            best, second = np.sort(expected, axis=0)[[-1, -2]]
            clear = best - second > 2 * tolerance
            assert clear.mean() > 0.9
            assert np.array_equal(mine.segmentation[clear], reference.segmentation.numpy()[clear])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("target_sizes", [None, [(31, 40), (5, 3)]])
@pytest.mark.parametrize(
    "thresholds", [(0.5, 0.5, 0.8), (0.0, 0.1, 0.0), (0.3, 0.4, 0.5), (0.99999, 0.5, 0.8)], ids=str
)
def test_segments(seed, target_sizes, thresholds):
    outputs = make_outputs(seed)
    arrays = as_numpy(outputs)
    for fuse in (None, set(), {0, 2}, {0, 1, 2, 3, 4}):
        theirs = detr.post_process_panoptic_segmentation(outputs, *thresholds, fuse, target_sizes)
        ours = postprocess.panoptic_segmentation(outputs, *thresholds, fuse, target_sizes)
        assert_same_segments(ours, theirs)
        assert_close_segments(postprocess.panoptic_segmentation(arrays, *thresholds, fuse, target_sizes), theirs)
    for coco in (False, True):
        theirs = detr.post_process_instance_segmentation(outputs, *thresholds, target_sizes, coco)
        ours = postprocess.instance_segmentation(outputs, *thresholds, target_sizes, coco)
        assert_same_segments(ours, theirs)
    if thresholds[0] == 0:
        assert all(result["segments_info"] for result in ours)


def assert_close_segments(ours, theirs):
    """The same maps; scores, rounded to six digits, may round to either side."""
    for mine, reference in zip(ours, theirs, strict=True):
        assert np.array_equal(mine["segmentation"], reference["segmentation"])
        assert mine["segmentation"].dtype == reference["segmentation"].numpy().dtype
        assert len(mine["segments_info"]) == len(reference["segments_info"])
        for segment, expected in zip(mine["segments_info"], reference["segments_info"], strict=True):
            assert segment == expected | {"score": pytest.approx(expected["score"], abs=1e-6 + PROBABILITY_TOLERANCE)}


def test_ids_after_a_fused_segment_follow_the_one_it_was_fused_into():
    probabilities = torch.eye(4)[:, None, :]
    scores, labels = torch.ones(4), torch.tensor([0, 1, 0, 2])
    segmentation, segments = postprocess.compute_segments(probabilities, scores, labels, label_ids_to_fuse={0})
    theirs = compute_segments(probabilities.clone(), scores, labels, label_ids_to_fuse={0})
    assert_same(segmentation, theirs[0])
    assert segments == theirs[1]
    assert segmentation.tolist() == [[1, 2, 1, 2]]


def test_four_fifths_exceed_the_overlap_threshold_in_single_precision():
    probabilities = torch.tensor([[[0.9] * 5], [[0.1] * 4 + [1.0]]])
    scores, labels = torch.tensor([1.0, 1.0]), torch.tensor([3, 4])
    for array in (torch.asarray, np.asarray):
        segmentation, segments = postprocess.compute_segments(array(probabilities), array(scores), array(labels))
        assert segmentation.tolist() == [[1, 1, 1, 1, 2]]
        assert [segment["label_id"] for segment in segments] == [3, 4]


@pytest.mark.parametrize("seed", range(20))
def test_bilinear_numpy(seed):
    rng = np.random.default_rng(seed)
    channels, height, width, *size = (int(side) for side in rng.integers(1, 70, 5))
    maps = rng.uniform(-8, 8, (channels, height, width)).astype(np.float32)
    expected = resize_bilinear(torch.from_numpy(maps), tuple(size)).numpy()
    ours = resize_bilinear(maps, tuple(size))
    assert ours.dtype == np.float32
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, rtol=0, atol=8 * BILINEAR_TOLERANCE)
    double = resize_bilinear(maps.astype(np.float64), tuple(size))
    # Positions are rounded to float32 here but not in torch: half an ulp of 70, times a slope of at most 16 per pixel.
    np.testing.assert_allclose(double, expected, rtol=0, atol=16 * 2 * 64 * 2.0**-24)
    half = resize_bilinear(maps.astype(np.float16), tuple(size))
    assert half.dtype == np.float16


def test_sigmoid_of_large_logits_does_not_overflow():
    masks = np.array([[[[-1e4, 1e4]]]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        scores = postprocess.query_segmentation_scores(np.array([[[10.0, -10.0]]], np.float32), masks)
    np.testing.assert_allclose(scores[0, 0, 0], [0, 1], atol=1e-6)  # the class has a probability of 1 - 2e-9


def test_run_lengths():
    assert postprocess.run_length_encode(np.array([[0, 1, 1], [1, 0, 2]])) == [[1, 1, 5, 1], [2, 3], [6, 1]]


@pytest.mark.parametrize("target_sizes", [[(480, 640)], [(480, 640, 3)] * 2, torch.tensor([480, 640]), [480, 640], 480])
def test_wrong_target_sizes_are_refused(target_sizes):
    outputs = make_outputs(0)
    for process in (postprocess.object_detection, postprocess.panoptic_segmentation):
        with pytest.raises(ValueError, match=r"one \(height, width\) per image, 2 in all"):
            process(outputs, target_sizes=target_sizes)
    with pytest.raises(ValueError, match=r"one \(height, width\) per image, 2 in all"):
        postprocess.semantic_segmentation(outputs.pred_masks, target_sizes)


def test_absent_output_is_named():
    with pytest.raises(ValueError, match="no 'pred_boxes'; got dict"):
        postprocess.object_detection({"logits": np.zeros((1, 2, 3))})


def test_numpy_needs_no_torch():
    code = """
import sys
import numpy as np
from pixelprep import postprocess
outputs = {"logits": np.eye(4, dtype="f4")[None] * 9, "pred_boxes": np.full((1, 4, 4), 0.5, "f4"),
           "pred_masks": np.ones((1, 4, 3, 3), "f4")}
assert len(postprocess.object_detection(outputs, target_sizes=[(10, 20)])[0]["boxes"]) == 3
assert postprocess.instance_segmentation(outputs, target_sizes=[(6, 6)])[0]["segments_info"]
postprocess.semantic_segmentation(outputs["pred_masks"], [(6, 6)])
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
