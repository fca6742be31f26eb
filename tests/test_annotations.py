"""COCO annotations against the reference's two DETR classes, to the bit, through every step."""

from __future__ import annotations

import sys

import numpy as np
import PIL.Image
import pytest
import torch
from transformers import DetrImageProcessor, DetrImageProcessorPil
from transformers.models.detr import image_processing_detr, image_processing_pil_detr

import pixelprep.annotations as ours

DETECTION, PANOPTIC = "coco_detection", "coco_panoptic"
REFERENCES = {False: DetrImageProcessor(), True: DetrImageProcessorPil()}
both_backends = pytest.mark.parametrize("pil", REFERENCES, ids=["torchvision", "pil"])


def blank(size, pil):
    return np.zeros((3, *size), np.uint8) if pil else torch.zeros((3, *size), dtype=torch.uint8)


def assert_same(mine, reference):
    assert list(mine) == list(reference)
    for key, expected in reference.items():
        if isinstance(expected, tuple):
            assert mine[key] == expected
            continue
        expected = np.asarray(expected)
        assert mine[key].dtype == expected.dtype, key
        assert mine[key].shape == expected.shape, key
        assert np.array_equal(mine[key], expected), key


def detection_target(seed, size, keypoints=False, crowds=False):
    """Boxes inside, across and outside the image's edges, some of them empty."""
    rng = np.random.default_rng(seed)
    height, width = size
    objects = []
    for index in range(int(rng.integers(3, 9))):
        x, y = rng.uniform(-0.2, 1.1, 2) * (width, height)
        w, h = rng.uniform(0, 0.6, 2) * (width, height) * (rng.random(2) > 0.1)
        polygons = [rng.uniform(0, 1, (int(rng.integers(3, 7)), 2)) * (width, height) for _ in range(1 + index % 2)]
        record = {
            "id": index,
            "category_id": int(rng.integers(0, 91)),
            "area": float(rng.uniform(0, 1e5)),
            "bbox": [float(x), float(y), float(w), float(h)],
            "segmentation": [polygon.ravel().tolist() for polygon in polygons],
        }
        if keypoints:
            record["keypoints"] = rng.integers(0, min(size) + 1, 51).tolist()
        if index % 3:
            record["iscrowd"] = int(crowds and index % 3 == 1)
        objects.append(record)
    return {"image_id": seed + 10**10, "annotations": objects}


def panoptic_target(seed, size, folder, mode="RGB"):
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, 2**24, 6)
    blocks = ids[rng.integers(0, 5, (4, 5))]  # the last id has no pixel
    segment_map = np.asarray(PIL.Image.fromarray(blocks.astype(np.int32)).resize(size[::-1], 0))
    pixels = np.stack([segment_map & 255, segment_map >> 8 & 255, segment_map >> 16 & 255], -1).astype(np.uint8)
    image = PIL.Image.fromarray(pixels)
    image.convert(mode).save(folder / f"{seed}.png")
    segments = [
        {
            "id": int(segment_id),
            "category_id": int(rng.integers(0, 200)),
            "iscrowd": int(rng.integers(0, 2)),
            "area": int(rng.integers(1, 2**28)),
        }
        for segment_id in ids
    ]
    return {"image_id": seed, "file_name": f"{seed}.png", "segments_info": segments}


@both_backends
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("masks", [False, True])
def test_detection_through_every_step(pil, seed, masks):
    size, resized, padded = (37, 51), [(80, 110), (20, 31), (37, 90)][seed % 3], (111, 123)
    # With masks and crowds the torchvision class raises IndexError; see the test of kept masks below.
    target = detection_target(seed, size, keypoints=seed % 2 == 0, crowds=pil or not masks)
    mine = ours.prepare_annotation(target, DETECTION, size, return_segmentation_masks=masks, pil=pil)
    theirs = REFERENCES[pil].prepare_annotation(blank(size, pil), target, DETECTION, masks)
    assert len(mine["boxes"]) > 0
    assert ("keypoints" in mine) == (seed % 2 == 0)
    assert ("masks" in mine) == masks
    check_steps(mine, theirs, size, resized, padded, pil)


