"""The command line: what it writes is what the library returns, and what goes wrong is one line and a status."""

from __future__ import annotations

import errno
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file
from typer.testing import CliRunner, Result

import pixelprep
from needs import ROOT
from pixelprep import ops
from pixelprep.cli import app, parse_settings
from pixelprep.cli.tensor_files import NpzFile, Processed
from pixelprep.ops import registration
from pixelprep.registry.families import FAMILIES
from pixelprep.registry.lookup import find_family

EXAMPLES = ROOT / "examples"

# A family and settings that keep its outputs small; together they cover arrays, lists, grids, masks and tiles.
MODELS: dict[str, dict[str, Any]] = {
    "clip": {},
    "convnext": {"resample": "bilinear"},
    "segformer": {"size": {"height": 32, "width": 48}},
    "detr": {"size": {"shortest_edge": 40, "longest_edge": 90}},
    "pixtral": {"size": {"longest_edge": 64}},
    "qwen2_vl": {"min_pixels": 3136, "max_pixels": 20000},
    "llava_onevision": {"size": {"height": 56, "width": 56}, "image_grid_pinpoints": [[56, 112], [112, 56]]},
    "idefics3": {"size": {"longest_edge": 112}, "max_image_size": {"longest_edge": 56}, "return_row_col_info": True},
}


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def settings_arguments(settings: dict[str, Any]) -> list[str]:
    return [part for key, value in settings.items() for part in ("--set", f"{key}={json.dumps(value)}")]


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """A wide, a tall and a grey image."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    paths = []
    for name, shape in (("a.png", (40, 72, 3)), ("b.jpg", (90, 50, 3)), ("c.png", (64, 64))):
        PIL.Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(folder / name)
        paths.append(folder / name)
    return paths


def read(path: Path) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, str]]:
    """The tensors and the metadata of a file of either format."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            tensors = dict(file)
        return tensors, json.loads(str(tensors.pop("metadata")))
    with safe_open(path, "np") as file:
        return load_file(path), file.metadata()


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        array = np.asarray(value)  # lists of integers become arrays
        assert found[name].dtype == array.dtype, name
        np.testing.assert_array_equal(found[name], array, err_msg=name)


# ------------------------------------------------------------------------------------------------------- process


@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
@pytest.mark.parametrize("model", MODELS)
def test_file_holds_what_the_library_returns(model: str, suffix: str, images: list[Path], tmp_path: Path) -> None:
    settings, out = MODELS[model], tmp_path / f"out.{suffix}"
    result = invoke("process", model, *images, "-o", out, "--backend", "pil", *settings_arguments(settings))
    assert (result.exit_code, result.stderr) == (0, "")
    tensors, metadata = read(out)
    processor = find_family(model).load().on("pil")(**settings)
    assert_same(tensors, dict(processor([str(path) for path in images], return_tensors="np")))
    assert json.loads(metadata["images"]) == [str(path) for path in images]
    assert json.loads(metadata["image_processor"]) == json.loads(processor.to_json_string())
    assert (metadata["backend"], metadata["pixelprep"]) == ("pil", pixelprep.__version__)
    for name, array in tensors.items():
        assert name in result.stdout
        assert str(array.dtype) in result.stdout
        assert str(array.shape) in result.stdout


def test_torch_tensors_are_stored(images: list[Path], tmp_path: Path) -> None:
    result = invoke("process", "qwen2_vl", *images, "-o", tmp_path / "out.npz", "--backend", "torchvision")
    assert result.exit_code == 0
    processor = find_family("qwen2_vl").load().on("torchvision")()
    assert_same(read(tmp_path / "out.npz")[0], dict(processor(images, return_tensors="np")))


