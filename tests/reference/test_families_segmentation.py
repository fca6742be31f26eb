"""Segmentation families: pixels and labels equal to the reference, maps that keep their ids, clear errors.

`SMALL` says under which options a family's output is small, `OWN` what it has of its own; everything else follows.
"""

from __future__ import annotations

import copy
import io
import json
import tempfile
import warnings
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from oracle import difference, draw, our_class, photos, picture, reference_class, usable_backends
from pixelprep.testing.compare import how

WARP = {"size": {"height": 40, "width": 36}}
EDGE = {"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}}
BOTH = {"size": {"shortest_edge": 45, "longest_edge": 99}}
SMALL: dict[str, dict[str, Any]] = {
    "Beit": WARP,
    "MobileNetV2": EDGE,
    "MobileViT": EDGE,
    **dict.fromkeys(["MaskFormer", "Mask2Former", "OneFormer", "Eomt"], BOTH),
    "Sam": {
        "size": {"longest_edge": 64},
        "pad_size": {"height": 64, "width": 66},
        "mask_size": {"longest_edge": 32},
        "mask_pad_size": {"height": 32, "width": 33},
    },
    "Sam2": {**WARP, "mask_size": {"height": 20, "width": 18}},
    "Sam3": {**WARP, "mask_size": {"height": 20, "width": 18}},
    "SegGpt": WARP,
    "Sapiens2": WARP,
}
# Options that the reference ignores and we take.
ACTS = {("OneFormer", "pad to size")}
BACKENDS = ("torchvision", "pil")
INTEGERS = ("size int", "size int, edge")
COMMON: dict[str, dict[str, Any]] = {
    "small": {},
    "no resize": {"do_resize": False},
    "no rescale": {"do_rescale": False},
    "no normalize": {"do_normalize": False},
    "bytes": {"do_rescale": False, "do_normalize": False},
    "rescale factor": {"rescale_factor": 1 / 128},
    "statistics": {"image_mean": [0.1, 0.2, 0.3], "image_std": (0.5, 0.4, 0.3)},
    **{f"filter {value}": {"resample": value} for value in range(4)},
    "size int": {"size": 33},
    "size int, edge": {"size": 33, "default_to_square": False},
    "size pair": {"size": (33, 47)},
    "size both edges": {"size": {"shortest_edge": 33, "longest_edge": 41}},
    "size maximum": {"size": {"max_height": 33, "max_width": 35}},
    "size longest edge": {"size": {"longest_edge": 41}},
    "crop inside": {"do_center_crop": True, "crop_size": 21},
    "crop outside": {"do_center_crop": True, "crop_size": {"height": 70, "width": 31}},
    "no crop": {"do_center_crop": False},
    "pad": {"do_pad": True},
    "pad to size": {"do_pad": True, "pad_size": {"height": 301, "width": 310}},
    "no pad": {"do_pad": False},
    "convert": {"do_convert_rgb": True},
}
MASKFORMER: dict[str, dict[str, Any]] = {
    "no divisor": {"size_divisor": 0},
    "divisor 7": {"size_divisor": 7},
    "ignore": {"ignore_index": 3, "num_labels": 5},
}
OWN: dict[str, dict[str, dict[str, Any]]] = {
    "Beit": {"reduce": {"do_reduce_labels": True}},
    "MobileNetV2": {"reduce": {"do_reduce_labels": True}},
    "MobileViT": {
        "reduce": {"do_reduce_labels": True},
        "no flip": {"do_flip_channel_order": False},
        "flipped bytes": {"do_rescale": False},
    },
    "MaskFormer": MASKFORMER,
    "Mask2Former": MASKFORMER,
    "OneFormer": {"ignore": {"ignore_index": 3, "num_labels": 5, "num_text": 4}},
    "Sam": {
        "longer": {"size": {"longest_edge": 61}},
        "masks": {"mask_size": {"longest_edge": 21}, "mask_pad_size": {"height": 22, "width": 23}},
    },
    "Sam2": {"masks": {"mask_size": {"height": 9, "width": 11}}},
    "Sam3": {"masks": {"mask_size": {"height": 9, "width": 11}}},
    "SegGpt": {"labels": {"num_labels": 5}, "painted": {"do_convert_rgb": False}},
    "Sapiens2": {
        "reduce": {"do_reduce_labels": True},
        "padded, sharp": {"do_pad": True, "resample": 3},
        "factor": {"keypoint_heatmap_downscale_factor": 2, "keypoint_heatmap_sigma": 2.0},
    },
    "Eomt": {
        "windows": {"do_split_image": True},
        "padded windows": {"do_split_image": True, "do_pad": True},
        "padded": {"do_pad": True, "size": {"shortest_edge": 60, "longest_edge": 62}},
        "ignore": {"ignore_index": 3},
    },
}
# What the reference crashes on and we take.
OURS_ALONE = {
    # A `pad_size` that is a mapping.
    *((family, backend, "pad to size") for family in ("MaskFormer", "Mask2Former") for backend in BACKENDS),
    # A shortest edge without a cap.
    *((family, backend, name) for family in ("MaskFormer", "Mask2Former") for backend in BACKENDS for name in INTEGERS),
}
# Families whose maps become `labels`, one id for each pixel.
REDUCING = ("Beit", "MobileNetV2", "MobileViT", "Sapiens2")
LABELS = ("Beit", "MobileNetV2", "MobileViT", "Sapiens2", "Sam", "Sam2", "Sam3")
SHAPES = [(1, 1), (2, 9), (37, 211), (213, 320)]


CLASSES = {str(i): {"name": f"class{min(i, 6)}", "isthing": i % 2} for i in range(40)}


@cache
def class_file() -> tuple[str, str]:
    """A folder with a file of class names."""
    folder = tempfile.mkdtemp()
    Path(folder, "classes.json").write_text(json.dumps(CLASSES))
    return folder, "classes.json"


@cache
def processors(family: str, backend: str) -> tuple[Any, Any]:
    """The reference's processor of a family, or None where it has none, and ours."""
    cls, given = reference_class(family, backend), {}
    if family == "OneFormer":
        given = dict(zip(("repo_path", "class_info_file"), class_file(), strict=True)) | {"num_text": 6}
    return cls and cls(**given), our_class(family, backend)(**given)


PAIRS = [(family, backend) for family in SMALL for backend in ("torchvision", "pil") if processors(family, backend)[0]]
every_pair = pytest.mark.parametrize(("family", "backend"), PAIRS)
every_family = pytest.mark.parametrize("family", SMALL)


def outcome(processor: Any, *inputs: Any, **options: Any) -> dict[str, Any] | Exception:
    """The output as a dictionary, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dict(processor(*inputs, **options))
        except Exception as error:
            return error


def assert_same(family: str, backend: str, name: str, *inputs: Any, **options: Any) -> None:
    """Equal outputs; where the reference fails, a plain error or, if that is listed, an output."""
    # The reference changes maps itself (Q4), so each side gets its own.
    reference, ours = (
        outcome(processor, *copy.deepcopy(inputs), **options) for processor in processors(family, backend)
    )
    if isinstance(reference, dict):
        if isinstance(ours, Exception):
            raise ours
        assert (family, backend, name) not in OURS_ALONE, "the reference takes it: it is no exception any more"
        if (family, name) in ACTS:
            assert how(reference, ours)[0] == "other values", "the same: it is no exception any more"
        else:
            assert difference(reference, ours) == 0.0
    elif (family, backend, name) in OURS_ALONE:
        assert isinstance(ours, dict), ours
    else:
        assert isinstance(ours, (ValueError, NotImplementedError)), (reference, ours)


def label_map(height: int, width: int, ids: int = 5, seed: int = 0) -> np.ndarray[Any, Any]:
    """Blocks of ids and noise, so that a wrong neighbour shows."""
    return draw(height, width, 1, seed)[..., 0] % ids


# ------------------------------------------------------------------------------------------------------- pixels


@every_pair
def test_variations(family: str, backend: str) -> None:
    for name, options in (COMMON | OWN[family]).items():
        for image in (picture(37, 61), draw(52, 44)):
            assert_same(family, backend, name, image, return_tensors="pt", **{**SMALL[family], **options})


@every_pair
@pytest.mark.parametrize("return_tensors", ["pt", "np", None])
def test_batches(family: str, backend: str, return_tensors: str | None) -> None:
    mixed = [picture(37, 61), draw(52, 44), picture(37, 61, seed=1)]
    for images in (mixed, [mixed[0], mixed[2]], [[mixed[0]], [mixed[2]]], np.stack([mixed[1], mixed[1]])):
        # Q16: without tasks the reference gives one for a batch.
        inputs = (images, ["semantic"] * len(images)) if family == "OneFormer" else (images,)
        assert_same(family, backend, "batch", *inputs, return_tensors=return_tensors, **SMALL[family])


@every_pair
def test_defaults(family: str, backend: str) -> None:
    for height, width in SHAPES:
        assert_same(family, backend, f"{height}x{width}", picture(height, width), return_tensors="np")
    with PIL.Image.open(photos()[0]) as photo:
        assert_same(family, backend, "photo", photo.convert("RGB"), return_tensors="np")


@every_family
def test_shapes_without_pixels(family: str) -> None:
    ours = processors(family, "pil")[1]
    for height, width in ((1, 1), (37, 61), (61, 37), (200, 3)):
        real = outcome(ours, picture(height, width), return_tensors="np", **SMALL[family])
        known = ours.output_shapes(height, width, **SMALL[family])
        assert {name: (np.shape(array), str(np.asarray(array).dtype)) for name, array in real.items()} == {
            name: (tuple(array.shape), str(array.dtype)) for name, array in known.items()
        }
        for name, array in known.items():
            assert array.values is None or array.values == np.asarray(real[name]).tolist()


@every_family
def test_every_backend_makes_the_same_outputs(family: str) -> None:
    images, options = [picture(37, 61), draw(37, 61)], {"return_tensors": "np", **SMALL[family]}
    expected = outcome(our_class(family, "torchvision")(), images, **options)
    for backend in (*usable_backends(), "reference"):
        got = outcome(our_class(family, backend)(), images, **options)
        assert {name: (np.shape(array), np.asarray(array).dtype) for name, array in got.items()} == {
            name: (np.shape(array), np.asarray(array).dtype) for name, array in expected.items()
        }
        if backend in ("reference", "native"):
            assert difference(expected, got) == 0.0


# ------------------------------------------------------------------------------------------------------- label maps

MAPS: dict[str, Any] = {
    "uint8": label_map(37, 61),
    "int64": label_map(37, 61).astype(np.int64),
    "tensor": torch.from_numpy(label_map(37, 61)),
    "picture": PIL.Image.fromarray(label_map(37, 61)),
    "ignored classes": np.where(draw(37, 61, 1)[..., 0] > 200, 255, label_map(37, 61, 3)).astype(np.uint8),
}


@pytest.mark.filterwarnings("ignore:segmentation map")
@pytest.mark.parametrize(("family", "backend"), [pair for pair in PAIRS if pair[0] in LABELS])
@pytest.mark.parametrize("kind", MAPS)
def test_label_maps(family: str, backend: str, kind: str) -> None:
    # Q3: BEiT's and Sapiens' references resize maps with the images' filter; with the nearest pixel both are the same.
    base = {**SMALL[family], **({"resample": 0} if family in ("Beit", "Sapiens2") else {})}
    changes: list[dict[str, Any]] = [{}, {"do_resize": False}]
    if family in REDUCING:
        changes += [{"do_reduce_labels": True}, {"size": (70, 90)}, {"do_center_crop": True}]
    for options in changes:
        for return_tensors in ("pt", "np", None) if family not in ("Sam2", "Sam3") else ("pt",):  # Q27
            given = {"return_tensors": return_tensors, **base, **options}
            assert_same(family, backend, "maps", picture(37, 61), MAPS[kind], **given)
        batch = [picture(37, 61), draw(37, 61)], [MAPS[kind], MAPS[kind]]
        assert_same(family, backend, "maps", *batch, **{"return_tensors": "pt", **base, **options})


@pytest.mark.parametrize("family", REDUCING)
@pytest.mark.parametrize("backend", [*usable_backends(), "reference"])
def test_no_ids_are_invented_and_none_is_written(family: str, backend: str) -> None:
    processor = our_class(family, backend)(**SMALL[family])
    for dtype in (np.uint8, np.uint16, np.int32, np.int64, np.float32):
        ids = np.array([0, 1, 7, 255] if dtype == np.uint8 else [0, 1, 7, 300])
        given = ids[label_map(50, 70, 4)].astype(dtype)
        before = given.copy()
        for reduce, allowed in ((False, {*ids.tolist(), 0}), (True, {0, 6, 255, 299})):
            labels = processor(picture(50, 70), given, do_reduce_labels=reduce, return_tensors="np")["labels"]
            assert labels.dtype == np.int64
            assert labels.shape == (1, *processor.output_shapes(50, 70)["pixel_values"].shape[-2:])
            assert set(np.unique(labels).tolist()) <= allowed
            assert np.array_equal(given, before)
    unresized = processor(picture(36, 32), given[:36, :32], do_resize=False, return_tensors="np")
    unresized["labels"][...] = 3
    assert np.array_equal(given, before)


@pytest.mark.parametrize("backend", usable_backends())
def test_reduced_maps_keep_what_losses_ignore(backend: str) -> None:
    processor = our_class("Beit", backend)(do_resize=False, do_reduce_labels=True)
    wide = np.array([[-100, -1, 0, 1, 2], [254, 255, 256, 300, 70000]])
    labels = processor(draw(2, 5), wide, return_tensors="np")["labels"]
    assert labels.tolist() == [[[-100, -1, 255, 0, 1], [253, 255, 255, 299, 69999]]]
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    labels = processor(draw(16, 16), every, return_tensors="np")["labels"]
    assert labels.ravel().tolist() == [255, *range(254), 255]


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ([label_map(37, 61)], "got 1 segmentation maps for 2 images"),
        ([label_map(37, 61), label_map(61, 37)], r"map 1 is 61x37 and image 1 is 37x61 \(height x width\)"),
        ([label_map(37, 61), picture(37, 61)], "map 1 has mode RGB; .* data set's own palette"),
        ([label_map(37, 61), np.full((37, 61), 0.5)], "map 1 holds fractions"),
        ([label_map(37, 61), np.full((37, 61), 2**24 + 1)], "map 1 holds ids beyond 16777216"),
    ],
)
@pytest.mark.parametrize("family", LABELS)
def test_maps_that_fit_no_image(family: str, maps: Any, message: str) -> None:
    for backend in usable_backends():
        with pytest.raises(ValueError, match=message):
            our_class(family, backend)()([picture(37, 61), draw(37, 61)], maps)


def test_bgr_needs_three_channels() -> None:
    with pytest.raises(ValueError, match="image 0: an image of 4 channels has no BGR order; pass do_convert_rgb=True"):
        our_class("MobileViT", "torchvision")()(picture(37, 61, "RGBA"), do_convert_rgb=False)


# ------------------------------------------------------------------------------------------------- masks and classes

MASKS = ("MaskFormer", "Mask2Former", "OneFormer", "Eomt")
MAP_OPTIONS: list[dict[str, Any]] = [
    {"ignore_index": 255},
    {"ignore_index": 255, "do_reduce_labels": True},
    {"ignore_index": 2},
    {"ignore_index": 4, "do_resize": False},
    {"ignore_index": 255, "size": {"height": 64, "width": 96}},
]
TABLES: list[Any] = [None, {i: i // 2 + 1 for i in range(9)}, [{i: i % 3 + 1 for i in range(9)}] * 2]


def targets(family: str, *given: Any, tasks: Any = None) -> tuple[Any, ...]:
    """What stands after the images, which for OneFormer is the task."""
    return (tasks, *given) if family == "OneFormer" else given


@pytest.mark.parametrize(("family", "backend"), [pair for pair in PAIRS if pair[0] in MASKS])
@pytest.mark.parametrize("task", ["panoptic", "instance", "semantic"])
def test_masks_of_maps(family: str, backend: str, task: str) -> None:
    if family != "OneFormer" and task != "panoptic":
        return
    images, maps = [picture(37, 61), draw(52, 44)], [label_map(37, 61), label_map(52, 44).astype(np.int64)]
    for options in MAP_OPTIONS:
        if family == "Eomt":
            options = {**{k: v for k, v in options.items() if k != "do_reduce_labels"}, "do_pad": True}
            # The void of a map is no class in ours: 4 is the last, so that nothing is reduced to it.
            options |= {"ignore_index": 255, "size": {"shortest_edge": 45, "longest_edge": 60}}
        for table in TABLES:
            given = {"return_tensors": "pt", **SMALL[family], **options}
            batches = [(images[:1], maps[:1]), (images, maps)] if family != "Eomt" else [(images[:1], maps[:1])]
            for pictures, labels in batches:
                rest = table[: len(labels)] if isinstance(table, list) else table
                inputs = targets(family, labels, rest, tasks=[task] * len(labels))
                reference, ours = (
                    outcome(processor, pictures, *copy.deepcopy(inputs), **given)
                    for processor in processors(family, backend)
                )
                if isinstance(reference, Exception):  # no thing in a map (OneFormer), PIL without fill (Q23)
                    assert isinstance(ours, dict), ours
                    continue
                # The reference's texts tell what earlier images held; the first image's are right.
                reference["text_inputs"] = ours["text_inputs"] = reference.get("text_inputs", [None])[:1]
                assert difference(reference, ours) == 0.0


def labels_of(family: str, backend: str, *given: Any, images: Any = None, **options: Any) -> tuple[Any, Any]:
    """Masks and classes that ours makes of maps, unresized."""
    images = [picture(*np.asarray(label).shape) for label in given[0]] if images is None else images
    processor = processors(family, backend)[1]
    options = {"do_resize": False, "return_tensors": "np", **options}
    output = processor(images, *targets(family, *given), **options)
    assert all(classes.dtype == np.int64 for classes in output["class_labels"])
    return output["mask_labels"], [classes.tolist() for classes in output["class_labels"]]


@pytest.mark.parametrize("family", MASKS)
def test_void_stays_void(family: str) -> None:
    """COMPLAINTS 20, 21: 255 never becomes class 254, and a map may be void everywhere."""
    some, void = np.array([[0, 1, 255]]), np.full((1, 3), 255)
    for backend in usable_backends():
        for dtype in (np.uint8, np.int32, np.int64):
            maps = [label.astype(dtype) for label in (some, void)]
            masks, classes = labels_of(family, backend, maps, ignore_index=255, do_reduce_labels=True)
            assert classes == [[0], []]
            assert [mask.tolist() for mask in masks] == [[[[0, 1, 0]]], []]
            assert [(mask.shape, mask.dtype) for mask in masks] == [((1, 1, 3), np.float32), ((0, 1, 3), np.float32)]
        assert labels_of(family, backend, [void.astype(np.uint8)], ignore_index=255, do_reduce_labels=True)[1] == [[]]
        assert labels_of(family, backend, [some], ignore_index=255, do_reduce_labels=False)[1] == [[0, 1]]


def test_eomt_reduces_where_there_is_void_unless_told_not_to() -> None:
    some = [np.array([[0, 1, 7, 255]])]
    for options, expected in (
        ({}, [[0, 6]]),
        ({"do_reduce_labels": True}, [[0, 6]]),
        ({"do_reduce_labels": False}, [[0, 1, 7]]),
    ):
        assert labels_of("Eomt", "pil", some, ignore_index=255, **options)[1] == expected


@pytest.mark.parametrize("family", MASKS)
def test_ids_without_a_class(family: str) -> None:
    """COMPLAINTS 22: the message names image, id and the ids known; wide ids work everywhere."""
    wide = [np.array([[1, 2]], np.uint16), np.array([[300, 40000]], np.uint16)]
    table = {1: 5, 2: 6, 300: 7, 40000: 8}
    for backend in usable_backends():
        assert labels_of(family, backend, wide, table)[1] == [[5, 6], [7, 8]]
        assert labels_of(family, backend, wide, {str(key): value for key, value in table.items()})[1] == [
            [5, 6],
            [7, 8],
        ]
        with pytest.raises(
            ValueError, match=r"no class for id 40000, which the map of image 1 holds; it knows 1, 2, 300"
        ):
            labels_of(family, backend, wide, {1: 5, 2: 6, 300: 7})
        with pytest.raises(ValueError, match="one mapping for all images or a list of one for each, 2 in all"):
            labels_of(family, backend, wide, [table])
        with pytest.raises(ValueError, match=r"Give every id a class; background is left out by .*do_reduce_labels"):
            labels_of(family, backend, [np.array([[0, 1]])], {1: 1})


@pytest.mark.parametrize("family", MASKS)
def test_reducing_needs_a_void_id(family: str) -> None:
    with pytest.raises(ValueError, match="pass ignore_index=255"):
        labels_of(family, "pil", [label_map(4, 5)], do_reduce_labels=True)


@pytest.mark.parametrize("family", MASKS)
@pytest.mark.parametrize("backend", usable_backends())
def test_masks_can_be_bits(family: str, backend: str) -> None:
    maps = [label_map(20, 30)]
    floats, classes = labels_of(family, backend, maps, ignore_index=255)
    for kind, dtype in (("bool", np.bool_), ("uint8", np.uint8), (None, np.float32)):
        masks, same = labels_of(family, backend, maps, ignore_index=255, mask_format=kind)
        assert same == classes
        assert masks[0].dtype == dtype
        assert np.array_equal(masks[0], floats[0])


def test_padding_of_masks() -> None:
    for backend in usable_backends():
        maps = [label_map(20, 30), label_map(25, 28)]
        for options, fill in (({"ignore_index": 255}, 255), ({}, 0), ({"ignore_index": 255, "mask_format": "bool"}, 0)):
            masks, _ = labels_of("Mask2Former", backend, maps, **options)
            assert [mask.shape[1:] for mask in masks] == [(25, 30)] * 2
            assert (masks[0][:, 20:] == fill).all()


SHAPED = {
    "image_id": 7,
    "annotations": [
        {"category_id": 3, "bbox": [2, 3, 20, 12], "area": 240.0, "segmentation": [[2, 3, 22, 3, 22, 15, 2, 15]]},
        {"category_id": 9, "bbox": [12, 6, 18, 20], "area": 360.0, "segmentation": [[12, 6, 30, 6, 30, 26, 12, 26]]},
        {"category_id": 1, "bbox": [0, 0, 5, 5], "area": 25.0, "segmentation": [[0, 0, 5, 0, 5, 5]], "iscrowd": 1},
    ],
}


@pytest.mark.parametrize("family", MASKS)
def test_coco_annotations_instead_of_maps(family: str) -> None:
    """COMPLAINTS 23: the same masks as those of a map, overlaps kept."""
    label = np.zeros((40, 50), np.uint8)
    label[3:15, 2:22], label[6:26, 12:30] = 1, 2
    for backend in usable_backends():
        processor = processors(family, backend)[1]
        options = {"return_tensors": "np", "ignore_index": 255, "do_reduce_labels": True, **SMALL[family]}
        by_map = processor(draw(40, 50), *targets(family, label, {1: 3, 2: 9}), **options)
        by_coco = processor(draw(40, 50), annotations=[SHAPED], **options)
        assert by_coco["class_labels"][0].tolist() == by_map["class_labels"][0].tolist() == [2, 8]
        masks, others = by_coco["mask_labels"][0], by_map["mask_labels"][0]
        assert masks.shape == others.shape
        assert np.array_equal(masks[1], others[1])
        assert ((masks[0] > others[0]) == ((masks[0] == 1) & (masks[1] == 1))).all()
        assert (masks[0] > others[0]).any()
        empty = processor(draw(40, 50), annotations={"image_id": 1, "annotations": []}, **options)
        assert empty["mask_labels"][0].shape == (0, *masks.shape[1:])
        with pytest.raises(ValueError, match="say the same; pass one of them"):
            processor(draw(40, 50), *targets(family, label), annotations=[SHAPED], **options)


def test_q16_one_task_for_each_image() -> None:
    for backend in usable_backends():
        processor = processors("OneFormer", backend)[1]
        for given, tasks in (
            (None, ["panoptic"] * 2),
            ("instance", ["instance"] * 2),
            (["semantic", "x"], ["semantic", "x"]),
        ):
            output = processor([draw(9, 9)] * 2, given, do_resize=False)
            assert output["task_inputs"] == [f"the task is {task}" for task in tasks]
        with pytest.raises(ValueError, match="got 3 task_inputs for 2 images"):
            processor([draw(9, 9)] * 2, ["semantic"] * 3)
        with pytest.raises(
            ValueError, match=r"task_inputs\[1\] is 'x'; it must be one of semantic, instance, panoptic"
        ):
            processor([draw(9, 9)] * 2, ["semantic", "x"], [label_map(9, 9)] * 2)


def test_texts_of_one_image_do_not_leak_into_the_next() -> None:
    for backend in usable_backends():
        processor = processors("OneFormer", backend)[1]
        maps = [np.array([[1, 2]]), np.array([[3, 3]])]
        output = processor([picture(1, 2)] * 2, "panoptic", maps, do_resize=False)
        assert output["text_inputs"] == [
            ["a photo with a class1", "a photo with a class2", *["an panoptic photo"] * 4],
            ["a photo with a class3", *["an panoptic photo"] * 5],
        ]
        alone = processor(picture(1, 2), "panoptic", maps[1], do_resize=False)
        assert alone["text_inputs"] == output["text_inputs"][1:]


def test_class_files_from_anywhere_but_the_network(tmp_path: Path) -> None:
    """COMPLAINTS 24."""
    cls = our_class("OneFormer", "pil")
    (tmp_path / "c.json").write_text(json.dumps(CLASSES))
    expected = processors("OneFormer", "pil")[0].metadata
    for given in (str(tmp_path / "c.json"), tmp_path / "c.json", io.StringIO(json.dumps(CLASSES)), CLASSES):
        assert cls(class_info_file=given).metadata == expected
    assert cls(class_info_file="c.json", repo_path=str(tmp_path)).metadata == expected
    saved = cls(class_info_file=CLASSES, num_text=3)
    assert cls.from_dict(json.loads(saved.to_json_string())).metadata == expected
    assert cls.from_dict({"class_info_file": "gone.json", "metadata": expected}).metadata == expected
    for given, message in (
        (None, "OneFormer needs the names of the classes"),
        (str(tmp_path / "gone.json"), r"gone.json', repo_path .*a JSON file .*\"isthing\""),
        ({"0": "wall"}, "it must hold the names of the classes"),
    ):
        processor = cls(class_info_file=given, repo_path=str(tmp_path), num_text=3)
        assert processor(draw(9, 9))["task_inputs"] == ["the task is panoptic"]  # pixels do without
        with pytest.raises(ValueError, match=message):
            processor(draw(9, 9), None, label_map(9, 9))
    with pytest.raises(ValueError, match="texts need `num_text`"):
        cls(class_info_file=CLASSES)(draw(9, 9), None, label_map(9, 9))
    with pytest.raises(ValueError, match="image 0 holds class 77, of which class_info_file has no name"):
        cls(class_info_file=CLASSES, num_text=3)(picture(1, 1), None, np.full((1, 1), 77))


def test_eomt_windows_take_the_table_of_their_image() -> None:
    maps = [np.full((10, 25), 1), np.full((25, 10), 1)]
    tables = [{1: 4}, {1: 8}]
    for backend in usable_backends():
        output = processors("Eomt", backend)[1](
            [draw(10, 25), draw(25, 10)],
            maps,
            tables,
            size={"shortest_edge": 10, "longest_edge": 25},
            do_split_image=True,
            return_tensors="np",
        )
        assert [offset.tolist() for offset in output["patch_offsets"]] == [
            [0, 0, 10], [0, 7, 17], [0, 15, 25], [1, 0, 10], [1, 7, 17], [1, 15, 25],
        ]  # fmt: skip
        assert all(offset.dtype == np.int64 for offset in output["patch_offsets"])
        assert [classes.tolist() for classes in output["class_labels"]] == [[4]] * 3 + [[8]] * 3
        assert output["pixel_values"].shape == (6, 3, 10, 10)


def test_older_sizes() -> None:
    for family in ("MaskFormer", "Mask2Former"):
        for backend in BACKENDS:
            reference, ours = reference_class(family, backend), our_class(family, backend)
            for given in ({"max_size": 900}, {"size": 300, "max_size": 400}, {"size": None}, {"size": (90, 80)}):
                assert dict(ours(**given).size) == {k: v for k, v in dict(reference(**given).size).items() if v}


# ------------------------------------------------------------------------------------------------- points and boxes

PROMPTABLE = ("Sam", "Sam2", "Sam3")


def reference_prompts(family: str, images: list[Any], **prompts: Any) -> dict[str, Any]:
    """What the reference's processor around the image processor makes of prompts."""
    from transformers import Sam2Processor, Sam3TrackerProcessor, SamProcessor

    around = {"Sam": SamProcessor, "Sam2": Sam2Processor, "Sam3": Sam3TrackerProcessor}[family]
    return dict(around(processors(family, "torchvision")[0])(images, return_tensors="pt", **prompts))


@pytest.mark.parametrize("family", PROMPTABLE)
def test_prompts_follow_their_images(family: str) -> None:
    images = [picture(37, 61), picture(52, 44)]
    points = [[[[3, 4], [50.5, 30]], [[7, 8], [9, 2]]], [[[40, 50], [1, 2]], [[0, 0], [43, 51]]]]
    labels = [[[1, 0], [1, 1]], [[0, 0], [1, 0]]]
    boxes = [[[1, 2, 30, 20], [0, 0, 61, 37]], [[5, 6, 7, 8], [1, 1, 40, 50]]]
    prompts: dict[str, Any]
    for prompts in ({"input_points": points}, {"input_points": points, "input_labels": labels}, {"input_boxes": boxes}):
        expected = reference_prompts(family, images, **copy.deepcopy(prompts))
        for kind in (list, np.array, torch.tensor):
            given = {name: kind(value) for name, value in copy.deepcopy(prompts).items()}
            assert (
                difference(expected, dict(processors(family, "torchvision")[1](images, return_tensors="pt", **given)))
                == 0
            )
        for backend in usable_backends():
            got = processors(family, backend)[1](images, return_tensors="np", **prompts)
            for name in prompts:
                assert got[name].dtype == np.asarray(expected[name]).dtype or backend == "mlx"
                assert np.allclose(got[name], expected[name], rtol=1e-6 if backend == "mlx" else 0, atol=0)


@pytest.mark.parametrize("family", PROMPTABLE)
def test_other_numbers_of_points_are_filled_up(family: str) -> None:
    """COMPLAINTS 28."""
    images = [picture(37, 61), picture(52, 44)]
    for backend in usable_backends():
        processor = processors(family, backend)[1]
        points, labels = [[[3, 4], [50, 30]], [[40, 50]]], [[1, 0], [1]]
        got = processor(images, input_points=points, input_labels=labels, return_tensors="np")
        assert got["input_points"].shape == (2, 1, 2, 2)
        assert got["input_points"][1, 0, 1].tolist() == [-10, -10]
        assert got["input_labels"].tolist() == [[[1, 0]], [[1, -10]]]
        nested = [[[[3, 4]], [[5, 6], [7, 8]]], [[[1, 2]]]]
        got = processor(images, input_points=nested, return_tensors="np")["input_points"]
        assert got.shape == (2, 2, 2, 2)
        assert (got[1, 1] == -10).all()
        assert (got[0, 0, 1] == -10).all()
        assert (got[:, 0, 0] > 0).all()
        for prompts, message in (
            ({"input_boxes": [[[1, 2, 3, 4]], []]}, "the images have 1, 0 boxes; the model takes as many for each"),
            ({"input_boxes": [[[1, 2, 3]], [[1, 2, 3]]]}, "input_boxes of image 0 must be finite"),
            ({"input_boxes": [[1, 2, 3, 4]] * 2}, r"must nest as \[image\]\[box\].*it has 2 levels"),
            ({"input_points": points[:1]}, "prompts of 1 images; there are 2 images"),
            ({"input_points": [[3, 4], [5, 6]]}, "it has 2 levels"),
            ({"input_points": [[[3, 4, 5]], [[5, 6, 7]]]}, r"of image 0, object 0: a point is \[x, y\]"),
            ({"input_points": [[[3, 4]], [[np.nan, 7]]]}, "of image 1, object 0 has NaN"),
            ({"input_points": points, "input_labels": [[1, 0], [1, 0]]}, "image 1 has .1. points and .2. labels"),
            ({"input_labels": labels}, "pass both"),
        ):
            with pytest.raises(ValueError, match=message):
                processor(images, **prompts)
    if family == "Sam":  # where the reference's processor fills up too
        given = {"input_points": [[[3.0, 4], [50, 30]], [[40, 50]]], "input_labels": [[1, 0], [1]]}
        expected = reference_prompts("Sam", images, **copy.deepcopy(given), point_pad_value=-10)
        assert (
            difference(expected, dict(processors("Sam", "torchvision")[1](images, return_tensors="pt", **given))) == 0
        )


@pytest.mark.parametrize("family", PROMPTABLE)
def test_q27_masks_in_every_form(family: str) -> None:
    """COMPLAINTS 29: 0 and 1 from bool; other values stay, with a warning."""
    maps = [label_map(37, 61, 2).astype(bool), label_map(52, 44, 2)]
    for backend in usable_backends():
        processor = processors(family, backend)[1]
        images = [picture(37, 61), picture(52, 44)]
        first = processor(images, maps, return_tensors="np", **SMALL[family])["labels"]
        again = processor(images, maps, **SMALL[family])["labels"]
        assert first.dtype == np.int64
        assert set(np.unique(first).tolist()) == {0, 1}
        assert np.array_equal(np.array([np.asarray(label) for label in again]), first)
        with pytest.warns(UserWarning, match="map 1 holds values up to 255"):
            wide = processor(images, [maps[0], maps[1] * 255], return_tensors="np", **SMALL[family])["labels"]
        assert np.array_equal(wide[1], first[1] * 255)


def test_sam_resizes_the_longer_side() -> None:
    for backend in BACKENDS:
        with pytest.raises(ValueError, match="SAM resizes the longer side; give `size` as longest_edge"):
            our_class("Sam", backend)()(picture(9, 9), size={"height": 9, "width": 9})
        narrow = our_class("Sam", backend)()(picture(1, 3000), return_tensors="np")
        assert narrow["reshaped_input_sizes"].tolist() == [[1, 1024]]


# ------------------------------------------------------------------------------------------------- painted masks


@pytest.mark.parametrize("backend", BACKENDS)
def test_painted_prompts(backend: str) -> None:
    images = [picture(37, 61), picture(37, 61, seed=1), label_map(37, 61)]
    for options in (
        {},
        {"num_labels": 4},
        {"num_labels": 30},
        {"num_labels": 4, "do_rescale": False, "do_normalize": False},
        {"num_labels": 4, "do_resize": False},
        {"do_rescale": False, "do_normalize": False},
    ):
        for return_tensors in ("pt", "np", None):
            for mask in (images[2], images[2].astype(np.int64), [images[2]]):
                given = {"return_tensors": return_tensors, **SMALL["SegGpt"], **options}
                assert_same("SegGpt", backend, "prompt", *images[:2], mask, **given)
                assert_same("SegGpt", backend, "prompt", images[0], None, mask, **given)
    given = {"return_tensors": "pt", "do_convert_rgb": False, **SMALL["SegGpt"]}
    assert_same("SegGpt", backend, "colours", images[0], images[1], draw(37, 61), **given)


def test_prompts_alone_and_labels_without_a_colour() -> None:
    """Q38: images are optional; a class beyond the palette is an error that names the mask."""
    for backend in usable_backends():
        processor = our_class("SegGpt", backend)(**SMALL["SegGpt"])
        alone = processor(prompt_images=draw(37, 61), prompt_masks=label_map(37, 61), num_labels=4)
        assert list(alone) == ["prompt_pixel_values", "prompt_masks"]
        with pytest.raises(ValueError, match=r"prompt mask 1: the mask holds classes 0 to 9; num_labels=4 has colours"):
            processor(None, None, [label_map(9, 9), np.arange(10).reshape(2, 5)], num_labels=4)
        with pytest.raises(ValueError, match="needs images, prompt_images or prompt_masks"):
            processor()
        with pytest.raises(ValueError, match="map 0 is 9x9 and image 0 is 37x61"):
            processor(None, draw(37, 61), label_map(9, 9))


def test_painted_results() -> None:
    reference, ours = processors("SegGpt", "torchvision")
    outputs = SimpleNamespace(pred_masks=torch.randn(2, 3, 40, 24, generator=torch.Generator().manual_seed(0)))
    arrays = {"pred_masks": outputs.pred_masks.numpy()}
    for sizes in (None, [(30, 41), (7, 100)]):
        for labels in (None, 3, 21):
            assert ours.get_palette(labels or 1) == reference.get_palette(labels or 1)
            for scores in (False, True):
                given = (sizes, labels, scores)
                expected = reference.post_process_semantic_segmentation(outputs, *given)
                assert difference(expected, ours.post_process_semantic_segmentation(outputs, *given)) == 0.0
                got = ours.post_process_semantic_segmentation(arrays, *given)
                for theirs, mine in zip(expected, got, strict=True):
                    maps = (theirs.segmentation, mine.segmentation) if scores else (theirs, mine)
                    assert np.array_equal(*map(np.asarray, maps)) or labels is None
                    assert np.abs(np.asarray(maps[0]) - maps[1]).max() <= 1  # a mean, truncated


# ------------------------------------------------------------------------------------------------- people in boxes

PEOPLE = [[[5.0, 4.0, 20.0, 25.0], [10.0, 2.0, 50.0, 30.0]], [[3.5, 7.25, 30.0, 60.0]]]
JOINTS = [
    [[[6.0, 7.0, 1.0], [20.0, 20.0, 0.0], [100.0, 4.0, 1.0]], [[12.0, 7.0, 2.0], [30.0, 10.0, 1.0], [0.0, 0.0, 1.0]]],
    [[[6.0, 7.0, 1.0], [20.0, 20.0, 0.0], [30.0, 40.0, 1.0]]],
]
# The exponential of torch's vector library is not the nearest float32 everywhere: one unit in the last place below 1.
EXPONENTIAL = 2.0**-24


def test_crops_of_people() -> None:
    images = [picture(37, 61), picture(90, 44)]
    for options in ({}, {"do_normalize": False}, {"do_center_crop": True, "crop_size": 20}, {"size": (150, 100)}):
        given = {"return_tensors": "pt", **SMALL["Sapiens2"], **options}
        expected = dict(processors("Sapiens2", "torchvision")[0](images, boxes=PEOPLE, **given))
        for kind in (list, lambda boxes: [np.array(entries) for entries in boxes]):
            got = processors("Sapiens2", "torchvision")[1](images, boxes=kind(PEOPLE), **given)
            assert difference(expected, dict(got)) == 0.0
        for backend in (*usable_backends(), "reference"):
            got = our_class("Sapiens2", backend)()(images, boxes=PEOPLE, **{**given, "return_tensors": "np"})
            assert got["pixel_values"].shape == tuple(expected["pixel_values"].shape)
            # PIL's rescaling rounds once more; MLX multiplies where the others add and multiply.
            tolerance = 0.0 if backend in ("torchvision", "native", "reference") else 1e-5
            assert np.abs(got["pixel_values"] - expected["pixel_values"].numpy()).max() <= tolerance


def test_heatmaps_of_joints() -> None:
    images = [picture(37, 61), picture(90, 44)]
    for options in ({}, {"keypoint_heatmap_downscale_factor": 2}, {"keypoint_heatmap_sigma": 2.5}):
        for joints in (JOINTS, [[[joint[:2] for joint in person] for person in people] for people in JOINTS]):
            given = {"return_tensors": "pt", "boxes": PEOPLE, "keypoints": joints, **SMALL["Sapiens2"], **options}
            reference, ours = (dict(processor(images, **given)) for processor in processors("Sapiens2", "torchvision"))
            assert difference(reference, ours) == 0.0
            for backend in usable_backends():
                got = our_class("Sapiens2", backend)()(images, **{**given, "return_tensors": "np"})
                assert np.abs(got["labels"] - reference["labels"].numpy()).max() <= 2 * EXPONENTIAL
                assert np.array_equal(got["label_weights"], reference["label_weights"])
    nobody = processors("Sapiens2", "pil")[1](images[0], boxes=[PEOPLE[0][:1]], keypoints=[[[]]], **SMALL["Sapiens2"])
    assert [entry[0].shape for entry in (nobody["labels"], nobody["label_weights"])] == [(0, 10, 9), (0,)]


def test_maps_of_people_hold_no_new_ids() -> None:
    label = np.array([3, 7, 200])[label_map(37, 61, 3)]
    for backend in usable_backends():
        for reduce, allowed in ((False, {0, 3, 7, 200}), (True, {255, 2, 6, 199})):
            given = {"boxes": PEOPLE[:1], "do_reduce_labels": reduce, "return_tensors": "np", **SMALL["Sapiens2"]}
            labels = our_class("Sapiens2", backend)()(picture(37, 61), label, **given)["labels"]
            assert labels.shape == (2, 40, 36)
            assert labels.dtype == np.int64
            assert set(np.unique(labels).tolist()) == allowed


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"boxes": PEOPLE}, "boxes of 2 images; there are 1 images"),
        ({"boxes": [[[1, 2, 3]]]}, "box 0 of image 0 must be"),
        ({"boxes": [[[1, 2, 3, 4], [1, 2, 0, 4]]]}, "box 1 of image 0 must be .* positive sides"),
        ({"boxes": [[[1, 2, 3, float("nan")]]]}, "box 0 of image 0 must be"),
        ({"boxes": [[None]]}, "box 0 of image 0 must be"),
        ({"keypoints": JOINTS[:1]}, "keypoints need boxes"),
        ({"boxes": PEOPLE[:1], "keypoints": [JOINTS[0][:1]]}, "image 0 has keypoints of 1 people and 2 boxes"),
        ({"boxes": PEOPLE[:1], "keypoints": JOINTS}, "keypoints of 2 images and boxes of 1"),
        ({"boxes": PEOPLE[:1], "keypoints": JOINTS[:1], "segmentation_maps": label_map(37, 61)}, "pass one of them"),
        ({"boxes": PEOPLE[:1], "size": {"shortest_edge": 9}}, "needs `height` and `width`"),
    ],
)
def test_people_that_are_none(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        processors("Sapiens2", "pil")[1](picture(37, 61), **given)
