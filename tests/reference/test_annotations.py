"""COCO annotations against the reference's two DETR classes, to the bit, through every step."""

from __future__ import annotations

import os
import sys

import numpy as np
import PIL.Image
import pytest
import torch
from transformers import DetrImageProcessor, DetrImageProcessorPil
from transformers.models.detr import image_processing_detr, image_processing_pil_detr

import pixelprep.targets.annotations as ours
from annotated import detection_target, panoptic_target
from pixelprep.ops.filters import has_open_borders
from pixelprep.ops.pil import PIL as PIL_CONVENTIONS

DETECTION, PANOPTIC = "coco_detection", "coco_panoptic"
REFERENCES = {False: DetrImageProcessor(), True: DetrImageProcessorPil()}
both_backends = pytest.mark.parametrize("pil", REFERENCES, ids=["torchvision", "pil"])

CONVENTIONS = {True: PIL_CONVENTIONS, False: ours.TORCHVISION}


def blank(size, pil):
    return np.zeros((3, *size), np.uint8) if pil else torch.zeros((3, *size), dtype=torch.uint8)


def assert_same(mine, reference, but=None):
    assert list(mine) == list(reference)
    for key, expected in reference.items():
        if key == but:
            continue
        if isinstance(expected, tuple):
            assert mine[key] == expected
            continue
        expected = np.asarray(expected)
        assert mine[key].dtype == expected.dtype, key
        assert mine[key].shape == expected.shape, key
        assert np.array_equal(mine[key], expected), key


@both_backends
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("masks", [False, True])
def test_detection_through_every_step(pil, seed, masks):
    size, resized, padded = (37, 51), [(80, 110), (20, 31), (37, 90)][seed % 3], (111, 123)
    # With masks and crowds the torchvision class raises IndexError; see the test of kept masks below.
    target = detection_target(seed, size, keypoints=seed % 2 == 0, crowds=pil or not masks)
    mine = ours.prepare_annotation(
        target, DETECTION, size, return_segmentation_masks=masks, conventions=CONVENTIONS[pil]
    )
    theirs = REFERENCES[pil].prepare_annotation(blank(size, pil), target, DETECTION, masks)
    assert len(mine["boxes"]) > 0
    assert ("keypoints" in mine) == (seed % 2 == 0)
    assert ("masks" in mine) == masks
    check_steps(mine, theirs, size, resized, padded, pil)


@both_backends
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("masks", [None, False])
@pytest.mark.parametrize("drawn", [(37, 51), (20, 30), (80, 60)])
def test_panoptic_through_every_step(pil, seed, masks, drawn, tmp_path):
    """The picture of the segments may have another size than the image."""
    size, resized, padded = (37, 51), (61, 84), (70, 99)
    target = panoptic_target(seed, drawn, tmp_path, "RGBA" if seed % 2 else "RGB")
    mine = ours.prepare_annotation(
        target, PANOPTIC, size, return_segmentation_masks=masks, masks_path=tmp_path, conventions=CONVENTIONS[pil]
    )
    theirs = REFERENCES[pil].prepare_annotation(
        blank(size, pil), target, PANOPTIC, masks, tmp_path, input_data_format="channels_first"
    )
    check_steps(mine, theirs, size, resized, padded, pil)


