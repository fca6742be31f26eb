"""Post-processing of detection families: torch tensors to the bit, NumPy arrays within float32 rounding."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from annotated import detection_target
from needs import ROOT
from oracle import our_class, picture, reference_class
from pixelprep.postprocess._arrays import image_sizes, top
from pixelprep.postprocess.reading_order import reading_order

# exp and a sum of at most 13 terms in float32: each rounding is 2^-24, and values are at most 1.
PROBABILITY_TOLERANCE = 16 * 2.0**-24

SIZES: dict[str, Any] = {
    "none": None,
    "list": [(480, 640), (37, 211)],
    "int tensor": torch.tensor([[480, 640], [37, 211]]),
}


def make_outputs(
    seed: int, batch: int = 2, queries: int = 12, classes: int = 6, side: int = 9, coordinates: int = 4
) -> SimpleNamespace:
    """Confident outputs, so that scores lie on both sides of every threshold."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return 3 * torch.randn(*shape, generator=generator)

    boxes = torch.rand(batch, queries, coordinates, generator=generator) * torch.tensor(
        [1.0] * 2 + [0.7] * (coordinates - 2)
    )
    masks = torch.nn.functional.interpolate(normal(batch, queries, 3, 3), size=(side, side), mode="bilinear")
    return SimpleNamespace(
        logits=normal(batch, queries, classes),
        pred_boxes=boxes,
        target_pred_boxes=boxes,
        pred_masks=masks,
        out_masks=torch.nn.functional.interpolate(masks, size=(200, 200), mode="bilinear"),
        order_logits=normal(batch, queries, queries),
        relative_order_logits=normal(batch, queries, queries),
        successor_order_logits=normal(batch, queries, queries),
    )


def as_numpy(outputs: SimpleNamespace) -> dict[str, np.ndarray[Any, Any]]:
    return {name: value.numpy() for name, value in vars(outputs).items()}


def same(ours: Any, theirs: Any, where: str = "result", atol: float | None = None) -> None:
    """Equal results, to the bit; with `atol`, ours are NumPy arrays and float values that near."""
    if isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs), where
        for key, value in theirs.items():
            same(ours[key], value, f"{where}[{key!r}]", atol)
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            same(*pair, f"{where}[{index}]", atol)
    elif hasattr(theirs, "shape"):
        if atol is None:
            assert type(ours) is type(theirs), where
            assert ours.dtype == theirs.dtype, where
            assert tuple(ours.shape) == tuple(theirs.shape), where
            assert np.array_equal(ours, theirs), where
        else:
            theirs = np.asarray(theirs)
            assert isinstance(ours, np.ndarray), where
            assert ours.dtype == theirs.dtype, where
            # Scores of NumPy's exp; boxes are computed alike.
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol if "scores" in where else 0, err_msg=where)
    elif isinstance(theirs, float) and atol is not None:
        assert ours == pytest.approx(theirs, abs=1e-6 + atol)
    else:
        assert ours == theirs, where


# Family, method, options: each is tried with every form of target sizes.
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("Detr", "object_detection", {"threshold": 0.3}),
    ("Yolos", "object_detection", {}),
    ("Yolos", "object_detection", {"threshold": 0.0}),
    ("ConditionalDetr", "object_detection", {}),
    ("ConditionalDetr", "object_detection", {"top_k": 7, "threshold": 0.1}),
    ("DeformableDetr", "object_detection", {"threshold": 0.9}),
    ("DeformableDetr", "object_detection", {"top_k": 1000, "threshold": 0.0}),
    ("RfDetr", "object_detection", {}),
    ("RfDetr", "object_detection", {"top_k": 40, "threshold": 0.2}),
    ("RTDetr", "object_detection", {}),
    ("RTDetr", "object_detection", {"threshold": 0.99}),
    ("GroundingDino", "object_detection", {}),
    ("GroundingDino", "object_detection", {"threshold": 0.7}),
    ("OwlViT", "object_detection", {}),
    ("OwlViT", "object_detection", {"threshold": 0.999999}),
    ("OwlViT", "image_guided_detection", {}),
    ("OwlViT", "image_guided_detection", {"threshold": 0.6, "nms_threshold": 0.1}),
    ("OwlViT", "image_guided_detection", {"nms_threshold": 1.0}),
    ("Owlv2", "object_detection", {}),
    ("Owlv2", "image_guided_detection", {"threshold": 0.1}),
    ("ConditionalDetr", "instance_segmentation", {"threshold": 0.3}),
    ("ConditionalDetr", "panoptic_segmentation", {"threshold": 0.3, "overlap_mask_area_threshold": 0.2}),
    ("ConditionalDetr", "semantic_segmentation", {}),
    ("RfDetr", "instance_segmentation", {}),
    ("RfDetr", "instance_segmentation", {"threshold": 0.1, "mask_threshold": 0.4, "top_k": 30}),
    ("RfDetr", "instance_segmentation", {"return_binary_maps": True, "threshold": 0.2}),
    ("PPDocLayoutV2", "object_detection", {}),
    ("PPDocLayoutV2", "object_detection", {"threshold": 0.1}),
    ("PPDocLayoutV3", "object_detection", {}),
    ("PPDocLayoutV3", "object_detection", {"threshold": 0.2}),
    ("PPDocLayoutV4", "object_detection", {}),
    ("PPDocLayoutV4", "object_detection", {"threshold": 0.1}),
]


