"""Masks of the MaskFormer group against the reference: torch to the bit, NumPy within float32 rounding."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pycocotools.mask
import pytest
import torch

from oracle import draw, our_class, reference_class
from pixelprep.postprocess import _resizing

FAMILIES = ("MaskFormer", "Mask2Former", "OneFormer", "Eomt")
CLASSES = {str(i): {"name": f"class{i}", "isthing": i % 2} for i in range(80)}
SIZES = [(50, 60), (31, 20)]
BACKENDS = ("torchvision", "pil")
every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@cache
def processors(family: str, backend: str) -> tuple[Any, Any]:
    reference = reference_class(family, backend)
    if family != "OneFormer":
        return reference(), our_class(family, backend)()
    theirs = reference()
    things = [int(key) for key, entry in CLASSES.items() if entry["isthing"]]
    theirs.metadata, theirs.class_info_file = {"thing_ids": things}, "ade20k.json"
    return theirs, our_class(family, backend)(class_info_file=CLASSES)


def made(seed: int, batch: int = 2, queries: int = 12, classes: int = 5, height: int = 24, width: int = 32) -> Any:
    """Confident outputs, so that scores lie on both sides of every threshold, and masks of several blobs."""
    generator = torch.Generator().manual_seed(seed)
    blobs = 20 * torch.randn(batch, queries, 3, 3, generator=generator)
    return SimpleNamespace(
        class_queries_logits=3 * torch.randn(batch, queries, classes + 1, generator=generator),
        masks_queries_logits=torch.nn.functional.interpolate(blobs, size=(height, width), mode="bilinear"),
        patch_offsets=None,
    )


def as_numpy(outputs: Any) -> dict[str, Any]:
    return {name: None if value is None else np.asarray(value) for name, value in vars(outputs).items()}


def assert_equal(expected: list[Any], got: list[Any], dtype: Any = None) -> None:
    """The same maps and segments; where nothing is found, the reference's map is of floats and ours of `dtype`."""
    for theirs, mine in zip(expected, got, strict=True):
        if isinstance(theirs, torch.Tensor):
            assert theirs.dtype == mine.dtype
            assert torch.equal(theirs, mine)
            continue
        assert list(theirs) == list(mine)
        for name in theirs:
            if isinstance(theirs[name], torch.Tensor):
                value = theirs[name] if dtype is None else theirs[name].to(dtype)
                assert value.dtype == mine[name].dtype
                assert torch.equal(value, mine[name])
            else:
                assert theirs[name] == mine[name]


@every_family
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("queries", "classes"), [(12, 5), (3, 3), (1, 70)])
def test_the_results_are_the_references(family: str, backend: str, queries: int, classes: int) -> None:
    reference, ours = processors(family, backend)
    maps = {"Eomt": torch.int64}.get(family, torch.int32)
    for seed in range(3):
        outputs = made(seed, queries=queries, classes=classes)
        for sizes in ([None] if family != "Eomt" else []) + [SIZES, [(120, 160), (24, 32)]]:
            for scores in (False, True):
                given = {"target_sizes": sizes, "return_segmentation_scores": scores}
                both = (p.post_process_semantic_segmentation(outputs, **given) for p in (reference, ours))
                assert_equal(*both)
            for threshold in (0.0, 0.3, 0.5, 0.9999):
                given = {"target_sizes": sizes, "threshold": threshold}
                both = (p.post_process_instance_segmentation(outputs, **given) for p in (reference, ours))
                assert_equal(*both, torch.int32 if family == "OneFormer" else None)
                both = (p.post_process_panoptic_segmentation(outputs, **given) for p in (reference, ours))
                assert_equal(*both, maps)


@every_family
def test_thresholds_and_stuff(family: str) -> None:
    reference, ours = processors(family, "torchvision")
    for seed in range(3):
        outputs = made(seed)
        for mask_threshold, share in ((0.1, 0.0), (0.4, 0.5), (0.9, 0.95)):
            given = {"target_sizes": SIZES, "threshold": 0.3, "mask_threshold": mask_threshold}
            given |= {"overlap_mask_area_threshold": share}
            both = (p.post_process_panoptic_segmentation(outputs, **given) for p in (reference, ours))
            assert_equal(*both, torch.int64 if family == "Eomt" else torch.int32)
            if family == "OneFormer":
                for more in ({}, {"task_type": "panoptic"}, {"is_demo": False}):
                    both = (p.post_process_instance_segmentation(outputs, **given, **more) for p in (reference, ours))
                    if more != {"is_demo": False}:  # the reference fails on stuff classes of ADE20K
                        assert_equal(*both, torch.int32)
            if family == "Eomt":
                given |= {"stuff_classes": [0, 2]}
                both = (p.post_process_panoptic_segmentation(outputs, **given) for p in (reference, ours))
                assert_equal(*both, torch.int64)


