"""Depth, normals, keypoints, matches and poses from model outputs, against the reference; NumPy gives the same."""

from __future__ import annotations

from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from oracle import our_class, reference_class

SIZES = [(31, 45), (60, 52)]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape, dtype=np.float32))


def both(family: str, method: str, outputs: dict[str, Any], *args: Any, **kwargs: Any) -> None:
    """The reference's result, ours from torch tensors and ours from NumPy arrays, the same to the bit."""
    given = SimpleNamespace(**outputs)
    wanted = getattr(reference_class(family, "torchvision")(), method)(given, *args, **kwargs)
    ours = our_class(family, "torchvision")()
    same(getattr(ours, method)(given, *args, **kwargs), wanted)
    arrays = {name: value.numpy() for name, value in outputs.items()}
    found = getattr(ours, method)(arrays, *args, **kwargs)
    assert all(isinstance(value, np.ndarray) for entry in found for value in dict(entry).values() if value is not None)
    same(found, wanted)


def same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, list):
        assert len(found) == len(wanted)
        for pair in zip(found, wanted, strict=True):
            same(*pair)
    elif isinstance(wanted, dict):
        assert sorted(found) == sorted(wanted)
        for name in wanted:
            same(found[name], wanted[name])
    elif wanted is None:
        assert found is None
    else:
        found, wanted = np.asarray(found), np.asarray(wanted)
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("sizes", [None, SIZES])
@pytest.mark.parametrize("family", ["DPT", "GLPN", "PromptDepthAnything", "CHMv2", "Tipsv2Dpt"])
def test_depth(family: str, sizes: Any) -> None:
    both(family, "post_process_depth_estimation", {"predicted_depth": drawn(2, 24, 33) * 9}, sizes)


def test_depth_of_mirrored_borders() -> None:
    outputs = {"predicted_depth": drawn(2, 24, 33)}
    both("ZoeDepth", "post_process_depth_estimation", outputs, SIZES)
    both("ZoeDepth", "post_process_depth_estimation", outputs, SIZES, [(20, 30), (7, 9)])
    both("ZoeDepth", "post_process_depth_estimation", outputs, do_remove_padding=False)
    with pytest.raises(ValueError, match="source_sizes"):
        our_class("ZoeDepth", "native")().post_process_depth_estimation(SimpleNamespace(**outputs))


def test_normals() -> None:
    both("Tipsv2Dpt", "post_process_normal_estimation", {"normals": drawn(2, 3, 24, 33) - 0.5}, SIZES)


def test_half_precision_is_computed_in_single() -> None:
    depth = drawn(1, 24, 33).half()
    found = our_class("DPT", "native")().post_process_depth_estimation({"predicted_depth": depth}, [(40, 50)])
    single = our_class("DPT", "native")().post_process_depth_estimation({"predicted_depth": depth.float()}, [(40, 50)])
    assert found[0]["predicted_depth"].dtype is torch.float32
    same(found, single)


@pytest.mark.parametrize("kept", [0, 1])
def test_keypoints(kept: int) -> None:
    outputs = {
        "keypoints": drawn(2, 9, 2),
        "scores": drawn(2, 9, seed=1),
        "descriptors": drawn(2, 9, 4, seed=2),
        "mask": (drawn(2, 9, seed=3) > 0.5).int() * kept,
    }
    both("SuperPoint", "post_process_keypoint_detection", outputs, SIZES)
    with pytest.raises(ValueError, match="target_sizes"):
        our_class("SuperPoint", "native")().post_process_keypoint_detection(outputs, SIZES[:1])


@pytest.mark.parametrize("threshold", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("family", ["SuperGlue", "LightGlue", "EfficientLoFTR"])
def test_matches(family: str, threshold: float) -> None:
    partners = torch.from_numpy(np.random.default_rng(3).integers(-1, 12, (2, 2, 12)))
    partners[:, 1] = partners[:, 0]
    scores = drawn(2, 2, 12, seed=1)
    scores[:, 1] = scores[:, 0]
    outputs = {"keypoints": drawn(2, 2, 12, 2), "matches": partners, "matching_scores": scores}
    if family != "EfficientLoFTR":
        outputs["mask"] = (drawn(2, 2, 12, seed=2) > 0.3).int()
    both(family, "post_process_keypoint_matching", outputs, [SIZES, SIZES[::-1]], threshold)


@pytest.mark.parametrize("threshold", [None, 0.985])
def test_poses(threshold: float | None) -> None:
    boxes = [[[8.0, 5.0, 30.0, 20.0], [4.5, 10.25, 17.3, 40.0]], [[1.0, 2.0, 30.0, 40.0]]]
    heatmaps = drawn(3, 5, 64, 48)
    wanted = reference_class("VitPose", "torchvision")().post_process_pose_estimation(
        SimpleNamespace(heatmaps=heatmaps), boxes, threshold=threshold
    )
    ours = our_class("VitPose", "native")()
    for given in (heatmaps, heatmaps.numpy()):
        found = ours.post_process_pose_estimation({"heatmaps": given}, boxes, threshold=threshold)
        for person, other in zip(chain(*found), chain(*wanted), strict=True):
            np.testing.assert_array_equal(np.asarray(person["bbox"])[:2] >= 0, True)
            same(
                {name: person[name] for name in ("keypoints", "scores", "labels")},
                {k: other[k] for k in person if k != "bbox"},
            )
    with pytest.raises(ValueError, match="people"):
        ours.post_process_pose_estimation({"heatmaps": heatmaps}, boxes[:1])