@pytest.mark.parametrize(("family", "method", "options"), CALLS, ids=lambda value: str(value))
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_methods(family: str, method: str, options: dict[str, Any], sizes: Any) -> None:
    name = f"post_process_{method}"
    theirs = getattr(reference_class(family, "torchvision")(), name)
    ours = getattr(our_class(family, "native")(), name)
    if sizes is None and family in ("PPDocLayoutV3", "PPDocLayoutV4"):  # Q42
        with pytest.raises(ValueError, match="target_sizes"):
            ours(make_outputs(0), target_sizes=None)
        return
    theirs_sizes = torch.tensor(sizes) if method == "image_guided_detection" and isinstance(sizes, list) else sizes
    # V3 scales opencv in float32 where sizes are a tensor, and rounds some halves the other way.
    if (method.endswith("segmentation") or family == "PPDocLayoutV3") and isinstance(sizes, torch.Tensor):
        theirs_sizes = [tuple(size) for size in sizes.tolist()]
    for seed in range(3):
        outputs = make_outputs(seed, coordinates=10 if family == "PPDocLayoutV4" else 4)
        expected = theirs(outputs, target_sizes=theirs_sizes, **options)
        same(ours(outputs, target_sizes=sizes, **options), expected)
        if method != "semantic_segmentation":  # compared in test_postprocess, where classes are clear
            same(ours(as_numpy(outputs), target_sizes=sizes, **options), expected, atol=4 * PROBABILITY_TOLERANCE)


@pytest.mark.parametrize("array", [torch.asarray, np.asarray])
def test_the_last_class_of_rt_detr_can_win(array: Any) -> None:
    """Without the focal loss the reference takes it for "no object", and the softmax over images."""
    outputs = {"logits": array(torch.tensor([[[0.0, 9], [9, 0]]])), "pred_boxes": array(torch.full((1, 2, 4), 0.5))}
    ours = our_class("RTDetr", "pil")().post_process_object_detection(outputs, use_focal_loss=False)
    assert ours[0]["labels"].tolist() == [1, 0]
    assert float(ours[0]["scores"][0]) == pytest.approx(1 / (1 + np.exp(-9)))


