"""Detection families beyond their `cases.py`: annotations through every option, and what is ours alone."""

from __future__ import annotations

import copy
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from annotated import detection_target, panoptic_target
from oracle import difference, draw, our_class, picture, reference_class

EDGES = {"size": {"shortest_edge": 60, "longest_edge": 150}}
BOX = {"size": {"height": 64, "width": 48}}
GROUP = ["Detr", "ConditionalDetr", "DeformableDetr", "GroundingDino", "Yolos", "RfDetr"]
SMALL: dict[str, dict[str, Any]] = {
    **dict.fromkeys(GROUP, EDGES),
    **dict.fromkeys(["RTDetr", "PPDocLayoutV2", "PPDocLayoutV3", "PPDocLayoutV4"], BOX),
    "Owlv2": BOX,
    "OwlViT": {**BOX, "crop_size": {"height": 40, "width": 44}},
}
COCO = [*GROUP, "RTDetr"]


@cache
def processors(family: str, backend: str) -> tuple[Any, Any]:
    """Both classes, small; where the reference has no PIL class, None."""
    theirs = reference_class(family, "pil" if backend == "pil" else "torchvision")
    return theirs and theirs(**copy.deepcopy(SMALL[family])), our_class(family, backend)(**SMALL[family])


def run(processor: Any, *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return processor(*args, **kwargs)


def to_numpy(value: Any) -> Any:
    if isinstance(value, dict) or (hasattr(value, "data") and isinstance(value.data, dict)):
        return {key: to_numpy(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [to_numpy(entry) for entry in value]
    return np.asarray(value) if isinstance(value, torch.Tensor) else value


def same(family: str, backend: str, *args: Any, **kwargs: Any) -> None:
    theirs, ours = processors(family, backend)
    tensors = kwargs.get("return_tensors", "np")
    expected = run(theirs, *args, **{**kwargs, "return_tensors": tensors})
    got = run(ours, *args, **{**kwargs, "return_tensors": tensors})
    if backend == "native" and tensors != "np":
        expected, got = to_numpy(expected), to_numpy(got)
    assert difference(dict(expected), dict(got)) == 0


COMPARED = [
    (family, backend)
    for family in SMALL
    for backend in ("torchvision", "native", "pil")
    if reference_class(family, "pil" if backend == "pil" else "torchvision")
]


ANNOTATED = [(family, backend) for family, backend in COMPARED if family in COCO]


@pytest.mark.parametrize(("family", "backend"), ANNOTATED)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"do_convert_annotations": False},
        {"do_convert_annotations": True, "do_normalize": False},
        {"do_pad": False, **BOX},
        {"do_pad": True},
        {"pad_size": {"height": 200, "width": 210}, "do_pad": True},
        {"do_resize": False, "do_pad": True},
        {"return_tensors": None, "do_pad": True},
    ],
    ids=str,
)
def test_detection_annotations(family: str, backend: str, options: dict[str, Any]) -> None:
    sizes = [(90, 130), (130, 90), (90, 130)]
    images = [picture(*size, seed=index) for index, size in enumerate(sizes)]
    targets = [detection_target(seed, size, crowds=True) for seed, size in enumerate(sizes)]
    before = copy.deepcopy(targets)
    same(family, backend, images, targets, **options)
    same(family, backend, images[0], targets[0], **options)
    same(family, backend, images[0], {"image_id": 3, "annotations": []}, **options)
    assert targets == before


@pytest.mark.parametrize(("family", "backend"), [pair for pair in ANNOTATED if pair[0] != "RTDetr"])
def test_masks_of_polygons(family: str, backend: str) -> None:
    sizes = [(90, 130), (130, 90)]
    images = [picture(*size) for size in sizes]
    targets = [detection_target(seed, size) for seed, size in enumerate(sizes)]
    same(family, backend, images, targets, return_segmentation_masks=True)
    same(family, backend, images, targets, return_segmentation_masks=True, do_resize=False)


@pytest.mark.parametrize(("family", "backend"), [p for p in ANNOTATED if p[0] not in ("RTDetr", "RfDetr")])
@pytest.mark.parametrize("masks", [None, False])
def test_panoptic_annotations(family: str, backend: str, masks: bool | None, tmp_path: Any) -> None:
    sizes = [(90, 130), (130, 90)]
    images = [picture(*size) for size in sizes]
    targets = [panoptic_target(seed, size, tmp_path) for seed, size in enumerate(sizes)]
    given = {"return_segmentation_masks": masks, "masks_path": tmp_path, "format": "coco_panoptic"}
    same(family, backend, images, targets, **given)


