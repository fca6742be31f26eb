"""Post-processing against the reference: torch tensors to the bit, NumPy arrays within float32 rounding."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pycocotools.mask
import pytest
import torch
from transformers import DetrImageProcessor, SegformerImageProcessor

from pixelprep import postprocess
from pixelprep.postprocess import _resizing
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
            # Where nothing is found the reference's map is of floats; ours has one type.
            assert_same(mine["segmentation"], reference["segmentation"].to(torch.int32))


def fused(result, labels):
    """What a result without fused segments becomes when these labels are fused: one id for each label."""
    ids, infos = {}, []
    for segment in result["segments_info"]:
        fuse = segment["label_id"] in labels
        first = next((info for info in infos if fuse and info["label_id"] == segment["label_id"]), None)
        if first is None:
            infos.append({**segment, "id": len(infos) + 1, "was_fused": fuse})
        ids[segment["id"]] = (first or infos[-1])["id"]
    segmentation = result["segmentation"].to(torch.int32)
    for before, after in sorted(ids.items()):  # none grows, so none is renamed twice
        segmentation[segmentation == before] = after
    return {"segmentation": segmentation, "segments_info": infos}


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


@pytest.mark.parametrize("target_sizes", TARGET_SIZES.values(), ids=TARGET_SIZES)
def test_object_detection_in_double_precision(target_sizes):
    outputs = SimpleNamespace(**{name: value.double() for name, value in vars(make_outputs(1)).items()})
    ours = postprocess.object_detection(outputs, 0.5, target_sizes)
    theirs = detr.post_process_object_detection(outputs, 0.5, target_sizes)
    for mine, reference in zip(ours, theirs, strict=True):
        for key in reference:
            assert_same(mine[key], reference[key])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("target_sizes", TARGET_SIZES.values(), ids=TARGET_SIZES)
def test_half_precision_is_computed_in_single_precision(dtype, target_sizes):
    half = SimpleNamespace(**{name: value.to(dtype) for name, value in vars(make_outputs(1)).items()})
    single = SimpleNamespace(**{name: value.float() for name, value in vars(half).items()})
    ours = postprocess.object_detection(half, 0.5, target_sizes)
    theirs = detr.post_process_object_detection(single, 0.5, target_sizes)
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
        theirs = detr.post_process_panoptic_segmentation(outputs, *thresholds, set(), target_sizes)
        theirs = [fused(result, fuse or ()) for result in theirs]
        ours = postprocess.panoptic_segmentation(outputs, *thresholds, fuse, target_sizes)
        assert_same_segments(ours, theirs)
        assert_close_segments(postprocess.panoptic_segmentation(arrays, *thresholds, fuse, target_sizes), theirs)
        for result in ours:
            ids = [segment["id"] for segment in result["segments_info"]]
            assert ids == sorted(set(ids))
            assert set(np.unique(result["segmentation"]).tolist()) <= {*ids, 0, -1}
    theirs = detr.post_process_instance_segmentation(outputs, *thresholds, target_sizes)
    ours = postprocess.instance_segmentation(outputs, *thresholds, target_sizes)
    assert_same_segments(ours, theirs)
    theirs = detr.post_process_instance_segmentation(outputs, *thresholds, target_sizes, True)
    if all(result["segments_info"] for result in theirs):
        assert_same_segments(postprocess.instance_segmentation(outputs, *thresholds, target_sizes, "reference"), theirs)
    for result, found in zip(
        postprocess.instance_segmentation(outputs, *thresholds, target_sizes, True), ours, strict=True
    ):
        for lengths, segment in zip(result["segmentation"], found["segments_info"], strict=True):
            mask = pycocotools.mask.decode(json.loads(json.dumps(lengths)))
            assert np.array_equal(mask, found["segmentation"].numpy() == segment["id"])
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


def test_ids_after_a_fused_segment_are_new():
    """COMPLAINTS 9: labels 0, 1, 0, 2 with 0 fused; the reference calls two of three things 2."""
    probabilities = torch.eye(4)[:, None, :]
    scores, labels = torch.ones(4), torch.tensor([0, 1, 0, 2])
    for array in (torch.asarray, np.asarray):
        given = array(probabilities), array(scores), array(labels)
        segmentation, segments = postprocess.compute_segments(*given, label_ids_to_fuse={0})
        assert segmentation.tolist() == [[1, 2, 1, 3]]
        assert [(segment["id"], segment["label_id"]) for segment in segments] == [(1, 0), (2, 1), (3, 2)]


@pytest.mark.parametrize("array", [torch.asarray, np.asarray])
def test_pixels_that_no_mask_claims_are_void_on_request(array):
    """COMPLAINTS 10."""
    masks = torch.full((1, 2, 1, 8), -20.0)
    masks[0, 0, 0, :3] = masks[0, 1, 0, 4:7] = 20.0
    logits = torch.tensor([[[9.0, 0.0, 0.0], [0.0, 8.0, 0.0]]])
    outputs = {"logits": array(logits), "pred_masks": array(masks)}
    claimed = postprocess.panoptic_segmentation(outputs, void_unclaimed=True)[0]["segmentation"]
    assert claimed.tolist() == [[1, 1, 1, 0, 2, 2, 2, 0]]
    assert (postprocess.panoptic_segmentation(outputs)[0]["segmentation"] > 0).all()
    # A mask counts by its own probability, whatever the score of its query: 0.9 x 0.55 is below 0.5.
    given = array(torch.full((1, 1, 4), 0.9)), array(torch.tensor([0.55])), array(torch.tensor([1]))
    segmentation, segments = postprocess.compute_segments(*given, mask_threshold=0.45, void_unclaimed=True)
    assert (segmentation.tolist(), len(segments)) == ([[1, 1, 1, 1]], 1)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 9])
@pytest.mark.parametrize("size", [(40, 50), (90, 70)])
def test_a_few_planes_at_a_time_are_the_bits_of_all(count, size, antialias, monkeypatch):
    generator = torch.Generator().manual_seed(count)
    scores = torch.rand(2, count, 13, 17, generator=generator)
    together = postprocess.semantic_segmentation(scores, [size, (9, 8)], False, antialias)
    whole = postprocess.semantic_segmentation(scores, [size, (9, 8)], True, antialias)
    probabilities = postprocess.compute_segments(scores[0], scores[1, :, 0, 0], torch.arange(count), 0.1, 0.0, (), size)
    for planes in (1, 2, 3, 5):
        monkeypatch.setattr(_resizing, "MOST_BYTES", planes * size[0] * size[1] * 4)
        parts = postprocess.semantic_segmentation(scores, [size, (9, 8)], False, antialias)
        for few, mine, full in zip(parts, together, whole, strict=True):
            assert torch.equal(few, mine)
            assert torch.equal(few, full.segmentation)
        again = postprocess.compute_segments(scores[0], scores[1, :, 0, 0], torch.arange(count), 0.1, 0.0, (), size)
        assert torch.equal(again[0], probabilities[0])
        assert again[1] == probabilities[1]


@pytest.mark.parametrize("size", [(40, 50), (9, 8), (13, 30), (13, 17)])
def test_antialiased_numpy(size):
    planes = torch.rand(4, 13, 17, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.interpolate(planes[None], size=size, mode="bilinear", antialias=True)[0]
    # At most 4 x 5 products of numbers below 1 and their sums, each rounded to 2^-24.
    difference = np.abs(_resizing.resize_planes(planes.numpy(), size, 4, True) - expected.numpy())
    assert difference.max() <= 2 * 20 * 2.0**-24
    assert (
        _resizing.nearest(planes.numpy(), size) == torch.nn.functional.interpolate(planes[None], size=size)[0].numpy()
    ).all()


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


@pytest.mark.parametrize(
    "target_sizes", [[(480, 640)], [(480, 640, 3)] * 2, torch.tensor([480]), [0, 640], 480, "ab", [], [(480, None)] * 2]
)
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
from pixelprep.postprocess import _resizing
outputs = {"logits": np.eye(4, dtype="f4")[None] * 9, "pred_boxes": np.full((1, 4, 4), 0.5, "f4"),
           "pred_masks": np.ones((1, 4, 3, 3), "f4")}
assert len(postprocess.object_detection(outputs, target_sizes=[(10, 20)])[0]["boxes"]) == 3
assert postprocess.instance_segmentation(outputs, target_sizes=[(6, 6)])[0]["segments_info"]
postprocess.semantic_segmentation(outputs["pred_masks"], [(6, 6)])
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("together", [1, 2, 3, 4, 8, 20])
def test_some_planes_are_resized_as_if_with_the_others(together):
    planes = torch.randn(20, 16, 16, generator=torch.Generator().manual_seed(0))
    for size in ((64, 64), (17, 20), (75, 100), (128, 128)):
        batch = planes[: 20 // together * together].reshape(-1, together, 16, 16)
        expected = torch.nn.functional.interpolate(batch, size=size, mode="bilinear").reshape(-1, *size)
        for count in (1, 2, 3, 4, 7, 8, 20):
            got = _resizing.resize_planes(planes[:count], size, together)
            assert torch.equal(got[: len(expected)], expected[:count])
