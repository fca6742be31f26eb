"""Drawings: what is where, in which colour, on images of every size; errors that say what to do."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from oracle import draw, picture
from pixelprep import visualize
from pixelprep.models.clip.image_processing_clip import CLIP
from pixelprep.models.idefics3.image_processing_idefics3 import Idefics3
from pixelprep.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VL
from pixelprep.visualize._canvas import LEAST_LETTERS, Canvas
from pixelprep.visualize._colors import PALETTE, color_of, ink_on, ramp

NAMES = {0: "cat", 1: "remote control", 3: "person"}


def grey(height: int, width: int) -> PIL.Image.Image:
    return PIL.Image.new("RGB", (width, height), (90, 90, 90))


# Machado, Oliveira and Fernandes 2009, severity 1: what linear RGB becomes for people without one kind of cone.
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def lab(color: Any, matrix: Any = None) -> np.ndarray[Any, Any]:
    """A colour in CIE L*a*b*, as somebody with this vision sees it."""
    values = np.array(color) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = linear if matrix is None else np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(xyz / (0.9505, 1, 1.089))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", [None, *BLIND])
def test_colours_stay_apart(vision: str | None) -> None:
    """At least 12 units of L*a*b* between any two; 2.3 are just noticeable."""
    matrix = vision and BLIND[vision]
    for first, second in itertools.combinations(PALETTE, 2):
        assert np.linalg.norm(lab(first, matrix) - lab(second, matrix)) > 12
    lightness = [lab(color, matrix)[0] for color in ramp(np.linspace(0, 1, 20))]
    assert (np.diff(lightness) > 0).all()


def test_many_colours_and_their_ink() -> None:
    assert len({color_of(number) for number in range(35)}) == 35
    assert ink_on((240, 228, 66)) == (0, 0, 0)
    assert ink_on((0, 34, 78)) == (255, 255, 255)


def test_boxes(tmp_path: Path) -> None:
    image = grey(600, 800)
    boxes = np.array([[100, 200, 300, 400], [500, 50, 780, 580]], np.float32)
    result = {"scores": np.array([0.9, 0.4]), "labels": np.array([0, 3]), "boxes": boxes}
    before = np.asarray(image).copy()
    drawn = visualize.draw_boxes(image, result, NAMES, path=tmp_path / "a.png")
    assert np.array_equal(np.asarray(image), before)
    assert drawn.size == (800, 600)
    assert np.array_equal(np.asarray(PIL.Image.open(tmp_path / "a.png")), np.asarray(drawn))
    for (x0, y0, x1, y1), label in zip(boxes.astype(int), (0, 3), strict=True):
        for point in ((x0, (y0 + y1) // 2), ((x0 + x1) // 2, y1), (x1, (y0 + y1) // 2)):
            assert drawn.getpixel(tuple(map(int, point))) == color_of(label)
    assert drawn.getpixel((20, 20)) == (90, 90, 90)
    tensors = {name: torch.from_numpy(value).to(torch.bfloat16) for name, value in result.items() if name != "labels"}
    again = visualize.draw_boxes(image, {**tensors, "labels": torch.tensor([0, 3])}, NAMES)
    assert again.size == drawn.size


@pytest.mark.parametrize("size", [(8, 8), (24, 60), (480, 640), (3000, 4000), (10, 900)])
def test_letters_can_be_read_on_every_size(size: tuple[int, int]) -> None:
    """Letters are a 45th of the long side, 12 pixels at least, and lie on the picture whatever the boxes are."""
    canvas = Canvas(grey(*size))
    assert max(canvas.picture.size) >= 480
    assert canvas.font.size == max(LEAST_LETTERS, round(max(canvas.picture.size) / 45))
    height, width = size
    for x, y in [(-5, -5), (width, height), (0, height), (width, 0), (width / 2, 0), (0, 0), (0, 0), (0, 0)]:
        canvas.label("remote 0.97", x, y, PALETTE[0])
    if width > 50:
        for left, top, right, bottom in canvas.taken:
            assert 0 <= left < right <= canvas.picture.width
            assert 0 <= top < bottom <= canvas.picture.height or size[0] < 20


def test_labels_do_not_cover_each_other() -> None:
    canvas = Canvas(grey(480, 640))
    for _ in range(6):
        canvas.label("person 0.99", 100, 100, PALETTE[0])
    for first, second in itertools.combinations(canvas.taken, 2):
        assert first[3] <= second[1] or second[3] <= first[1]


def test_small_images_are_enlarged_in_whole_steps() -> None:
    image = picture(20, 30)
    canvas = Canvas(image)
    assert canvas.scale == 16
    assert canvas.picture.size == (480, 320)
    assert np.array_equal(np.asarray(canvas.picture)[::16, ::16], np.asarray(image))
    assert Canvas(image, scale=1).picture.size == (30, 20)


def test_masks_and_run_lengths() -> None:
    from pycocotools import mask as coco

    masks = np.zeros((2, 500, 600), bool)
    masks[0, 50:200, 50:200] = True
    masks[1, 100:400, 300:500] = True
    image = grey(500, 600)
    drawn = visualize.draw_masks(image, {"masks": masks, "scores": [0.9, 0.8]}, opacity=1.0)
    assert drawn.getpixel((60, 190)) == color_of(0)
    assert drawn.getpixel((480, 390)) == color_of(1)
    assert drawn.getpixel((250, 450)) == (90, 90, 90)
    encoded = [coco.encode(np.asfortranarray(mask, dtype=np.uint8)) for mask in masks]
    plain = visualize.draw_masks(image, masks)
    assert np.array_equal(plain, visualize.draw_masks(image, encoded))
    assert np.array_equal(plain, visualize.draw_masks(image, [torch.from_numpy(masks)[None]]))


def test_segmentations() -> None:
    segments = np.full((500, 600), -1)
    segments[:, :200], segments[:200, 200:400], segments[300:, 400:] = 0, 1, 255
    image = grey(500, 600)
    drawn = visualize.draw_segmentation(image, segments, NAMES, opacity=1.0)
    assert drawn.width == 600
    assert drawn.height > 500  # the legend
    assert drawn.getpixel((100, 100)) == color_of(0)
    assert drawn.getpixel((300, 100)) == color_of(1)
    assert drawn.getpixel((500, 400)) == drawn.getpixel((300, 400)) == (90, 90, 90)  # ignored and void
    info = [{"id": 0, "label_id": 3, "score": 0.9}, {"id": 1, "label_id": 3, "score": 0.8}]
    result = {"segmentation": torch.from_numpy(segments).int(), "segments_info": info}
    drawn = visualize.draw_segmentation(image, result, NAMES, opacity=1.0, legend=False)
    assert drawn.size == (600, 500)
    assert drawn.getpixel((100, 100)) == drawn.getpixel((300, 40)) == color_of(3)
    stacked = {"segmentation": np.stack([segments == 0, segments == 1]), "segments_info": info}
    result["segmentation"] = np.where(segments == 255, -1, segments)
    drawn = visualize.draw_segmentation(image, result, NAMES, opacity=1.0, legend=False)
    assert np.array_equal(drawn, visualize.draw_segmentation(image, stacked, NAMES, opacity=1.0, legend=False))


def test_near_is_bright_for_all() -> None:
    metres = np.linspace(1, 9, 500)[:, None].repeat(400, 1)
    metres[0, 0] = np.inf
    distance = np.asarray(visualize.draw_depth({"predicted_depth": metres}, unit="m").convert("L")).astype(int)
    disparity = np.asarray(visualize.draw_depth(1 / metres, "disparity").convert("L")).astype(int)
    for drawn in (distance, disparity):
        assert drawn.shape[0] >= 500
        assert drawn.shape[1] > 400  # the scale
        assert drawn[20, 200] > drawn[250, 200] > drawn[480, 200]
    with pytest.raises(ValueError, match=r"'distance' \(far is large\) or 'disparity'"):
        visualize.draw_depth(metres, "metres")
    with pytest.raises(ValueError, match=r"\(height, width\), not \(2, 5, 5\)"):
        visualize.draw_depth(np.ones((2, 5, 5)))


def test_points() -> None:
    image = grey(500, 600)
    keypoints = np.stack([np.linspace(100, 500, 17), np.linspace(50, 450, 17)], axis=1)
    pose = {"keypoints": keypoints, "scores": np.r_[np.full(16, 0.9), 0.1], "labels": np.arange(17)}
    drawn = visualize.draw_poses(image, [pose, {"keypoints": torch.from_numpy(keypoints) + 30}])
    assert drawn.getpixel((100, 50)) == color_of(0)
    assert drawn.getpixel((130, 80)) == color_of(1)
    assert drawn.getpixel((500, 450)) != color_of(0)  # below the threshold
    drawn = visualize.draw_keypoints(image, {"keypoints": keypoints.astype(np.int32), "scores": np.linspace(0, 1, 17)})
    assert drawn.getpixel((500, 450)) == tuple(ramp(1.0))
    matches = {"keypoints0": keypoints[:2], "keypoints1": keypoints[2:4], "matching_scores": np.array([1.0, 0.2])}
    drawn = visualize.draw_matches([image, grey(300, 400)], matches, threshold=0.5)
    assert drawn.size == (1000, 500)
    assert drawn.getpixel((100, 50)) == drawn.getpixel((600 + 150, 100)) == PALETTE[0]
    with pytest.raises(ValueError, match="two images, not 3"):
        visualize.draw_matches([image] * 3, matches)


def test_prompts() -> None:
    image = grey(500, 600)
    given = {
        "points": [[[[100, 100], [200, 200], [0, 0]]]],
        "labels": [[[1, 0, -10]]],
        "boxes": [[[300, 50, 500, 400]]],
    }
    drawn = visualize.draw_prompts(image, **given, mask=np.ones((1, 500, 600)))
    rings = [
        np.asarray(drawn)[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3).tolist() for x, y in ((100, 100), (200, 200))
    ]
    assert list(PALETTE[4]) in rings[0]
    assert list(PALETTE[5]) in rings[1]
    assert drawn.getpixel((300, 200)) == PALETTE[2]
    with pytest.raises(ValueError, match="1 labels for 2 points"):
        visualize.draw_prompts(image, points=[[1, 2], [3, 4]], labels=[1])


def test_nothing_found_draws_the_image() -> None:
    image = picture(500, 600)
    none = {"scores": np.zeros(0), "labels": np.zeros(0, int), "boxes": np.zeros((0, 4))}
    keypoints = {"keypoints": np.zeros((0, 2)), "scores": np.zeros(0)}
    matches = {"keypoints0": np.zeros((0, 2)), "keypoints1": np.zeros((0, 2)), "matching_scores": np.zeros(0)}
    for drawn in (
        visualize.draw_boxes(image, none),
        visualize.draw_layout(image, {**none, "polygon_points": []}),
        visualize.draw_masks(image, np.zeros((0, 500, 600), bool)),
        visualize.draw_segmentation(image, {"segmentation": np.full((500, 600), -1), "segments_info": []}),
        visualize.draw_poses(image, []),
        visualize.draw_keypoints(image, keypoints),
        visualize.draw_prompts(image),
        visualize.draw_matches([image, image], matches).crop((0, 0, 600, 500)),
    ):
        assert np.array_equal(drawn, image)


def test_images_of_every_kind(tmp_path: Path) -> None:
    array = draw(500, 600)
    expected = visualize.draw_prompts(PIL.Image.fromarray(array))
    PIL.Image.fromarray(array).save(tmp_path / "a.png")
    for image in (
        array,
        array.transpose(2, 0, 1),
        torch.from_numpy(array).permute(2, 0, 1),
        array / 255,
        tmp_path / "a.png",
        (tmp_path / "a.png").read_bytes(),
    ):
        assert np.array_equal(visualize.draw_prompts(image), expected)
    assert visualize.draw_prompts(array[..., 0]).mode == "RGB"


def test_errors_say_what_to_do() -> None:
    image = grey(48, 64)
    with pytest.raises(ValueError, match=r"lie in 0..1; give post-processing .*target_sizes=\[image\]"):
        visualize.draw_boxes(image, {"boxes": [[0.1, 0.1, 0.9, 0.9]]})
    with pytest.raises(ValueError, match=r"segmentation is 12 x 16 and the image 48 x 64 .*target_sizes=\[image\]"):
        visualize.draw_segmentation(image, np.zeros((12, 16)))
    with pytest.raises(ValueError, match="mask is 12 x 16"):
        visualize.draw_masks(image, np.ones((1, 12, 16)))
    with pytest.raises(ValueError, match=r"floats must lie in 0..1; this one has -2 to 2"):
        visualize.draw_boxes(np.linspace(-2, 2, 3 * 20 * 20).reshape(3, 20, 20), {"boxes": []})


def test_layouts_are_numbered() -> None:
    image = grey(500, 600)
    result = {
        "boxes": np.array([[50, 60, 250, 160], [50, 300, 400, 400]]),
        "scores": np.array([0.9, 0.8]),
        "labels": ["title", "text"],
        "polygon_points": np.array(
            [[[50, 60], [250, 60], [250, 160], [50, 160]], [[50, 300], [400, 310], [390, 400], [50, 390]]]
        ),
    }
    drawn = visualize.draw_layout(image, result)
    assert drawn.getpixel((150, 160)) == color_of(0)
    assert drawn.getpixel((220, 395)) == color_of(1)


def test_nothing_heavy_is_needed() -> None:
    code = """