def test_windows_become_images() -> None:
    size = {"shortest_edge": 40, "longest_edge": None}
    for backend in BACKENDS:
        reference, ours = processors("Eomt", backend)
        tall, wide = (97, 50), (40, 85)
        batch = ours([draw(*tall), draw(*wide)], size={"shortest_edge": 40}, do_split_image=True, return_tensors="pt")
        outputs = made(3, batch=len(batch["patch_offsets"]), height=10, width=10)
        outputs.patch_offsets = batch["patch_offsets"]
        for scores in (False, True):
            given = {"target_sizes": [tall, wide], "size": size, "return_segmentation_scores": scores}
            both = [p.post_process_semantic_segmentation(outputs, **given) for p in (reference, ours)]
            assert_equal(*both)
        again = ours.post_process_semantic_segmentation(as_numpy_offsets(outputs), [tall, wide], size)
        different = [np.mean(mine != theirs.segmentation.numpy()) for mine, theirs in zip(again, both[0], strict=True)]
        assert max(different) < 1e-3  # ties within float32
        logits = torch.rand(len(outputs.patch_offsets), 4, 40, 40)
        merged = ours.merge_image_patches(logits, outputs.patch_offsets, [tall, wide], size)
        assert_equal(reference.merge_image_patches(logits, outputs.patch_offsets, [tall, wide], size), merged)


def as_numpy_offsets(outputs: Any) -> dict[str, Any]:
    offsets = [offset.tolist() for offset in outputs.patch_offsets]
    return {**as_numpy(SimpleNamespace(**{**vars(outputs), "patch_offsets": None})), "patch_offsets": offsets}