def check_steps(mine, theirs, size, resized, padded, pil):
    reference = REFERENCES[pil]
    assert_same(mine, theirs)
    if "masks" in mine:
        unresized = {"masks": theirs["masks"]}
        assert_same(
            ours.pad_annotation(mine, size, padded, conventions=CONVENTIONS[pil]),
            pad_reference(theirs, size, padded, True, pil),
            "keypoints",
        )
        assert_same(
            ours.resize_annotation({"masks": mine["masks"]}, size, size, conventions=CONVENTIONS[pil]),
            reference.resize_annotation(unresized, size, size),
        )
    before = mine
    mine = ours.resize_annotation(mine, size, resized, conventions=CONVENTIONS[pil])
    theirs = reference.resize_annotation(theirs, size, resized)
    check_keypoints(before, mine, resized[1] / size[1], resized[0] / size[0])
    assert_same(mine, theirs, but="keypoints")
    unmoved = ours.pad_annotation(mine, resized, padded, update_boxes=False, conventions=CONVENTIONS[pil])
    check_keypoints(mine, unmoved, 1, 1)
    assert_same(unmoved, pad_reference(theirs, resized, padded, False, pil), but="keypoints")
    before = mine
    mine, theirs = ours.normalize_annotation(mine, resized), reference.normalize_annotation(theirs, resized)
    check_keypoints(before, mine, 1 / resized[1], 1 / resized[0])
    assert_same(mine, theirs, but="keypoints")
    before = mine["boxes"].copy()
    moved = ours.pad_annotation(mine, resized, padded, conventions=CONVENTIONS[pil])
    check_keypoints(mine, moved, resized[1] / padded[1], resized[0] / padded[0])
    assert_same(moved, pad_reference(theirs, resized, padded, True, pil), but="keypoints")
    assert np.array_equal(mine["boxes"], before)
    assert_same(ours.pad_annotation(mine, resized, resized, conventions=CONVENTIONS[pil]), mine)


def check_keypoints(before, after, ratio_x, ratio_y):
    """Keypoints follow their boxes; the reference leaves them in pixels of the source."""
    if "keypoints" not in before:
        return
    assert after["keypoints"].dtype == np.float32
    expected = before["keypoints"] * np.array([ratio_x, ratio_y, 1])
    np.testing.assert_allclose(after["keypoints"], expected, rtol=2e-7)


def pad_reference(annotation, size, padded, update_boxes, pil):
    # It multiplies boxes in place.
    annotation = annotation | {"boxes": annotation["boxes"].copy() if pil else annotation["boxes"].clone()}
    right, bottom = padded[1] - size[1], padded[0] - size[0]
    padding = ((0, bottom), (0, right)) if pil else [0, 0, right, bottom]
    return REFERENCES[pil]._update_annotation_for_padded_image(annotation, size, padded, padding, update_boxes)


@both_backends
def test_nearest_pixels(pil):
    """Sizes whose ties fall differently in Pillow, in torch, and in exact arithmetic."""
    rng = np.random.default_rng(0)
    sizes = [(66, 1815), (3, 2), (2, 3), (10, 4), (800, 1066), (1200, 800)]
    sizes += [tuple(rng.integers(1, 50, 2) * rng.integers(1, 40)) for _ in range(60)]
    for length, size in sizes:
        bits = (np.arange(length)[:, None] >> np.arange(11)) & 1  # the index of each row, in 11 masks of a bit each
        masks = np.repeat(bits.T[:, :, None], 5, axis=2).astype(np.bool_ if pil else np.uint8)
        given = {"masks": masks if pil else torch.from_numpy(masks)}
        theirs = np.asarray(REFERENCES[pil].resize_annotation(given, (length, 5), (int(size), 5))["masks"])
        rows, columns = (
            ours.resize_annotation({"masks": turned}, source, target, conventions=CONVENTIONS[pil])["masks"]
            for turned, source, target in (
                (masks, (length, 5), (int(size), 5)),
                (masks.transpose(0, 2, 1), (5, length), (5, int(size))),
            )
        )
        # Where the exact border is a pixel's, torch takes either side, by processor (N1).
        open_border = (2 * np.arange(size) + 1) * length % (2 * size) == 0
        same = ~open_border if not pil and has_open_borders(length, int(size)) else slice(None)
        assert rows.dtype == theirs.dtype == np.bool_
        assert np.array_equal(rows[:, same], theirs[:, same])
        assert np.array_equal(columns, rows.transpose(0, 2, 1))


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (37, 211)])
def test_masks_of_kept_objects_where_some_are_crowds(size):
    target = detection_target(1, size, crowds=True)
    mine = ours.prepare_annotation(target, DETECTION, size, return_segmentation_masks=True)
    theirs = REFERENCES[True].prepare_annotation(
        blank(size, True), target, DETECTION, True, input_data_format="channels_first"
    )
    assert mine["masks"].dtype == np.uint8
    assert np.array_equal(mine["masks"], theirs["masks"])
    assert len(mine["masks"]) == len(mine["boxes"])