@pytest.mark.parametrize("backend", ["torchvision", "native", "pil"])
def test_what_the_reference_refuses_or_drops(backend: str, tmp_path: Any) -> None:
    """Q22: masks beside crowds, and RT-DETR's; panoptic annotations of RT-DETR and RF-DETR; Q31: bytes of RF-DETR."""
    size = (90, 130)
    image, target = picture(*size), detection_target(1, size, crowds=True)
    detr = our_class("Detr", backend)(**EDGES, do_resize=False)
    expected = detr(image, target, return_segmentation_masks=True, return_tensors="np").labels[0]
    for family in COCO:
        ours = our_class(family, backend)(do_resize=False)
        label = ours(image, target, return_segmentation_masks=True, return_tensors="np").labels[0]
        assert difference(dict(expected), dict(label)) == 0
        assert label["masks"].shape == (len(label["boxes"]), *size)
    panoptic = panoptic_target(0, size, tmp_path)
    given = {"masks_path": tmp_path, "format": "coco_panoptic", "return_tensors": "np"}
    expected = detr(image, panoptic, **given).labels[0]
    for family in ("RTDetr", "RfDetr"):
        label = our_class(family, backend)(do_resize=False)(image, panoptic, **given).labels[0]
        assert difference(dict(expected), dict(label)) == 0
    ours = our_class("RfDetr", backend)(do_resize=False, do_rescale=False, image_mean=[1, 2, 3], image_std=[4, 5, 6])
    pixels = ours(image, return_tensors="np").pixel_values[0]
    expected_pixels = (np.asarray(image, np.float32) - [1, 2, 3]) / [4, 5, 6]
    np.testing.assert_allclose(pixels, expected_pixels.transpose(2, 0, 1), rtol=1e-6)


@pytest.mark.parametrize("backend", ["torchvision", "native", "pil"])
@pytest.mark.parametrize("family", COCO)
def test_keypoints_follow_their_boxes(family: str, backend: str) -> None:
    record = {"category_id": 1, "area": 4, "bbox": [20, 10, 60, 30], "keypoints": [20, 10, 2, 80, 40, 1]}
    images = [picture(90, 130), picture(130, 90)]
    targets = [{"image_id": i, "annotations": [record]} for i in range(2)]
    for options in ({}, {"do_convert_annotations": False}, {"do_pad": True}):
        ours = our_class(family, backend)(**SMALL[family])
        for label in ours(images, targets, return_tensors="np", **options).labels:
            x, y, width, height = label["boxes"][0]
            corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
            corners = [x, y, width, height] if options.get("do_convert_annotations") is False else corners
            assert label["keypoints"].dtype == np.float32
            np.testing.assert_allclose(label["keypoints"][:, :2].ravel(), corners, rtol=1e-5)
            assert label["keypoints"][:, 2].tolist() == [2, 1]


@pytest.mark.parametrize("family", COCO)
def test_mixed_sizes_without_padding_are_refused(family: str) -> None:
    for backend in ("torchvision", "native", "pil"):
        ours = our_class(family, backend)(**EDGES, do_pad=False)
        with pytest.raises(ValueError, match=r"different sizes cannot become one batch: .*do_pad=True"):
            ours([picture(90, 130), picture(130, 90)], return_tensors="np")


def test_corners_taken_for_boxes_are_warned_of() -> None:
    ours = our_class("Detr", "native")(**EDGES)
    records = [{"category_id": 1, "area": 4, "bbox": box} for box in ([70, 50, 120, 80], [60, 60, 100, 88])]
    with pytest.warns(UserWarning, match=r"2 of 2 boxes reach past their images: COCO's boxes are \(x, y, width"):
        ours(picture(90, 130), {"image_id": 1, "annotations": records})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours(picture(90, 130), {"image_id": 1, "annotations": records})
        ours.preprocess(picture(90, 130), {"image_id": 1, "annotations": records})
    assert [warning.filename for warning in caught] == [__file__] * 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        records = [{**record, "bbox": [1, 1, 20, 20]} for record in records]
        ours(picture(90, 130), {"image_id": 1, "annotations": records})


def test_yolos_sizes() -> None:
    """Sides are multiples of 16, 16 at least (Q36): the reference gives 0 for strips."""
    ours = our_class("Yolos", "native")()
    for size, expected in {(1500, 1500): (800, 800), (1335, 89): (1328, 80), (89, 1335): (80, 1328)}.items():
        assert ours.output_shapes(*size)["pixel_values"].shape[-2:] == expected
    assert ours.output_shapes(2000, 5)["pixel_values"].shape[-2:] == (1328, 16)
    assert ours.output_shapes(100, 150, size={"shortest_edge": 70})["pixel_values"].shape[-2:] == (64, 96)


