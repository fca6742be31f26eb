"""`pixelprep tokens`: images and clips counted and written out, without making pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from typer.testing import CliRunner, Result

from clips import make_clip
from pixelprep.cli import app
from pixelprep.prompts import PromptLayout


def invoke(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["tokens", *map(str, arguments)])


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    PIL.Image.new("RGB", (320, 200)).save(path)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


def test_images_and_a_clip(photo: Path, clip: Path) -> None:
    result = invoke("qwen3_vl", photo, clip, "1080x1920", "--fps", 4, "--json")
    assert result.exit_code == 0, result.output
    told, layout = json.loads(result.stdout), PromptLayout("qwen3_vl")
    assert [entry["features"] for entry in told["images"]] == layout.num_features([(200, 320), (1080, 1920)])
    (video,) = told["videos"]
    expected = layout.video(clip, fps=4)
    assert (video["features"], video["tokens"]) == (expected.num_features, expected.num_tokens)
    assert (video["frames"], video["height"], video["width"]) == (6, 96, 128)
    assert [[run["piece"], run["count"]] for run in video["runs"]] == [[piece, count] for piece, count in expected]
    assert (told["placeholder"], told["video_placeholder"]) == ("<|image_pad|>", "<|video_pad|>")


def test_a_table_and_the_runs(photo: Path, clip: Path) -> None:
    result = invoke("qwen3_vl", photo, clip, "--expand")
    assert result.exit_code == 0, result.output
    assert "<|image_pad|> stands for an image" in result.stdout
    assert "<|video_pad|> stands for a video" in result.stdout
    assert '1 x "<0.' in result.stdout
    assert "in all " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("qwen4", "90x90"), "did you mean"),
        (("janus", "4x90x90"), "writes no videos into prompts"),
        (("llava", "90x90"), "`patch_size`"),
        (("qwen3_vl", "90x90", "--option", "merge_sise=2"), "merge_sise"),
        (("qwen3_vl", "no.jpg"), "no.jpg"),
    ],
)
def test_what_cannot_be_told(arguments: tuple[str, ...], message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code != 0
    assert message in result.stderr
    assert "Traceback" not in result.output