@both_backends
def test_nothing_annotated(pil, tmp_path):
    target = {"image_id": 1, "annotations": []}
    mine = ours.prepare_annotation(target, DETECTION, (8, 9), conventions=CONVENTIONS[pil])
    assert_same(mine, REFERENCES[pil].prepare_annotation(blank((8, 9), pil), target, DETECTION))
    mine = ours.prepare_annotation(
        target, DETECTION, (8, 9), return_segmentation_masks=True, conventions=CONVENTIONS[pil]
    )
    mine = ours.resize_annotation(mine, (8, 9), (16, 18), conventions=CONVENTIONS[pil])
    assert mine["masks"].shape == (0, 16, 18)
    assert mine["masks"].dtype == np.bool_
    PIL.Image.new("RGB", (9, 8)).save(tmp_path / "a.png")
    target = {"image_id": 1, "file_name": "a.png", "segments_info": []}
    mine = ours.prepare_annotation(target, PANOPTIC, (8, 9), masks_path=tmp_path, conventions=CONVENTIONS[pil])
    assert mine["boxes"].shape == (0, 4)
    assert mine["boxes"].dtype == np.float32
    assert mine["masks"].shape == (0, 8, 9)


def test_polygons_equal_the_reference_and_run_lengths_work():
    rng = np.random.default_rng(3)
    polygons = [[(rng.uniform(-5, 40, 10)).tolist() for _ in range(n)] for n in (1, 2, 3)]
    objects = [(str(i), {"segmentation": item}) for i, item in enumerate(polygons)]
    mine = ours._polygons_to_masks(objects, 24, 31)
    assert np.array_equal(mine, image_processing_pil_detr.convert_coco_poly_to_mask(polygons, 24, 31))
    theirs = image_processing_detr.convert_coco_poly_to_mask(polygons, 24, 31, torch.device("cpu"))
    assert np.array_equal(mine, theirs)
    run_lengths = {"size": [3, 4], "counts": [4, 3, 5]}
    mask = ours._polygons_to_masks([("a", {"segmentation": run_lengths})], 3, 4)
    assert np.flatnonzero(mask[0].T).tolist() == [4, 5, 6]
    assert not ours._polygons_to_masks([("a", {"segmentation": []})], 3, 4).any()


def test_one_annotation_becomes_a_list():
    target = detection_target(0, (5, 5))
    assert ours.validate_annotations(target, DETECTION, 1) == [target]
    assert ours.validate_annotations((target, target), DETECTION) == [target, target]


