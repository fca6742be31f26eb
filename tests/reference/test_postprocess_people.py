"""Poses, normals, point maps and mattes against the reference: torch to the bit, NumPy within float32 rounding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from oracle import difference, draw, our_class, picture, reference_class

BOXES = [[[5.0, 4.0, 20.0, 25.0], [10.0, 2.0, 50.0, 30.0]], [[3.5, 7.25, 30.0, 60.0]]]
SIZE = {"size": {"height": 64, "width": 48}}
REFERENCE, OURS = (
    cls(**SIZE) for cls in (reference_class("Sapiens2", "torchvision"), our_class("Sapiens2", "torchvision"))
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def heatmaps(seed: int) -> torch.Tensor:
    maps = torch.nn.functional.interpolate(random(3, 5, 4, 4, seed=seed), size=(16, 12), mode="bicubic")
    maps[0, 1] = -1
    return maps


@pytest.mark.parametrize("seed", range(3))
def test_poses(seed: int) -> None:
    outputs, flipped = (SimpleNamespace(heatmaps=heatmaps(index)) for index in (seed, seed + 9))
    sizes = {"source_sizes": [(37, 61), (90, 44)], "target_sizes": [(74, 61), (45, 88)]}
    options: list[dict[str, Any]] = [{}, {"threshold": 0.5}, {"outputs_flipped": flipped}, {"kernel_size": 5}, sizes]
    options.append({name: torch.tensor(value) for name, value in sizes.items()})
    for given in options:
        expected = REFERENCE.post_process_pose_estimation(outputs, BOXES, **given)
        assert difference(expected, OURS.post_process_pose_estimation(outputs, BOXES, **given)) == 0.0
        arrays = (
            {**given, "outputs_flipped": {"heatmaps": flipped.heatmaps.numpy()}}
            if "outputs_flipped" in given
            else given
        )
        numbers = OURS.post_process_pose_estimation({"heatmaps": outputs.heatmaps.numpy()}, BOXES, **arrays)
        for theirs, mine in zip(expected, numbers, strict=True):
            for person, other in zip(theirs, mine, strict=True):
                assert person["labels"].tolist() == other["labels"].tolist()
                # The fraction is a quotient of second differences of logarithms, each within 2^-21.
                seen = person["scores"].numpy() > 0  # a flat heatmap has no peak to be found
                assert np.abs(person["keypoints"].numpy() - other["keypoints"])[seen].max(initial=0) < 2e-3
                assert np.array_equal(person["bbox"], other["bbox"])
    half = SimpleNamespace(heatmaps=outputs.heatmaps.to(torch.bfloat16))
    assert OURS.post_process_pose_estimation(half, BOXES)[0][0]["keypoints"].dtype == torch.float32


def test_poses_of_nobody_and_of_others() -> None:
    nobody = {"heatmaps": np.zeros((0, 5, 16, 12), np.float32)}
    assert OURS.post_process_pose_estimation(nobody, [[], []]) == [[], []]
    with pytest.raises(ValueError, match="heatmaps of 3 people and boxes of 2"):
        OURS.post_process_pose_estimation({"heatmaps": heatmaps(0)}, BOXES[:1])
    with pytest.raises(ValueError, match="odd and larger than 1, not 4"):
        OURS.post_process_pose_estimation({"heatmaps": heatmaps(0)}, BOXES, kernel_size=4)
    with pytest.raises(ValueError, match="pass both"):
        OURS.post_process_pose_estimation({"heatmaps": heatmaps(0)}, BOXES, target_sizes=[(3, 4)] * 2)


MAPS: list[dict[str, Any]] = [
    {},
    {"source_sizes": [(37, 61), (90, 44)]},
    {"source_sizes": [(37, 61), (37, 61)]},
    {"source_sizes": [(37, 61), (90, 44)], "target_sizes": [(20, 30), (31, 12)]},
    {"target_sizes": [(20, 30), (31, 12)]},
    {"source_sizes": torch.tensor([[37, 61], [90, 44]]), "do_remove_padding": False},
]


@pytest.mark.parametrize("given", MAPS, ids=str)
def test_normals_and_points(given: dict[str, Any]) -> None:
    normals = SimpleNamespace(normals=random(2, 3, 64, 48))
    normals.normals[0, :, 0, 0] = 0
    points = SimpleNamespace(pointmaps=random(2, 3, 64, 48), scales=random(2, 1).abs() + 0.5)
    plain = SimpleNamespace(pointmaps=points.pointmaps, scales=None)
    for method, outputs in (("normal", normals), ("pointmap", points), ("pointmap", plain)):
        call = f"post_process_{method}_estimation"
        expected, got = (getattr(processor, call)(outputs, **given) for processor in (REFERENCE, OURS))
        assert difference(expected, got) == 0.0
        arrays = {name: None if value is None else value.numpy() for name, value in vars(outputs).items()}
        for theirs, mine in zip(expected, getattr(OURS, call)(arrays, **given), strict=True):
            (name,) = theirs
            # A quotient and two interpolations of values up to 10: eight roundings.
            assert np.abs(theirs[name].numpy() - mine[name]).max() <= 8 * 10 * 2.0**-24
    with pytest.raises(ValueError, match="padding is removed by `source_sizes`"):
        OURS.post_process_normal_estimation(normals, do_remove_padding=True)


BACKGROUNDS: list[Any] = [
    None,
    picture(37, 61),
    [picture(37, 61), picture(40, 30)],
    draw(20, 24),
    torch.from_numpy(draw(20, 24)).permute(2, 0, 1),
    draw(20, 24).astype(np.float32) / 255,
]


@pytest.mark.parametrize("sizes", [None, [(40, 30), (40, 30)], [(40, 30), (11, 50)]], ids=str)
def test_mattes(sizes: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = SimpleNamespace(
        foregrounds=torch.rand(2, 3, 20, 24, generator=generator), alphas=torch.rand(2, 1, 20, 24, generator=generator)
    )
    for background in BACKGROUNDS:
        expected, got = (p.post_process_image_matting(outputs, sizes, background) for p in (REFERENCE, OURS))
        assert difference(expected, got) == 0.0
        arrays = {name: value.numpy() for name, value in vars(outputs).items()}
        for theirs, mine in zip(expected, OURS.post_process_image_matting(arrays, sizes, background), strict=True):
            assert np.abs(theirs["alpha"].numpy() - mine["alpha"]).max() <= 8 * 2.0**-24
            if background is not None:  # truncated to levels
                assert np.abs(theirs["composite"].numpy().astype(int) - mine["composite"]).max() <= 1
    with pytest.raises(ValueError, match="got 3 backgrounds for 2 images"):
        OURS.post_process_image_matting(outputs, sizes, [picture(4, 4)] * 3)