@every_family
def test_numpy_without_torch(family: str) -> None:
    """The same segments; scores, rounded to six digits, within what float32 sums of masks allow."""
    ours = processors(family, "pil")[1]
    for seed in range(3):
        outputs = made(seed)
        for method in ("panoptic", "instance"):
            call = getattr(ours, f"post_process_{method}_segmentation")
            expected = call(outputs, target_sizes=SIZES, threshold=0.3)
            for theirs, mine in zip(expected, call(as_numpy(outputs), target_sizes=SIZES, threshold=0.3), strict=True):
                assert type(mine["segmentation"]) is np.ndarray
                assert str(mine["segmentation"].dtype) == str(theirs["segmentation"].dtype).removeprefix("torch.")
                order = sorted(theirs["segments_info"], key=lambda segment: -segment["score"])
                found = sorted(mine["segments_info"], key=lambda segment: -segment["score"])
                assert [segment["label_id"] for segment in order] == [segment["label_id"] for segment in found]
                # A mean over at most 384 x 384 probabilities, each within 2^-22, and the rounding to six digits.
                for segment, other in zip(order, found, strict=True):
                    assert segment["score"] == pytest.approx(other["score"], abs=2e-6)
                for segment, other in zip(order, found, strict=True):
                    shown = theirs["segmentation"].numpy() == segment["id"], mine["segmentation"] == other["id"]
                    assert method == "instance" or np.mean(shown[0] != shown[1]) < 1e-3
        expected = ours.post_process_semantic_segmentation(outputs, SIZES, return_segmentation_scores=True)
        got = ours.post_process_semantic_segmentation(as_numpy(outputs), SIZES, return_segmentation_scores=True)
        for theirs, mine in zip(expected, got, strict=True):
            # Sums over 12 queries of products below 1, resized once or twice: 40 roundings of 12 x 2^-24.
            assert np.abs(mine.segmentation_scores - theirs.segmentation_scores.numpy()).max() < 40 * 12 * 2.0**-24
    code = f"""
import sys
import numpy as np, pixelprep
names = {{str(i): {{"name": str(i), "isthing": 1}} for i in range(6)}}
ours = pixelprep.{family}ImageProcessorPil(**{{"class_info_file": names}} if "{family}" == "OneFormer" else {{}})
rng = np.random.default_rng(0)
outputs = {{"class_queries_logits": 3 * rng.normal(size=(1, 9, 6)).astype("float32"),
           "masks_queries_logits": 9 * rng.normal(size=(1, 9, 6, 7)).astype("float32")}}
for method in ("semantic", "instance", "panoptic"):
    getattr(ours, f"post_process_{{method}}_segmentation")(outputs, target_sizes=[(20, 30)])
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@every_family
@pytest.mark.parametrize("array", [torch.asarray, lambda value: value.numpy()], ids=["torch", "numpy"])
def test_nothing_found_is_of_the_same_kind(family: str, array: Any) -> None:
    ours = processors(family, "torchvision")[1]
    outputs = made(0)
    outputs = {name: array(value) for name, value in vars(outputs).items() if value is not None}
    for method in ("panoptic", "instance"):
        call = getattr(ours, f"post_process_{method}_segmentation")
        share = {} if (family, method) == ("Eomt", "instance") else {"overlap_mask_area_threshold": 0.0}
        full = call(outputs, target_sizes=SIZES, threshold=0.0, **share)[0]
        empty = call(outputs, target_sizes=SIZES, threshold=1.0)[0]
        assert list(full) == list(empty)
        assert full["segments_info"]
        assert empty["segments_info"] == []
        assert full["segmentation"].dtype == empty["segmentation"].dtype
        assert full["segmentation"].shape == empty["segmentation"].shape == SIZES[0]
        assert (empty["segmentation"] == -1).all()
        if method == "instance" and family != "Eomt":
            assert call(outputs, target_sizes=SIZES, threshold=1.0, return_coco_annotation=True)[0] == {
                "segmentation": [],
                "segments_info": [],
            }
        if method == "instance" and family in ("MaskFormer", "Mask2Former"):
            maps = [call(outputs, target_sizes=SIZES, threshold=t, return_binary_maps=True)[0] for t in (0.0, 1.0)]
            assert maps[0]["segmentation"].dtype == maps[1]["segmentation"].dtype
            assert maps[1]["segmentation"].shape == (0, *SIZES[0])


@every_family
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(family: str, dtype: Any) -> None:
    ours = processors(family, "torchvision")[1]
    outputs = made(1)
    half = SimpleNamespace(
        **{name: value if value is None else value.to(dtype) for name, value in vars(outputs).items()}
    )
    same = SimpleNamespace(**{name: value if value is None else value.float() for name, value in vars(half).items()})
    for method in ("semantic", "instance", "panoptic"):
        call = getattr(ours, f"post_process_{method}_segmentation")
        assert_equal(call(same, target_sizes=SIZES), call(half, target_sizes=SIZES))


@every_family
def test_sizes_in_every_form(family: str) -> None:
    """COMPLAINTS 5, 6."""
    ours = processors(family, "torchvision")[1]
    outputs = made(2)
    images = [PIL.Image.new("RGB", (width, height)) for height, width in SIZES]
    forms = [SIZES, tuple(SIZES), [list(size) for size in SIZES], np.array(SIZES), torch.tensor(SIZES), images]
    forms += [[torch.tensor(size) for size in SIZES], [{"height": height, "width": width} for height, width in SIZES]]
    for method in ("semantic", "instance", "panoptic"):
        call = getattr(ours, f"post_process_{method}_segmentation")
        expected = call(outputs, target_sizes=SIZES)
        for form in forms:
            assert_equal(expected, call(outputs, target_sizes=form))
        assert_equal(call(outputs, target_sizes=[(9, 8)] * 2), call(outputs, target_sizes=(9, 8)))
        with pytest.raises(ValueError, match=r"one \(height, width\) per image, 2 in all"):
            call(outputs, target_sizes=[(9, 8)] * 3)
    if family == "Eomt":
        with pytest.raises(ValueError, match="target_sizes is needed"):
            ours.post_process_semantic_segmentation(outputs, None)


@pytest.mark.parametrize("family", ["MaskFormer", "Mask2Former"])
def test_run_lengths_of_instances(family: str) -> None:
    """COMPLAINTS 12: COCO's library decodes them; each instance's whole mask, overlaps included."""
    reference, ours = processors(family, "torchvision")
    for seed in range(3):
        outputs, given = made(seed), {"target_sizes": SIZES, "threshold": 0.4}
        maps = ours.post_process_instance_segmentation(outputs, **given, return_binary_maps=True)
        theirs = reference.post_process_instance_segmentation(outputs, **given, return_binary_maps=True)
        assert_equal([entry for entry in theirs if entry["segments_info"]], [m for m in maps if m["segments_info"]])
        found = ours.post_process_instance_segmentation(outputs, **given, return_coco_annotation=True)
        for masks, lengths in zip(maps, found, strict=True):
            assert masks["segments_info"] == lengths["segments_info"]
            decoded = [pycocotools.mask.decode(json.loads(json.dumps(entry))) for entry in lengths["segmentation"]]
            assert np.array_equal(
                np.array(decoded).reshape(-1, *masks["segmentation"].shape[1:]), masks["segmentation"]
            )
        expected = reference.post_process_instance_segmentation(outputs, **given, return_coco_annotation=True)
        assert expected == ours.post_process_instance_segmentation(outputs, **given, return_coco_annotation="reference")
    with pytest.raises(ValueError, match="two forms of one result"):
        ours.post_process_instance_segmentation(outputs, return_coco_annotation=True, return_binary_maps=True)
    with pytest.raises(ValueError, match="'coco' or 'reference', not 'x'"):
        ours.post_process_instance_segmentation(outputs, return_coco_annotation="x")


@pytest.mark.parametrize("family", ["MaskFormer", "Mask2Former"])
def test_thresholds_of_instances_act(family: str) -> None:
    """COMPLAINTS 11: the reference ignores them."""
    ours = processors(family, "torchvision")[1]
    logits = torch.tensor([[[9.0, 0.0, 0.0], [0.0, 8.0, 0.0]]])
    masks = torch.full((1, 2, 8, 8), -9.0)
    masks[0, 0, :, :4], masks[0, 1, :, :5] = 9.0, 9.0
    masks[0, 1, :, 5] = 0.5  # a probability of 0.62
    outputs = {"class_queries_logits": logits, "masks_queries_logits": masks}

    def areas(**given: Any) -> list[int]:
        result = ours.post_process_instance_segmentation(outputs, target_sizes=(8, 8), return_binary_maps=True, **given)
        return result[0]["segmentation"].sum(axis=(1, 2)).tolist()

    assert areas() == areas(mask_threshold=0.5) == [32, 48]
    if family == "MaskFormer":  # the other's masks are smoothed first
        assert areas(mask_threshold=0.7) == [32, 40]
    assert areas(mask_threshold=0.999) == [32, 40]
    assert areas(overlap_mask_area_threshold=0.2) == [32, 48]
    assert areas(overlap_mask_area_threshold=0.5) == [32]


@pytest.mark.parametrize("family", ["MaskFormer", "Mask2Former", "OneFormer"])
def test_labels_fed_back_return_from_padded_batches(family: str) -> None:
    """COMPLAINTS 8: predictions on the padded canvas come back to each image, with `pixel_mask`."""
    ours = processors(family, "torchvision")[1]
    sizes = [(64, 96), (96, 60)]
    maps = [
        np.kron(np.arange(6).reshape(2, 3), np.ones((height // 2, width // 3), np.int64)) for height, width in sizes
    ]
    tasks = (["panoptic"] * 2,) if family == "OneFormer" else ()
    batch = (
        ours([draw(*size) for size in sizes], *tasks, maps, num_text=1, do_resize=False, return_tensors="pt")
        if family == "OneFormer"
        else ours([draw(*size) for size in sizes], maps, do_resize=False, return_tensors="pt")
    )
    assert batch["pixel_mask"].shape == (2, 96, 96)
    logits = torch.full((2, 6, 7), -20.0)
    for index, classes in enumerate(batch["class_labels"]):
        logits[index, torch.arange(6), classes] = 20.0
    outputs = {
        "class_queries_logits": logits,
        "masks_queries_logits": torch.stack([40 * masks - 20 for masks in batch["mask_labels"]]),
    }
    given = {"target_sizes": sizes, "pixel_mask": batch["pixel_mask"]}
    for method in ("semantic", "panoptic"):
        results = getattr(ours, f"post_process_{method}_segmentation")(outputs, **given)
        for result, expected in zip(results, maps, strict=True):
            shown = result if method == "semantic" else result["segmentation"] - 1
            assert np.array_equal(shown.numpy(), expected)
    with pytest.raises(ValueError, match="one mask for each of 2 images"):
        ours.post_process_semantic_segmentation(outputs, SIZES, pixel_mask=batch["pixel_mask"][:1])


def test_eomt_padding_is_left_out_on_request() -> None:
    ours = our_class("Eomt", "torchvision")(size={"shortest_edge": 32, "longest_edge": 64}, do_pad=True)
    label = np.kron(np.arange(6).reshape(2, 3), np.ones((16, 16), np.int64))
    batch = ours(draw(32, 48), label, return_tensors="pt")
    assert batch["pixel_values"].shape == (1, 3, 32, 64)
    masks = batch["mask_labels"][0]
    logits = torch.full((1, 6, 7), -20.0)
    logits[0, torch.arange(6), batch["class_labels"][0]] = 20.0
    outputs = {"class_queries_logits": logits, "masks_queries_logits": 40 * masks[None] - 20}
    assert np.array_equal(ours.post_process_semantic_segmentation(outputs, [(32, 48)], unpad=True)[0], label)
    assert np.array_equal(ours.post_process_panoptic_segmentation(outputs, [(32, 48)])[0]["segmentation"], label)


def test_memory_of_large_originals_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """COMPLAINTS 13: the largest array is a map of the target's size, or `MOST_BYTES` of planes."""
    ours = processors("Mask2Former", "pil")[1]
    outputs = as_numpy(made(0, batch=1, queries=60, classes=3))
    monkeypatch.setattr(_resizing, "MOST_BYTES", 2**20)
    largest = []
    resize = _resizing.resize_bilinear
    monkeypatch.setattr(_resizing, "resize_bilinear", lambda *args: largest.append(resize(*args)) or largest[-1])
    for method in ("semantic", "panoptic", "instance"):
        getattr(ours, f"post_process_{method}_segmentation")(outputs, target_sizes=[(600, 700)])
    # Planes at the size that masks are read at are not counted: they do not grow with the original.
    assert max(array.nbytes for array in largest if array.shape[1:] == (600, 700)) <= max(2**20, 600 * 700 * 4)