@pytest.mark.parametrize(
    ("annotations", "format", "message"),
    [
        ([{}, {}, {}], DETECTION, "3 annotations for 2 images"),
        ([{"image_id": 1, "annotations": []}, None], DETECTION, r"annotations\[1\] must be a coco_detection dict"),
        (
            [{"image_id": 1, "annotations": []}, {"image_id": 2}],
            DETECTION,
            r"annotations\[1\].* no 'annotations', only",
        ),
        ([{"annotations": []}] * 2, DETECTION, r"annotations\[0\].* no 'image_id'"),
        ([{"image_id": 1, "annotations": {}}] * 2, DETECTION, r"annotations\[0\]\['annotations'\] must be a list"),
        (
            [{"image_id": 1, "annotations": [{}, 7]}] * 2,
            DETECTION,
            r"\['annotations'\]\[1\] must be a dictionary; got 7",
        ),
        ([{"image_id": 1, "annotations": []}] * 2, PANOPTIC, "no coco_panoptic annotation: it has no 'file_name'"),
        ([], "yolo", "must be 'coco_detection' or 'coco_panoptic'; got 'yolo'"),
    ],
)
def test_wrong_structure_is_refused(annotations, format, message):
    with pytest.raises(ValueError, match=message):
        ours.validate_annotations(annotations, format, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": [1, 2, 3]}, r"annotations\[1\] of image_id 7: 'bbox' must have the shape \(4,\); got \[1, 2, 3\]"),
        ({"bbox": [1, 2, 3, "x"]}, r"annotations\[1\] of image_id 7: 'bbox' is no float32"),
        ({"bbox": None}, r"'bbox' is no float32: None|'bbox' must have the shape"),
        ({"bbox": [1, float("nan"), 3, 4]}, r"annotations\[1\] of image_id 7: 'bbox' must hold finite numbers"),
        ({"bbox": [float("inf"), 1, 3, 4]}, r"annotations\[1\] of image_id 7: 'bbox' must hold finite numbers"),
        ({"category_id": "cat"}, r"annotations\[1\] of image_id 7: 'category_id' is no int64: 'cat'"),
        ({"segmentation": {"size": [4, 4], "counts": [16]}}, r"run lengths of \[4, 4\] for an image of \[5, 5\]"),
        ({"segmentation": {"size": [5, 5], "counts": [16]}}, r"sum up to 16, not to 5 x 5"),
        ({"segmentation": {"size": [5, 5]}}, "'counts'"),
        ({"category_id": 2**70}, r"'category_id' is no int64"),
        ({"area": [1, 2]}, r"'area' must have the shape \(\)"),
        ({"keypoints": [1, 2, 3]}, r"annotations\[0\] of image_id 7 has no 'keypoints'"),
        ({"segmentation": [[1, 2, 3]]}, r"annotations\[1\] of image_id 7: 'segmentation' is no list of polygons"),
        ({"segmentation": [[1, 2, 3, float("nan"), 5, 6]]}, "finite"),
        ({"segmentation": [[1, 2, 3, 1e12, 5, 6]]}, "at most 1000000"),
        ({"segmentation": "abc"}, "no list of polygons and no run lengths: 'abc'"),
    ],
)
def test_wrong_values_are_refused(change, message):
    record = {"category_id": 1, "area": 4.0, "bbox": [1, 1, 2, 2], "segmentation": [[1, 1, 3, 1, 3, 3]]}
    target = {"image_id": 7, "annotations": [record, record | change]}
    with pytest.raises(ValueError, match=message):
        ours.prepare_annotation(target, DETECTION, (5, 5), return_segmentation_masks=True)


@pytest.mark.parametrize("key", ["category_id", "area", "bbox", "segmentation"])
def test_absent_values_are_named(key):
    record = {"category_id": 1, "area": 4.0, "bbox": [1, 1, 2, 2], "segmentation": [[1, 1, 3, 1, 3, 3]]}
    del record[key]
    with pytest.raises(ValueError, match=rf"annotations\[0\] of image_id 7 has no '{key}'"):
        ours.prepare_annotation(
            {"image_id": 7, "annotations": [record]}, DETECTION, (5, 5), return_segmentation_masks=True
        )