FORMS: dict[str, Any] = {
    "tuple": ((480, 640), (37, 211)),
    "lists": [[480, 640], [37, 211]],
    "array": np.array([[480, 640], [37, 211]]),
    "float array": np.array([[480, 640], [37, 211]], np.float64),
    "tensors": [torch.tensor([480, 640]), torch.tensor([37, 211])],
    "arrays": [np.array([480, 640]), np.array([37, 211])],
    "nested": [[(480, 640)], [(37, 211)]],
    "named": [{"height": 480, "width": 640}, {"width": 211, "height": 37}],
    "images": [picture(480, 640), picture(37, 211)],
    "image arrays": [np.zeros((480, 640, 3), np.uint8), torch.zeros(3, 37, 211)],
    "numbers of NumPy": [(np.int64(480), np.float32(640)), (np.int64(37), torch.tensor(211))],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_target_sizes_in_every_form(form: Any) -> None:
    for family, method in {(family, method) for family, method, _ in CALLS}:
        outputs = make_outputs(0, coordinates=10 if family == "PPDocLayoutV4" else 4)
        ours = getattr(our_class(family, "native")(), f"post_process_{method}")
        same(ours(outputs, target_sizes=form), ours(outputs, target_sizes=[(480, 640), (37, 211)]))


def test_one_size_for_all() -> None:
    for one in [(480, 640), np.array([480, 640]), {"height": 480, "width": 640}, picture(480, 640)]:
        assert image_sizes(one, 3) == [(480, 640)] * 3
    with pytest.raises(ValueError, match="3 in all; it holds 2"):
        image_sizes([(1, 2), (3, 4)], 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype: torch.dtype) -> None:
    """Boxes in bfloat16 would move in steps of 32 pixels here."""
    outputs = SimpleNamespace(
        logits=torch.full((1, 1, 2), 3.0, dtype=dtype),
        pred_boxes=torch.tensor([[[0.7001, 0.5, 0.2, 0.2]]], dtype=dtype),
    )
    outputs.target_pred_boxes = outputs.pred_boxes
    x = float(outputs.pred_boxes[0, 0, 0])
    for family in ("Detr", "Yolos", "ConditionalDetr", "RTDetr", "RfDetr", "GroundingDino", "OwlViT"):
        ours = our_class(family, "pil")()
        for given in (outputs, {name: value.float().numpy() for name, value in vars(outputs).items()}):
            result = ours.post_process_object_detection(given, 0.1, target_sizes=[(4000, 6000)])[0]
            assert str(result["boxes"].dtype).endswith("float32")
            width = float(outputs.pred_boxes[0, 0, 2])
            assert float(result["boxes"][0, 0]) == pytest.approx((x - width / 2) * 6000, abs=1e-3)
    for method, family in (("image_guided_detection", "OwlViT"),):
        single = SimpleNamespace(**{name: value.float() for name, value in vars(outputs).items()})
        ours = getattr(our_class(family, "pil")(), f"post_process_{method}")
        same(ours(outputs, target_sizes=[(4000, 6000)]), ours(single, target_sizes=[(4000, 6000)]))


@pytest.mark.parametrize("kind", ["torch", "numpy"])
def test_nothing_found_has_the_form_of_something(kind: str) -> None:
    for family, method in sorted({(family, method) for family, method, _ in CALLS if "semantic" not in method}):
        outputs = make_outputs(0, coordinates=10 if family == "PPDocLayoutV4" else 4)
        given = outputs if kind == "torch" else as_numpy(outputs)
        ours = getattr(our_class(family, "native")(), f"post_process_{method}")
        some = ours(given, threshold=0.0, target_sizes=[(40, 50)] * 2)
        none = ours(given, threshold=2.0, target_sizes=[(40, 50)] * 2)
        assert len(none) == len(some) == 2
        for full, empty in zip(some, none, strict=True):
            assert list(full) == list(empty)
            for key, value in full.items():
                assert type(empty[key]) is type(value), (family, method, key)
                if hasattr(value, "shape") and key != "segmentation":
                    assert empty[key].dtype == value.dtype, (family, method, key)
                    assert tuple(empty[key].shape) == (0, *value.shape[1:]), (family, method, key)


def test_images_without_hits_keep_their_place() -> None:
    """The reference leaves them out of the list of image-guided results."""
    outputs = make_outputs(0)
    outputs.logits[0] = -200.0
    theirs = reference_class("OwlViT", "torchvision")().post_process_image_guided_detection(outputs)
    ours = our_class("OwlViT", "native")().post_process_image_guided_detection(outputs)
    assert len(theirs) == 1
    assert len(ours) == 2
    same(ours[1:], theirs)
    assert tuple(ours[0]["boxes"].shape) == (0, 4)


def test_stretched_scores_say_nothing_of_a_hit() -> None:
    outputs = {"logits": np.full((1, 1, 1), -7.0, np.float32), "target_pred_boxes": np.full((1, 1, 4), 0.5, np.float32)}
    scores = our_class("OwlViT", "pil")().post_process_image_guided_detection(outputs)[0]["scores"]
    assert scores[0] == pytest.approx(0.9988, abs=1e-4)


COCO = ["Detr", "ConditionalDetr", "DeformableDetr", "GroundingDino", "Yolos", "RfDetr", "RTDetr"]


@pytest.mark.parametrize("family", COCO)
@pytest.mark.parametrize("tensors", ["pt", "np"])
def test_labels_fed_back_as_predictions_return(family: str, tensors: str) -> None:
    """Training boxes are relative to the padded image; `pixel_mask` brings them back to the images of the batch."""
    sizes = [(90, 130), (130, 90), (61, 200)]
    processor = our_class(family, "torchvision" if tensors == "pt" else "pil")(
        size={"shortest_edge": 80, "longest_edge": 150}, do_pad=True
    )
    targets = [detection_target(seed, size) for seed, size in enumerate(sizes)]
    inputs = processor([picture(*size) for size in sizes], targets, return_tensors=tensors)
    original = [
        our_class(family, "pil")().prepare_annotation(picture_of(size), target)["boxes"]
        for size, target in zip(sizes, targets, strict=True)
    ]
    count = max(map(len, original))
    boxes = np.zeros((3, count, 4), np.float32)
    logits = np.full((3, count, 92), -50, np.float32)
    for index, label in enumerate(inputs["labels"]):
        boxes[index, : len(label["boxes"])] = label["boxes"]
        for row, name in enumerate(np.asarray(label["class_labels"])):
            logits[index, row, name] = 5 - 0.1 * row  # in falling order, which all methods keep
    outputs = {"logits": logits, "pred_boxes": boxes}
    if tensors == "pt":
        outputs = {name: torch.from_numpy(value) for name, value in outputs.items()}
    results = processor.post_process_object_detection(outputs, 0.5, target_sizes=sizes, pixel_mask=inputs["pixel_mask"])
    for expected, result in zip(original, results, strict=True):
        # Corners of up to 200 pixels after seven roundings to float32.
        np.testing.assert_allclose(
            np.asarray(result["boxes"])[np.argsort(-np.asarray(result["scores"]), kind="stable")],
            expected,
            atol=200 * 8 * 2.0**-24,
        )


def picture_of(size: tuple[int, int]) -> np.ndarray[Any, Any]:
    return np.zeros((3, *size), np.uint8)


@pytest.mark.parametrize("family", ["Detr", "ConditionalDetr", "RfDetr"])
def test_masks_without_padding(family: str) -> None:
    """A segment that fills its image in a padded batch fills the original, and no other result has padding in it."""
    sizes = [(96, 128), (128, 96)]
    processor = our_class(family, "native")(size={"shortest_edge": 96, "longest_edge": 128})
    inputs = processor([picture(*size) for size in sizes], return_tensors="np")
    canvas = inputs["pixel_mask"].shape[-2:]
    masks = np.where(inputs["pixel_mask"], 20.0, -20.0).astype(np.float32)[:, None, ::4, ::4]
    logits = np.array([[[9, -9, -9]]] * 2, np.float32)
    outputs = {"logits": logits, "pred_masks": np.ascontiguousarray(masks)}
    given = {"target_sizes": sizes, "pixel_mask": inputs["pixel_mask"]}
    for result, size in zip(processor.post_process_instance_segmentation(outputs, **given), sizes, strict=True):
        segmentation = result["segmentation"]
        assert segmentation.shape == size
        assert (segmentation[:-4, :-4] == 1).all()
    if family != "RfDetr":
        assert [m.shape for m in processor.post_process_semantic_segmentation(outputs, **given)] == sizes
        assert [
            r["segmentation"].shape for r in processor.post_process_panoptic_segmentation(outputs, **given)
        ] == sizes
    padded = processor.post_process_instance_segmentation(outputs, target_sizes=[canvas] * 2)
    if family == "RfDetr":  # in the others every pixel goes to the one segment
        assert all((result["segmentation"] != 1).any() for result in padded)
    with pytest.raises(ValueError, match=r"pixel_mask must be \(B, height, width\) with one mask for each of 2"):
        processor.post_process_instance_segmentation(outputs, pixel_mask=inputs["pixel_mask"][:1])
    with pytest.raises(ValueError, match=r"pixel_mask\[1\] marks no pixel"):
        processor.post_process_instance_segmentation(outputs, pixel_mask=inputs["pixel_mask"] * [[[1]], [[0]]])


@pytest.mark.parametrize("array", [torch.asarray, np.asarray])
def test_run_lengths_that_coco_reads(array: Any) -> None:
    """The reference's are pairs of start and length, row by row, which its library refuses."""
    from pycocotools import mask as coco

    outputs = {name: array(value) for name, value in vars(make_outputs(3)).items()}
    process = our_class("RfDetr", "native")().post_process_instance_segmentation
    options = {"threshold": 0.1, "target_sizes": [(40, 50), (30, 20)]}
    maps = process(outputs, **options)
    for plain, encoded in zip(maps, process(outputs, return_coco_annotation=True, **options), strict=True):
        assert len(encoded["segmentation"]) == len(plain["segments_info"]) > 0
        for segment, run_lengths in zip(plain["segments_info"], encoded["segmentation"], strict=True):
            assert np.array_equal(coco.decode(run_lengths), np.asarray(plain["segmentation"]) == segment["id"])
    theirs = reference_class("RfDetr", "torchvision")().post_process_instance_segmentation(
        make_outputs(3), return_coco_annotation=True, **options
    )
    ours = process(outputs, return_coco_annotation="reference", **options)
    assert [result["segmentation"] for result in ours] == [result["segmentation"] for result in theirs]
    with pytest.raises(ValueError, match="'reference', not 'yolo'"):
        process(outputs, return_coco_annotation="yolo", **options)
    with pytest.raises(ValueError, match="ask for one"):
        process(outputs, return_coco_annotation=True, return_binary_maps=True)


def test_numpy_needs_no_torch() -> None:
    code = """
import sys
import numpy as np
from pixelprep import RTDetrImageProcessorPil, OwlViTImageProcessorPil, PPDocLayoutV2ImageProcessorPil
outputs = {"logits": np.eye(4, dtype="f4")[None] * 9, "pred_boxes": np.full((1, 4, 4), 0.5, "f4"),
           "target_pred_boxes": np.full((1, 4, 4), 0.5, "f4"), "order_logits": np.ones((1, 4, 4), "f4")}
assert len(RTDetrImageProcessorPil().post_process_object_detection(outputs, target_sizes=[(10, 20)])[0]["boxes"]) == 4
owl = OwlViTImageProcessorPil()
assert len(owl.post_process_image_guided_detection(outputs, target_sizes=[(10, 20)])[0]["boxes"]) == 1
owl.post_process_object_detection(outputs)
PPDocLayoutV2ImageProcessorPil().post_process_object_detection(outputs)
assert "torch" not in sys.modules
assert "cv2" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("seed", range(30))
def test_reading_order(seed: int) -> None:
    """Chains, circles of all strengths and equal links, against the reference's decoder."""
    decode = reference_class("PPDocLayoutV4", "torchvision")()._decode_reading_order
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 14))
    relative = rng.normal(size=(count, count)).astype(np.float32) * 3
    successor = rng.normal(size=(count, count)).astype(np.float32) - rng.uniform(0, 2)
    if seed % 3 == 0:
        relative, successor = relative.round(), successor.round()
    np.fill_diagonal(successor, -1e4)
    assert reading_order(relative, successor).tolist() == decode(relative, successor).tolist()


