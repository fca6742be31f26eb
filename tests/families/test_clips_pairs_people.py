"""Families that take more than one picture at a time, or come back to it: clips, pairs, people, larger images."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import PIL.Image
import pytest

from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import usable_backends
from pixelprep.testing.inputs import draw

BACKENDS = usable_backends()


def made(family: str, backend: str, **options: Any) -> Any:
    return FAMILIES[family].load().on(backend)(**{**FAMILIES[family].cases().small, **options})


@pytest.mark.parametrize("family", ["VideoMAE", "Tvp", "Vivit"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_clips_in_every_form(family: str, backend: str) -> None:
    frames = [draw(37, 61, seed=seed) for seed in range(3)]
    processor = made(family, backend)
    wanted = processor(frames, return_tensors="np")["pixel_values"]
    assert wanted.shape[:2] == (1, 3)
    clip = np.stack(frames)
    forms = [
        clip,
        clip.transpose(0, 3, 1, 2),
        [clip],
        [frames],
        (frames,),
        clip[None],
        clip[None].transpose(0, 1, 4, 2, 3),
    ]
    for form in [*forms, [PIL.Image.fromarray(frame) for frame in frames]]:
        np.testing.assert_array_equal(processor(form, return_tensors="np")["pixel_values"], wanted)
    for form in (np.stack([clip, clip]), [clip, clip], [frames, frames]):
        np.testing.assert_array_equal(processor(form, return_tensors="np")["pixel_values"], wanted[[0, 0]])
    with pytest.raises(ValueError, match="videos of 3 and 2 frames make no array; pass return_tensors=None"):
        processor([frames, frames[:2]], return_tensors="np")
    assert [len(video) for video in processor([frames, frames[:2]], return_tensors=None)["pixel_values"]] == [3, 2]


@pytest.mark.parametrize("family", ["SuperGlue", "LightGlue", "EfficientLoFTR"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_pairs_in_every_form(family: str, backend: str) -> None:
    first, second = (draw(37, 61, seed=seed) for seed in range(2))
    processor = made(family, backend)
    wanted = processor([first, second], return_tensors="np")["pixel_values"]
    pair = np.stack([first, second])
    for form in ((first, second), [(first, second)], [[first, second]], pair, pair.transpose(0, 3, 1, 2), pair[None]):
        np.testing.assert_array_equal(processor(form, return_tensors="np")["pixel_values"], wanted)
    np.testing.assert_array_equal(
        processor(np.stack([pair, pair]), return_tensors="np")["pixel_values"], wanted[[0, 0]]
    )
    grey = pair[..., 0]
    alone = processor([*grey], return_tensors="np")["pixel_values"]
    np.testing.assert_array_equal(processor(grey, return_tensors="np")["pixel_values"], alone)
    pictures = processor([PIL.Image.fromarray(image) for image in grey], return_tensors="np")["pixel_values"]
    np.testing.assert_array_equal(pictures[:, :, :1], alone)
    for count in (1, 3):
        with pytest.raises(ValueError, match=f"pair 0 has {count} image.*pass two images, or a list of pairs"):
            processor([first] * count)


def test_sides_that_efficient_loftr_takes() -> None:
    """Other sides than multiples of 32 fail in the model; the reference says nothing."""
    family = FAMILIES["EfficientLoFTR"].load().on("reference")
    with pytest.warns(
        UserWarning, match=r'multiples of 32, and `size` is 250x330; pass size=.*256, "width": 320'
    ) as told:
        processor = family(size={"height": 250, "width": 330})
    assert told[0].filename == __file__
    assert processor.size == {"height": 250, "width": 330}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        family(size={"height": 256, "width": 320})([draw(9, 9)] * 2)
        family(do_resize=False, size={"height": 250, "width": 330})
    with pytest.warns(UserWarning, match="33x64"):
        family()([draw(9, 9)] * 2, size={"height": 33, "width": 64})


@pytest.mark.parametrize("backend", BACKENDS)
def test_nobody_in_any_image(backend: str) -> None:
    processor, image = made("VitPose", backend), draw(37, 61)
    someone = processor(image, boxes=[[[3, 4, 20, 25]]], return_tensors="np")["pixel_values"]
    for boxes, images in (([[]], image), ([[], []], [image, image]), (np.zeros((1, 0, 4)), image)):
        nobody = processor(images, boxes=boxes, return_tensors="np")["pixel_values"]
        assert (nobody.shape, nobody.dtype) == ((0, *someone.shape[1:]), someone.dtype)
        assert list(processor(images, boxes=boxes)["pixel_values"]) == []
        outputs = {"heatmaps": np.zeros((0, 17, 64, 48), np.float32)}
        assert processor.post_process_pose_estimation(outputs, boxes=boxes) == [[] for _ in boxes]
    both = processor([image, image], boxes=[[], [[3, 4, 20, 25]]], return_tensors="np")["pixel_values"]
    np.testing.assert_array_equal(both, someone)
    for boxes, message in (
        (None, r"pass boxes=\[image\]\[person\]"),
        ([None], "image 0 must have a list of boxes, empty if nobody is there; got None"),
        ([5], "image 0 must have a list of boxes"),
        ([[[1, 1, 0, 5]]], "box 0 of image 0"),
        ([[[1, 1, 3, 5], [1, 1, np.nan, 5]]], "box 1 of image 0"),
    ):
        with pytest.raises(ValueError, match=message):
            processor(image, boxes=boxes)


@pytest.mark.parametrize("pads", [True, False])
def test_upscaled_images_have_their_own_size(pads: bool) -> None:
    """Swin2SR adds a block to every side, a mirrored border of the result too."""
    processor = FAMILIES["Swin2SR"].load().on("reference")(do_pad=pads)
    sizes = [(64, 24), (67, 31)] if pads else [(64, 24), (64, 24)]
    images = [draw(*size, seed=seed) for seed, size in enumerate(sizes)]
    seen = processor(images, return_tensors="np")["pixel_values"]
    larger = seen.repeat(3, axis=-1).repeat(3, axis=-2)  # a model that makes nine pixels of one
    for given in (images, sizes):
        for image, result in zip(
            images, processor.post_process_super_resolution({"reconstruction": larger}, given), strict=True
        ):
            expected = (
                (image / np.float32(255)).astype(np.float32).transpose(2, 0, 1).repeat(3, axis=-1).repeat(3, axis=-2)
            )
            np.testing.assert_allclose(result, expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"image 0 of 99x24 was seen as .* no whole multiple"):
        processor.post_process_super_resolution({"reconstruction": larger}, [(99, 24), (64, 24)])