import sys
import numpy as np
from pixelprep import visualize
visualize.draw_boxes(np.zeros((50, 60, 3), np.uint8), {"boxes": np.array([[5, 5, 30, 30]]), "labels": np.array([1])})
assert not {"torch", "torchvision", "matplotlib", "cv2", "scipy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


RESULTS: dict[str, tuple[Any, Any]] = {
    "boxes": ({"boxes": [[10, 10, 200, 300]], "labels": [1], "scores": [0.5]}, "draw_boxes"),
    "layout": ({"boxes": [[10, 10, 200, 300]], "labels": [1], "scores": [0.5], "order_seq": [0]}, "draw_layout"),
    "masks": ({"masks": np.ones((1, 500, 600), bool)}, "draw_masks"),
    "segmentation": ({"segmentation": np.zeros((500, 600), int), "segments_info": []}, "draw_segmentation"),
    "map": (np.zeros((500, 600), int), "draw_segmentation"),
    "depth": ({"predicted_depth": np.ones((500, 600))}, "draw_depth"),
    "keypoints": ({"keypoints": [[1, 2], [30, 40]], "scores": [0.1, 0.2]}, "draw_keypoints"),
    "poses": ([{"keypoints": [[1, 2], [30, 40]], "scores": [0.9, 0.9]}], "draw_poses"),
}


@pytest.mark.parametrize(("result", "function"), RESULTS.values(), ids=RESULTS)
def test_results_say_what_they_are(result: Any, function: str) -> None:
    image = picture(500, 600)
    drawn = visualize.draw_result(image, result)
    direct = getattr(visualize, function)
    assert np.array_equal(drawn, direct(result) if function == "draw_depth" else direct(image, result))


def test_results_that_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match=r"\['logits'\] cannot be drawn; known keys: keypoints0, "):
        visualize.draw_result(picture(9, 9), {"logits": 1})
    with pytest.raises(ValueError, match="not int"):
        visualize.draw_result(picture(9, 9), 7)
    with pytest.raises(ValueError, match=r"kind must be one of boxes, .*not 'box'"):
        visualize.draw_result(picture(9, 9), {"boxes": []}, kind="box")