@pytest.mark.parametrize("family", SMALL)
def test_dry_run_and_other_backends(family: str) -> None:
    """Shapes without pixels, and mlx within its levels: the reference backend is the oracle."""
    ours = our_class(family, "native")(**SMALL[family])
    shapes = ours.output_shapes(90, 130)
    outputs = ours(picture(90, 130), return_tensors="np")
    assert {name: (shape.shape, shape.dtype) for name, shape in shapes.items()} == {
        name: (value.shape, str(value.dtype)) for name, value in outputs.items()
    }
    options = {"do_rescale": False, "do_normalize": False, "return_tensors": "np"}
    if family != "RfDetr":
        expected, got = (
            our_class(family, backend)(**SMALL[family])(picture(90, 130), **options).pixel_values
            for backend in ("native", "mlx")
        )
        assert np.abs(expected.astype(float) - got.astype(float)).max() <= 2


@pytest.mark.parametrize("family", ["RfDetr", "PPDocLayoutV2", "PPDocLayoutV3", "PPDocLayoutV4"])
def test_pil_where_the_reference_has_none(family: str) -> None:
    """Within float32 rounding of the torchvision class: positions are float32 there, double precision here."""
    theirs, _ = processors(family, "torchvision")
    ours = our_class(family, "pil")(**SMALL[family])
    for images in (picture(90, 130), picture(211, 37)):
        expected, got = theirs(images, return_tensors="np"), ours(images, return_tensors="np")
        np.testing.assert_allclose(got.pixel_values, expected.pixel_values, rtol=0, atol=2e-4)


def test_early_names_of_owlvit() -> None:
    for family in ("OwlViT", "Owlv2"):
        assert our_class(family, "native")(rescale=False).do_rescale is False


@pytest.mark.parametrize("backend", ["torchvision", "native", "pil"])
@pytest.mark.parametrize("size", [(64, 64), (7, 7), (40, 64), (300, 200)])
def test_blurred_shrinking(backend: str, size: tuple[int, int]) -> None:
    """Floats and bytes, squares and not, shrunk and grown along either axis: torch's values, and SciPy's."""
    theirs = reference_class("Owlv2", "pil" if backend == "pil" else "torchvision")()
    ours = our_class("Owlv2", backend)()
    narrow = draw(211, 37)
    for images in (picture(90, 130), narrow, picture(64, 64), draw(65, 61)):
        for options in ({}, {"do_pad": False}, {"do_rescale": False, "do_normalize": False}):
            given = {"size": {"height": size[0], "width": size[1]}, "return_tensors": "np", **options}
            got = ours(images, **given)
            if size == (7, 7) and images is narrow and "do_pad" in options and backend != "pil":
                with pytest.raises(RuntimeError, match="Padding size"):  # torch mirrors once at most
                    theirs(images, **given)
            else:
                assert difference(dict(theirs(images, **given)), dict(got)) == 0


@pytest.mark.parametrize("backend", ["torchvision", "native", "pil"])
def test_resample_changes_nothing_in_owlv2(backend: str) -> None:
    """Q52; NEAREST, which is 0, is taken for "do not blur" by the PIL class."""
    ours = our_class("Owlv2", backend)(**BOX, return_tensors="np")
    assert difference(dict(ours(picture(90, 130))), dict(ours(picture(90, 130), resample=0))) == 0


def test_owlv2_without_resizing() -> None:
    """Q25: the torchvision class raises KeyError."""
    given = {"do_resize": False, "return_tensors": "np"}
    expected = reference_class("Owlv2", "pil")()(picture(37, 51), **given)
    for backend in ("torchvision", "native", "pil"):
        pixels = our_class("Owlv2", backend)()(picture(37, 51), **given).pixel_values
        assert pixels.shape == (1, 3, 51, 51)
        np.testing.assert_allclose(pixels, expected["pixel_values"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("backend", ["torchvision", "native"])
def test_floats_of_pp_doclayout_v4(backend: str) -> None:
    """The range of a call's pixels bounds what bicubic interpolation overshoots."""
    theirs, ours = processors("PPDocLayoutV4", backend)
    floats, whole = draw(90, 130).astype(np.float32) / 255, draw(80, 70)
    for images in (floats, [floats, whole], [floats, whole.astype(np.float32)], [floats, floats[:50]]):
        for options in ({}, {"do_rescale": False}, {"do_rescale": False, "do_normalize": False}):
            given = {"return_tensors": "np", **options}
            assert difference(dict(run(theirs, images, **given)), dict(run(ours, images, **given))) == 0