def test_owlv2_boxes_of_oblong_images() -> None:
    """Boxes are relative to the padded square, unless nothing was padded."""
    outputs = {
        "logits": np.full((1, 1, 1), 9, np.float32),
        "pred_boxes": np.array([[[0.25, 0.25, 0.5, 0.5]]], np.float32),
    }
    ours, stretched = our_class("Owlv2", "pil")(), our_class("Owlv2", "pil")(do_pad=False)
    given = {"target_sizes": [(100, 200)]}
    assert ours.post_process_object_detection(outputs, **given)[0]["boxes"].tolist() == [[0, 0, 100, 100]]
    assert stretched.post_process_object_detection(outputs, **given)[0]["boxes"].tolist() == [[0, 0, 100, 50]]


@pytest.mark.parametrize("family", ["Detr", "ConditionalDetr"])
def test_unclaimed_pixels_and_ids_after_fusing(family: str) -> None:
    masks = np.full((1, 4, 1, 8), -20, np.float32)
    for query in range(4):
        masks[0, query, 0, 2 * query] = 20
    logits = np.full((1, 4, 4), -9, np.float32)
    logits[0, range(4), [0, 1, 0, 2]] = 9
    panoptic = our_class(family, "native")().post_process_panoptic_segmentation
    outputs = {"logits": logits, "pred_masks": masks}
    result = panoptic(outputs, label_ids_to_fuse={0}, void_unclaimed=True)[0]
    assert result["segmentation"].tolist() == [[1, 0, 2, 0, 1, 0, 3, 0]]
    assert [(segment["id"], segment["label_id"]) for segment in result["segments_info"]] == [(1, 0), (2, 1), (3, 2)]
    assert 0 not in panoptic(outputs)[0]["segmentation"]


def test_the_page_of_results_runs() -> None:
    page = (ROOT / "docs" / "results.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 3
    exec("\n".join(blocks), {})


@pytest.mark.parametrize("count", [0, 1, 7, 40, 100])
def test_the_largest_of_numpy_arrays(count: int) -> None:
    """As a whole stable sort gives them: equal values in the order they come, NaN first as in torch."""
    rng = np.random.default_rng(count)
    values = rng.integers(0, 9, (3, 40)).astype(np.float32)
    values[1, 5] = np.nan
    best, indices = top(values, count)
    expected = np.argsort(-np.nan_to_num(values, nan=np.inf), axis=1, kind="stable")[:, :count]
    assert np.array_equal(indices, expected)
    assert np.array_equal(best, np.take_along_axis(values, expected, 1), equal_nan=True)
    theirs, _ = top(torch.from_numpy(values), count)
    assert np.array_equal(best, theirs, equal_nan=True)


def test_missing_opencv_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match=r'OpenCV, which is missing: pip install "pixelprep\[opencv\]"'):
        our_class("PPDocLayoutV3", "native")().post_process_object_detection(make_outputs(0), target_sizes=(480, 640))