def test_panoptic_files_that_do_not_fit_are_refused(tmp_path):
    target = panoptic_target(0, (5, 6), tmp_path)
    with pytest.raises(ValueError, match="masks_path"):
        ours.prepare_annotation(target, PANOPTIC, (5, 6))
    PIL.Image.new("L", (6, 5)).save(tmp_path / "0.png")
    with pytest.raises(ValueError, match=r"annotation of image_id 0.*mode L"):
        ours.prepare_annotation(target, PANOPTIC, (5, 6), masks_path=tmp_path)
    with pytest.raises(FileNotFoundError, match="annotation of image_id 0"):
        ours.prepare_annotation(target | {"file_name": "b.png"}, PANOPTIC, (5, 6), masks_path=tmp_path)
    PIL.Image.new("RGB", (6, 5)).save(tmp_path / "outside.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "outside.png")
    os.mkfifo(tmp_path / "in" / "fifo.png")
    for name in ("../outside.png", str(tmp_path / "outside.png"), "link.png", "fifo.png", 3):
        with pytest.raises(ValueError, match="annotation of image_id 0"):
            ours.prepare_annotation(target | {"file_name": name}, PANOPTIC, (5, 6), masks_path=tmp_path / "in")


def test_missing_pycocotools_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(ImportError, match="pip install pycocotools"):
        ours.prepare_annotation(detection_target(0, (9, 9)), DETECTION, (9, 9), return_segmentation_masks=True)
    ours.prepare_annotation(detection_target(0, (9, 9)), DETECTION, (9, 9))


@pytest.mark.parametrize("seed", range(6))
def test_compressed_run_lengths_are_those_of_the_coco_library(seed):
    from pycocotools import mask as coco

    rng = np.random.default_rng(seed)
    mask = rng.random((int(rng.integers(1, 60)), int(rng.integers(1, 90)))) < rng.choice([0.02, 0.5, 0.98])
    packed = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    counts = ours.uncompressed(packed["counts"], mask.size)
    assert sum(counts) == mask.size
    flat = np.repeat(np.arange(len(counts)) % 2, counts).astype(bool)
    np.testing.assert_array_equal(flat.reshape(mask.shape, order="F"), mask)


@pytest.mark.parametrize("text", ["~~~~", "PPPPPPPPPPPPPPPPPPPPPPP1", "0?", "P", "\n", "1m1", b"\xff"])
def test_compressed_run_lengths_that_are_none(text):
    with pytest.raises(ValueError, match=r"counts? "):
        ours.uncompressed(text, 10)


def test_run_lengths_of_both_kinds_and_one_element_arrays():
    from pycocotools import mask as coco

    mask = np.zeros((5, 7), np.uint8)
    mask[1:4, 2:6] = 1
    packed = coco.encode(np.asfortranarray(mask))
    pixels = mask.T.ravel()
    edges = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff(np.concatenate([[0], edges, [pixels.size]])).tolist()
    for segmentation in (packed, {**packed, "counts": packed["counts"].decode()}, {"size": [5, 7], "counts": counts}):
        record = {"category_id": np.array([3]), "area": torch.tensor([4.0]), "bbox": np.array([1, 1, 2, 2])}
        target = {"image_id": np.array([9]), "annotations": [{**record, "segmentation": segmentation}]}
        prepared = ours.prepare_annotation(target, DETECTION, (5, 7), return_segmentation_masks=True)
        assert np.array_equal(prepared["masks"], mask[None])
        assert prepared["image_id"].tolist() == [9]
        assert prepared["class_labels"].tolist() == [3]
        assert prepared["area"].tolist() == [4]


def test_callers_arrays_are_left_alone():
    boxes = np.array([[1.0, 1, 2, 2], [0, 0, 9, 9]], np.float32)
    before = boxes.copy()
    records = [{"category_id": 1, "area": 4.0, "bbox": box} for box in boxes]
    mine = ours.prepare_annotation({"image_id": 1, "annotations": records}, DETECTION, (5, 5))
    mine = ours.pad_annotation(ours.normalize_annotation(mine, (5, 5)), (5, 5), (9, 9))
    assert np.array_equal(boxes, before)
    assert mine["boxes"].tolist() != before.tolist()


def test_boxes_past_the_image():
    records = [{"bbox": box} for box in ([10, 10, 50, 40], [30, 30, 70, 60], [0, 0, 100, 50], [99, 49, 2, 2])]
    target = {"image_id": 1, "annotations": [*records, {"bbox": [0, 0, 500, 500], "iscrowd": 1}]}
    assert ours.boxes_past_the_image(target, (50, 100)) == (1, 4)  # an edge a pixel further is rounding
    assert ours.boxes_past_the_image({"image_id": 1, "annotations": []}, (50, 100)) == (0, 0)