@both_backends
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("masks", [None, False])
def test_panoptic_through_every_step(pil, seed, masks, tmp_path):
    size, resized, padded = (37, 51), (61, 84), (70, 99)
    target = panoptic_target(seed, size, tmp_path, "RGBA" if seed % 2 else "RGB")
    mine = ours.prepare_annotation(
        target, PANOPTIC, size, return_segmentation_masks=masks, masks_path=tmp_path, pil=pil
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
        assert_same(ours.pad_annotation(mine, size, padded, pil=pil), pad_reference(theirs, size, padded, True, pil))
        assert_same(
            ours.resize_annotation({"masks": mine["masks"]}, size, size, pil=pil),
            reference.resize_annotation(unresized, size, size),
        )
    mine = ours.resize_annotation(mine, size, resized, pil=pil)
    theirs = reference.resize_annotation(theirs, size, resized)
    assert_same(mine, theirs)
    assert_same(
        ours.pad_annotation(mine, resized, padded, update_boxes=False, pil=pil),
        pad_reference(theirs, resized, padded, False, pil),
    )
    mine, theirs = ours.normalize_annotation(mine, resized), reference.normalize_annotation(theirs, resized)
    assert_same(mine, theirs)
    before = mine["boxes"].copy()
    assert_same(ours.pad_annotation(mine, resized, padded, pil=pil), pad_reference(theirs, resized, padded, True, pil))
    assert np.array_equal(mine["boxes"], before)
    assert_same(ours.pad_annotation(mine, resized, resized, pil=pil), mine)


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
        theirs = REFERENCES[pil].resize_annotation(given, (length, 5), (int(size), 5))
        assert_same(ours.resize_annotation({"masks": masks}, (length, 5), (int(size), 5), pil=pil), theirs)
        columns = ours.resize_annotation({"masks": masks.transpose(0, 2, 1)}, (5, length), (5, int(size)), pil=pil)
        assert np.array_equal(columns["masks"], np.asarray(theirs["masks"]).transpose(0, 2, 1))


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
    mine = ours.prepare_annotation(target, DETECTION, (8, 9), pil=pil)
    assert_same(mine, REFERENCES[pil].prepare_annotation(blank((8, 9), pil), target, DETECTION))
    mine = ours.prepare_annotation(target, DETECTION, (8, 9), return_segmentation_masks=True, pil=pil)
    mine = ours.resize_annotation(mine, (8, 9), (16, 18), pil=pil)
    assert mine["masks"].shape == (0, 16, 18)
    assert mine["masks"].dtype == np.bool_
    PIL.Image.new("RGB", (9, 8)).save(tmp_path / "a.png")
    target = {"image_id": 1, "file_name": "a.png", "segments_info": []}
    mine = ours.prepare_annotation(target, PANOPTIC, (8, 9), masks_path=tmp_path, pil=pil)
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
        ({"category_id": 2**70}, r"'category_id' is no int64"),
        ({"area": [1, 2]}, r"'area' must have the shape \(\)"),
        ({"keypoints": [1, 2, 3]}, r"annotations\[0\] of image_id 7 has no 'keypoints'"),
        ({"segmentation": [[1, 2, 3]]}, r"annotations\[1\] of image_id 7: 'segmentation' is no list of polygons"),
        ({"segmentation": [[1, 2, 3, float("nan"), 5, 6]]}, "finite"),
        ({"segmentation": [[1, 2, 3, 1e12, 5, 6]]}, "at most 1000000"),
        ({"segmentation": "abc"}, "no list of polygons: 'abc'"),
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
    with pytest.raises(ValueError, match=r"0\.png must be a colour image of 6x5 pixels.*; it is 5x6, mode RGB"):
        ours.prepare_annotation(target, PANOPTIC, (6, 5), masks_path=tmp_path)
    PIL.Image.new("L", (6, 5)).save(tmp_path / "0.png")
    with pytest.raises(ValueError, match="mode L"):
        ours.prepare_annotation(target, PANOPTIC, (5, 6), masks_path=tmp_path)
    with pytest.raises(FileNotFoundError):
        ours.prepare_annotation(target | {"file_name": "b.png"}, PANOPTIC, (5, 6), masks_path=tmp_path)


def test_missing_pycocotools_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(ImportError, match="pip install pycocotools"):
        ours.prepare_annotation(detection_target(0, (9, 9)), DETECTION, (9, 9), return_segmentation_masks=True)
    ours.prepare_annotation(detection_target(0, (9, 9)), DETECTION, (9, 9))