@pytest.mark.parametrize("array", [torch.from_numpy, np.asarray])
@pytest.mark.parametrize("strange", [None, np.nan, np.inf, -np.inf])
def test_the_first_of_equal_classes_wins_plane_by_plane(array, strange, monkeypatch):
    """As one reduction over all classes, in parts of any number of planes; NaN as there."""
    from pixelprep.postprocess import _resizing, semantic_segmentation

    scores = np.random.default_rng(0).integers(0, 4, (2, 9, 6, 7)).astype(np.float32)
    if strange is not None:
        scores[0, 3, 2, 2] = scores[1, 8, 0, 0] = strange
    expected = torch.from_numpy(scores).argmax(1)
    for planes in (1, 2, 4, 9):
        monkeypatch.setattr(_resizing, "MOST_BYTES", planes * 6 * 7 * 4)
        maps = semantic_segmentation(array(scores))
        if strange is not np.nan or planes == 9:
            assert np.array_equal(np.stack([np.asarray(found) for found in maps]), expected)
        assert str(maps[0].dtype).endswith("int64")


@pytest.mark.parametrize(("queries", "classes"), [(12, 5), (3, 3), (1, 70)])
def test_masks_of_frames(queries: int, classes: int) -> None:
    """VidEoMT's: masks show whole frames."""
    from transformers import VideomtVideoProcessor

    import pixelprep

    both = VideomtVideoProcessor(), pixelprep.VideomtVideoProcessor()
    for seed in range(3):
        outputs = made(seed, queries=queries, classes=classes)
        for sizes in (SIZES, [(120, 160), (24, 32)]):
            for scores in (False, True):
                given: dict[str, Any] = {"target_sizes": sizes, "return_segmentation_scores": scores}
                assert_equal(*(p.post_process_semantic_segmentation(outputs, **given) for p in both))
            for threshold in (0.0, 0.3, 0.5, 0.9999):
                given = {"target_sizes": sizes, "threshold": threshold}
                assert_equal(*(p.post_process_instance_segmentation(outputs, **given) for p in both))
                for more in ({}, {"mask_threshold": 0.9, "label_ids_to_fuse": {0, 2}}):
                    results = (p.post_process_panoptic_segmentation(outputs, **given, **more) for p in both)
                    assert_equal(*results, torch.int64)