def test_images_of_different_shapes_are_numbered(images: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    settings = {"do_center_crop": False, "size": {"shortest_edge": 32}}
    assert (
        invoke("process", "clip", *images, "-o", out, "--backend", "pil", *settings_arguments(settings)).exit_code == 0
    )
    values = find_family("clip").load().on("pil")(**settings)(images, return_tensors=None)["pixel_values"]
    assert len({value.shape for value in values}) == 3
    assert_same(read(out)[0], {f"pixel_values.{index}": value for index, value in enumerate(values)})


def test_each_image_alone(images: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    result = invoke("process", "pixtral", images[0], broken, *images[1:], "-o", out, "--each", "--backend", "pil")
    assert result.exit_code == 1
    tensors, metadata = read(out)
    assert json.loads(metadata["images"]) == [str(path) for path in images]
    processor = find_family("pixtral").load().on("pil")()
    expected = {}
    for index, path in enumerate(images):
        expected |= {f"{name}.{index}": array for name, array in processor([path], return_tensors="np").items()}
    assert_same(tensors, expected)


def test_outputs_without_numbers_become_notes() -> None:
    result = Processed(NpzFile(io.BytesIO()))
    labels = [{"boxes": np.ones((2, 4)), "orig_size": (3, 4)}, {"boxes": np.ones((1, 4)), "orig_size": (5, 6)}]
    result.add({"words": [["a", "b"], ["c"]], "rows": [[1, 2], [3]], "labels": labels, "sizes": [(1, 2), (3, 4)]})
    assert {name: json.loads(note) for name, note in result.notes.items()} == {"words.0": ["a", "b"], "words.1": ["c"]}
    assert {name: array.shape for name, array in result.tensors.items()} == {
        "rows.0": (2,),
        "rows.1": (1,),
        "labels.0.boxes": (2, 4),
        "labels.0.orig_size": (2,),
        "labels.1.boxes": (1, 4),
        "labels.1.orig_size": (2,),
        "sizes": (2, 2),
    }


def test_broken_images_are_reported_and_the_others_go_on(images: list[Path], tmp_path: Path) -> None:
    broken, cut = tmp_path / "broken.jpg", tmp_path / "cut.png"
    broken.write_text("this is text")
    cut.write_bytes(images[0].read_bytes()[:-200])
    out = tmp_path / "out.safetensors"
    arguments = [images[0], broken, images[1], tmp_path / "absent.png", cut, images[2]]
    result = invoke("process", "clip", *arguments, "-o", out, "--backend", "pil")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    for line, path, reason in zip(
        lines,
        (broken, tmp_path / "absent.png", cut),
        ("no image that Pillow", "no such file", "cut short"),
        strict=True,
    ):
        assert line.startswith(f"pixelprep: {path}: ")
        assert reason in line
    tensors, metadata = read(out)
    assert_same(tensors, dict(find_family("clip").load().on("pil")()(images, return_tensors="np")))
    assert json.loads(metadata["images"]) == [str(path) for path in images]


@pytest.mark.parametrize("each", [[], ["--each"]])
def test_images_that_the_model_refuses_are_reported(each: list[str], images: list[Path], tmp_path: Path) -> None:
    thin = tmp_path / "thin.png"
    PIL.Image.new("RGB", (300, 1)).save(thin)  # Qwen2-VL takes aspect ratios up to 200
    out = tmp_path / "out.safetensors"
    result = invoke("process", "qwen2_vl", images[0], thin, images[1], "-o", out, "--backend", "pil", *each)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"pixelprep: {thin}: ")
    assert "image 0" not in result.stderr
    assert "200" in result.stderr
    assert json.loads(read(out)[1]["images"]) == [str(images[0]), str(images[1])]


def test_nothing_is_written_when_no_image_can_be_processed(tmp_path: Path) -> None:
    result = invoke(
        "process", "clip", tmp_path / "absent.png", "-o", tmp_path / "out.npz", "--backend", "pil", "--json"
    )
    assert result.exit_code == 1
    assert "nothing was written" in result.stderr
    report = json.loads(result.stdout)
    assert (report["output"], report["images"], report["tensors"]) == (None, [], {})
    assert report["failures"] == [{"image": str(tmp_path / "absent.png"), "reason": "there is no such file"}]
    assert list(tmp_path.iterdir()) == []


def test_settings_that_fit_no_image_are_one_error(images: list[Path], tmp_path: Path) -> None:
    arguments = ["-o", tmp_path / "out.npz", "--backend", "pil", "--set", "size.longest_edge=300"]
    result = invoke("process", "qwen2_vl", *images, *arguments)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("pixelprep: error: ")
    assert "shortest_edge" in result.stderr
    assert not (tmp_path / "out.npz").exists()


def test_folder_means_the_images_in_it(images: list[Path], tmp_path: Path) -> None:
    (images[0].parent / "notes.txt").write_text("not an image")
    result = invoke("process", "clip", images[0].parent, "-o", tmp_path / "out.npz", "--backend", "pil", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["images"] == [str(path) for path in images]
    assert (report["format"], report["backend"], report["image_processor"]) == ("npz", "pil", "CLIPImageProcessor")
    assert report["tensors"] == {
        "pixel_values": {"shape": [3, 3, 224, 224], "dtype": "float32", "bytes": 3 * 3 * 224 * 224 * 4}
    }


@pytest.fixture
def server(images: list[Path]) -> Iterator[str]:
    """The folder of images on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    handler = partial(Quiet, directory=str(images[0].parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()


def test_urls(server: str, images: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    secret = server.replace("//", "//user:secret@")
    urls = [f"{secret}/a.png?token=secret", f"{secret}/absent.png?token=secret"]
    result = invoke("process", "clip", *urls, "-o", out, "--backend", "pil")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"pixelprep: {server}/absent.png: ")
    assert "404" in result.stderr
    assert json.loads(read(out)[1]["images"]) == [f"{server}/a.png"]
    assert_same(read(out)[0], dict(find_family("clip").load().on("pil")()(images[0], return_tensors="np")))


@pytest.mark.parametrize("source", ["folder", "file"])
def test_model_from_a_checkpoint(source: str, images: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    find_family("clip").load().on("pil")(image_mean=[0.1, 0.2, 0.3]).save_pretrained(folder)
    model = folder if source == "folder" else folder / "preprocessor_config.json"
    out = tmp_path / "out.npz"
    assert (
        invoke("process", model, images[0], "-o", out, "--backend", "pil", "--set", "do_rescale=False").exit_code == 0
    )
    processor = find_family("clip").load().on("pil")(image_mean=[0.1, 0.2, 0.3], do_rescale=False)
    assert_same(read(out)[0], dict(processor(images[0], return_tensors="np")))


def test_folder_wins_over_a_family_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_family("segformer").load().on("pil")(size={"height": 8, "width": 9}).save_pretrained(tmp_path / "clip")
    assert "(1, 3, 224, 224)" in invoke("shapes", "clip", "10x20").stdout
    monkeypatch.chdir(tmp_path)
    assert "(1, 3, 8, 9)" in invoke("shapes", "clip", "10x20").stdout


def test_progress_bar_only_on_a_terminal(images: list[Path], tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb") as terminal:
        arguments = ["process", "clip", str(images[0]), "-o", str(tmp_path / "out.npz"), "--backend", "pil", "--json"]
        result = subprocess.run(
            [sys.executable, "-m", "pixelprep.cli", *arguments], stdout=subprocess.PIPE, stderr=theirs, check=True
        )
        os.close(theirs)
        assert b"Loading" in terminal.read1()
    assert json.loads(result.stdout)["output"] == str(tmp_path / "out.npz")


# ----------------------------------------------------------------------------------------------- written or not


def test_format_of_the_file(images: list[Path], tmp_path: Path) -> None:
    plain = tmp_path / "tensors.bin"
    result = invoke("process", "clip", images[0], "-o", plain, "--backend", "pil")
    assert result.exit_code == 2
    assert "--format" in result.stderr
    assert invoke("process", "clip", images[0], "-o", plain, "--backend", "pil", "--format", "npz").exit_code == 0
    with np.load(plain) as file:
        assert file["pixel_values"].shape == (1, 3, 224, 224)


def test_bfloat16_needs_safetensors(images: list[Path], tmp_path: Path) -> None:
    arguments = ["process", "clip", images[0], "--backend", "pil", "--set", "dtype=bfloat16", "-o"]
    result = invoke(*arguments, tmp_path / "out.npz")
    assert result.exit_code == 1
    assert "cannot hold bfloat16" in result.stderr
    assert not (tmp_path / "out.npz").exists()
    assert invoke(*arguments, tmp_path / "out.safetensors").exit_code == 0
    with safe_open(tmp_path / "out.safetensors", "pt") as file:
        assert str(file.get_tensor("pixel_values").dtype) == "torch.bfloat16"


def test_full_disk_leaves_the_older_file(images: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "out.npz").write_text("older")

    def fail(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", fail)
    result = invoke("process", "clip", images[0], "-o", folder / "out.npz", "--backend", "pil")
    assert result.exit_code == 1
    assert result.stderr == f"pixelprep: error: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}\n"
    assert [path.read_text() for path in folder.iterdir()] == ["older"]


@pytest.mark.parametrize("function", ["os.replace", "pixelprep.images.decoding._decode"])
def test_interrupt_leaves_nothing_half_written(function: str, images: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "out.npz").write_text("older")
    # The process stops where it is about to rename the finished file, or where it loads an image.
    module, _, name = function.rpartition(".")
    # A script that runs this suite in the background lets its children ignore interrupts.
    script = f"""
import importlib, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
def block(*args, **kwargs):
    print("blocked", flush=True)
    time.sleep(60)
setattr(importlib.import_module({module!r}), {name!r}, block)
from pixelprep.cli import main
main()
"""
    arguments = ["process", "clip", str(images[0]), "-o", str(folder / "out.npz"), "--backend", "pil"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "blocked\n"
    assert len(list(folder.iterdir())) >= 2  # the older file, and what is being written beside it
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (130, "pixelprep: interrupted; nothing was written\n")
    assert [path.read_text() for path in folder.iterdir()] == ["older"]


# ------------------------------------------------------------------------------------------------- wrong commands


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["process", "clipp", "{image}", "-o", "{out}"], "did you mean 'clip'?"),
        (["process", "./absent", "{image}", "-o", "{out}"], "no folder, no JSON file and no hub id"),
        (["process", "{image}", "{image}", "-o", "{out}"], "is no JSON"),
        (["process", "clip", "{image}", "-o", "{out}", "--set", "crop_siz=3"], "did you mean `crop_size`?"),
        (["process", "clip", "{image}", "-o", "{out}", "--set", "do_resize=maybe"], "`do_resize` cannot be 'maybe'"),
        (["process", "clip", "{image}", "-o", "{out}", "--set", "do_resize"], "not of the form key=value"),
        (["process", "clip", "{image}", "-o", "{out}", "--backend", "pill"], "did you mean 'pil'?"),
        (["process", "clip", "{image}", "-o", "{folder}/absent/out.npz"], "is in no folder"),
        (["process", "clip", "{image}", "-o", "{folder}"], "is a folder"),
        (["process", "clip", "{folder}/empty", "-o", "{out}"], "no image files in the folder"),
        (["process", "clip", "-o", "{out}"], "IMAGE..."),
        (["process", "clip", "{image}"], "--output"),
        (["shapes", "clip", "1080"], "not of the form 1080x1920"),
        (["shapes", "clip", "0x3"], "at least one pixel"),
        (["shapes", "clip", "30x30", "--set", "size=-3"], "size"),
        (["shap"], "shap"),
    ],
)
def test_wrong_commands(arguments: list[str], message: str, images: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    places = {"image": images[0], "out": tmp_path / "out.npz", "folder": tmp_path}
    result = invoke(*(argument.format(**places) for argument in arguments))
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert message in result.stderr
    assert not (tmp_path / "out.npz").exists()


def test_debugging_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXELPREP_DEBUG", "1")
    assert isinstance(invoke("shapes", "clipp", "3x3").exception, ValueError)


@pytest.mark.parametrize(
    ("texts", "settings"),
    [
        (['size={"shortest_edge":336}'], {"size": {"shortest_edge": 336}}),
        (["size.height=1", "size.width=2"], {"size": {"height": 1, "width": 2}}),
        (
            ["do_resize=false", "do_pad=False", "pad_size=null", "a=None"],
            {"do_resize": False, "do_pad": False, "pad_size": None, "a": None},
        ),
        (
            ["resample=bicubic", "rescale_factor=1e-2", "image_mean=[0, 0.5, 1]"],
            {"resample": "bicubic", "rescale_factor": 0.01, "image_mean": [0, 0.5, 1]},
        ),
        (["name=a=b", "empty="], {"name": "a=b", "empty": ""}),
    ],
)
def test_parse_settings(texts: list[str], settings: dict[str, Any]) -> None:
    assert parse_settings(texts) == settings


def test_warnings_and_unknown_keys_are_single_lines(images: list[Path], tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"image_processor_type": "CLIPImageProcessor", "strange": 1}))
    # Without torch, which takes seconds to import.
    script = """
import sys
sys.modules.update({"torch": None, "pixelprep_native": None})
from pixelprep.cli import main
main()
"""
    result = subprocess.run(
        [sys.executable, "-c", script, "process", str(config), str(images[0]), "-o", str(tmp_path / "out.npz")],
        env={**os.environ, "PIXELPREP_BACKEND": "pill"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    warning, unknown = result.stderr.splitlines()
    assert warning.startswith("pixelprep: warning: there is no backend 'pill'; did you mean 'pil'?")
    assert warning.endswith("Using 'pil' instead.")
    assert unknown.startswith("pixelprep: ")
    assert "strange" in unknown


# ------------------------------------------------------------------------------------------------- other commands


def test_shapes_tell_what_process_makes(images: list[Path], tmp_path: Path) -> None:
    for model, settings in MODELS.items():
        sizes = ["40x72", "90x50"]
        result = invoke("shapes", model, *sizes, "--json", *settings_arguments(settings))
        assert result.exit_code == 0, model
        processor = find_family(model).load().on("pil")(**settings)
        for entry, path in zip(json.loads(result.stdout), images[:2], strict=True):
            made = {name: np.asarray(value) for name, value in processor([path], return_tensors="np").items()}
            assert {name: output["shape"] for name, output in entry["outputs"].items()} == {
                name: list(array.shape) for name, array in made.items()
            }
            assert all(made[name].dtype == output["dtype"] for name, output in entry["outputs"].items())
            values = {name: output["values"] for name, output in entry["outputs"].items() if "values" in output}
            assert values == {name: made[name].tolist() for name in values}
            if model == "qwen2_vl":
                assert entry["patches"] == len(made["pixel_values"])
            elif model == "idefics3":
                assert entry["patches"][0] == made["pixel_values"].shape[1]


def test_shapes_as_a_table() -> None:
    result = invoke("shapes", "qwen2_vl", "1080x1920", "64x64")
    assert result.exit_code == 0
    # 1080x1920 holds more than 28 * 28 * 1280 pixels, so it shrinks to 728x1316; 64x64 becomes 56x56.
    assert "1080x1920: 4888 patches\n" in result.stdout
    assert "[[1, 52, 94]]" in result.stdout
    assert "64x64: 16 patches\n" in result.stdout


class TestPlan:
    def test_a_size_as_tables(self) -> None:
        result = invoke("plan", "idefics3", "1080x1920")
        assert result.exit_code == 0
        assert "2197 feature tokens, 3x4 tiles\n" in result.stdout
        assert "(1, 13, 3, 364, 364)" in result.stdout
        assert "tile 12" in result.stdout
        assert "1222 feature tokens, 26x47\n" in invoke("plan", "qwen2_vl", "1080x1920").stdout

    def test_json_is_what_the_plan_says(self, images: list[Path]) -> None:
        result = invoke("plan", "clip", images[0], "--json", "--set", "crop_size=112")
        told = json.loads(result.stdout)
        plan = FAMILIES["CLIP"].load().on("pil")(crop_size=112).plan(images[0], return_tensors="np")
        assert (told["height"], told["width"]) == plan.inputs[0][0][1:]
        assert told["outputs"] == {"pixel_values": {"shape": [1, 3, 112, 112], "dtype": "float32"}}
        assert told["canvases"]["model"] == [112, 112]
        assert told["tiles"][0]["box"] == pytest.approx(plan.regions().boxes[0].tolist(), abs=0.01)
        assert len(told["key"]) == 64
        assert "Florence2Processor" in told["tokens"]["unknown"]

    def test_numbers_of_the_prompt_side(self) -> None:
        arguments = ("plan", "llava", "336x336", "--json", "--set", "size.shortest_edge=336", "--set", "crop_size=336")
        assert "`patch_size`" in json.loads(invoke(*arguments).stdout)["tokens"]["unknown"]
        numbers = ("--number", "patch_size=14", "--number", "vision_feature_select_strategy=full")
        assert json.loads(invoke(*arguments, *numbers).stdout)["tokens"]["count"] == 576

    def test_a_drawing(self, images: list[Path], tmp_path: Path) -> None:
        for arguments in ((images[0],), ("90x160", "--patch", 14, "--merge", 2)):
            result = invoke("plan", "llava_onevision", *arguments, "--draw", tmp_path / "a.png")
            assert result.exit_code == 0, result.stderr
            assert PIL.Image.open(tmp_path / "a.png").size[0] >= 160

    def test_what_only_pixels_tell(self) -> None:
        result = invoke("plan", "nougat", "900x700")
        assert result.exit_code == 0
        assert "pass do_crop_margin=False" in result.stdout

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["clip", "absent.png"], "no such file"),
            (["clip", "0x5"], "at least one pixel"),
            (["clip", "30x30", "--draw", "a.png", "--output", "pixels"], "no output 'pixels'"),
            (["qwen2_vl", "300x300", "--draw", "a.png", "--patch", "14"], "cut into patches already"),
        ],
    )
    def test_errors_are_lines(self, arguments: list[str], message: str) -> None:
        result = invoke("plan", *arguments)
        assert result.exit_code in (1, 2)
        assert message in result.stderr
        assert result.stderr.count("\n") == 1


def test_backends_tell_why_one_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise RuntimeError("its library is too old")

    monkeypatch.setattr(registration, "_BACKENDS", dict(registration._BACKENDS))
    ops.register_backend("absent", broken, requires=["no_such_module"], install="pip install absent-backend")
    ops.register_backend("faulty", broken, install="pip install faulty-backend")
    monkeypatch.setenv("PIXELPREP_BACKEND", "pil")
    result = invoke("backends", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["default"] == "pil"
    found = report["backends"]
    assert found["pil"]["usable"]
    assert found["pil"]["versions"]["PIL"] == PIL.__version__
    assert not found["absent"]["usable"]
    assert found["absent"]["reason"] == "no_such_module is not installed"
    assert not found["faulty"]["usable"]
    assert "its library is too old" in found["faulty"]["reason"]

    monkeypatch.setenv("COLUMNS", "240")  # a narrow table breaks its lines
    table = invoke("backends").stdout
    assert "The default is pil." in table
    for text in ("pip install absent-backend", "pip install faulty-backend", "its library is too old"):
        assert text in table


def test_families() -> None:
    found = json.loads(invoke("families", "--json").stdout)
    assert found["CLIP"] == list(FAMILIES["CLIP"].model_types)
    assert "Qwen2VL" in invoke("families").stdout


def test_version() -> None:
    assert invoke("--version").stdout == f"pixelprep {pixelprep.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["process", "--help"], ["shapes", "-h"]])
def test_help_teaches_and_imports_nothing_heavy(arguments: list[str]) -> None:
    script = """
import sys
from pixelprep.cli import main
try:
    main()
finally:
    heavy = {"numpy", "PIL", "torch", "rich", "safetensors", "msgspec", "huggingface_hub"} & sys.modules.keys()
    assert not heavy, heavy
"""
    result = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert "Examples:" in result.stdout


# ------------------------------------------------------------------------------------------------------ examples


def test_example_configurations_are_what_the_processors_save() -> None:
    folders = sorted((EXAMPLES / "configs").iterdir())
    assert len(folders) == 8
    for folder in folders:
        processor = pixelprep.AutoImageProcessor.from_pretrained(folder, backend="pil")
        assert processor.to_json_string() == (folder / "preprocessor_config.json").read_text()


def test_example_photographs_are_small_and_varied() -> None:
    paths = [path for path in (EXAMPLES / "photos").iterdir() if path.suffix != ".md"]
    assert sum(path.stat().st_size for path in paths) < 400_000
    opened = [PIL.Image.open(path) for path in paths]
    assert {image.mode for image in opened} == {"L", "RGB"}
    assert any(image.getexif().get(0x0112) == 6 for image in opened)


def test_demonstration(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "torch was never imported" in result.stdout
    patches = load_file(tmp_path / "out" / "qwen2_vl.safetensors")["pixel_values"]
    assert str(len(patches)) in result.stdout
    with PIL.Image.open(tmp_path / "out" / "seen_by_clip.png") as image:
        assert image.size == (5 * 224, 224)