def test_command_line(tmp_path: Path) -> None:
    image = picture(500, 600)
    image.save(tmp_path / "a.png")
    boxes = {"boxes": [[10, 10, 200, 300]], "labels": [1], "scores": [0.5]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"1": "cat"}}))
    info = [{"id": 1, "label_id": 2}]
    segments = np.ones((500, 600), int)
    np.savez(tmp_path / "segments.npz", segmentation=segments, segments_info=json.dumps(info))
    np.save(tmp_path / "map.npy", segments)
    matches = {"keypoints0": [[1, 2]], "keypoints1": [[3, 4]], "matching_scores": [0.5]}
    (tmp_path / "matches.json").write_text(json.dumps(matches))

    def run(*arguments: str) -> Any:
        from typer.testing import CliRunner

        from pixelprep.cli import app

        given = [str(tmp_path / a) if "." in a and not a.startswith("-") else a for a in arguments]
        return CliRunner().invoke(app, ["draw", str(tmp_path / "a.png"), *given, "-o", str(tmp_path / "out.png")])

    for arguments, expected in (
        (("boxes.json", "--names", "config.json"), visualize.draw_boxes(image, boxes, {1: "cat"})),
        (("segments.npz",), visualize.draw_segmentation(image, {"segmentation": segments, "segments_info": info})),
        (("map.npy",), visualize.draw_segmentation(image, segments)),
        (("map.npy", "--kind", "depth"), visualize.draw_depth(segments)),
        (("matches.json", "--second", "a.png"), visualize.draw_matches([image, image], matches)),
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        assert np.array_equal(PIL.Image.open(tmp_path / "out.png"), expected)
        assert result.output == f"{tmp_path / 'out.png'}: {expected.height}x{expected.width}\n"
    (tmp_path / "broken.json").write_text("{")
    for arguments, words in (
        (("broken.json",), "neither JSON"),
        (("absent.json",), "absent.json"),
        (("map.npy", "--kind", "x"), "kind must be"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        assert words in result.output


class TestPlans:
    def test_regions_have_their_numbers_and_colours(self) -> None:
        processor = Idefics3.on("pil")(size={"longest_edge": 128}, max_image_size={"longest_edge": 64})
        plan = processor.plan((480, 960), return_tensors="np")
        drawn = np.asarray(visualize.draw_plan(grey(480, 960), plan))
        assert drawn.shape == (480, 960, 3)
        colors = {tuple(color) for color in drawn.reshape(-1, 3).tolist()}
        assert {PALETTE[0], PALETTE[1]} <= colors  # two tiles; the whole image lies under them
        assert tuple(drawn[100, 100]) == (90, 90, 90)

    def test_small_regions_are_enlarged_for_their_numbers(self) -> None:
        plan = Qwen2VL.on("pil")().plan((112, 168))
        drawn = visualize.draw_plan(grey(112, 168), plan, merge=2)
        assert drawn.size == (168 * 3, 112 * 3)
        with pytest.raises(ValueError, match=r"the image is 10x10, and the plan's 112x168"):
            visualize.draw_plan(grey(10, 10), plan)

    @pytest.mark.parametrize("family", [Idefics3, Qwen2VL, CLIP])
    def test_what_reaches_the_model_is_seen(self, family: Any) -> None:
        image = picture(120, 200)
        processor = family.on("pil")(do_rescale=False, do_normalize=False)
        plan = processor.plan(image, return_tensors="np")
        frames = visualize.seen(plan, image)
        real = family.on("pil")(do_rescale=False, do_normalize=False)(image, return_tensors="np")["pixel_values"]
        if family is Qwen2VL:
            assert [frame.size[::-1] for frame in frames] == [plan.canvases()["model"].size]
        else:
            planes = real.reshape(-1, *real.shape[-3:]).transpose(0, 2, 3, 1)
            assert np.array_equal(np.stack([np.asarray(frame) for frame in frames]), planes.astype(np.uint8))
