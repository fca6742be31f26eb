"""pixelprep's image processors inside transformers' own processors: what a caller passes gives what it gave before."""

from __future__ import annotations

import base64
import copy
import importlib
import io
import json
import os
import pickle
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from needs import ROOT
from oracle import picture, usable_backends
from pixelprep.integrations.transformers import adapted, install, uninstall
from pixelprep.prompts.rows import ROWS
from pixelprep.registry.families import FAMILIES
from prompted import SETTINGS, WITHOUT_TEXT, build, prompt_of

BACKENDS = [backend for backend in ("native", "torchvision") if backend in usable_backends()]
UNUSUAL = {
    "FuyuProcessor": "needs a tokenizer with a BOS",
    "InstructBlipVideoProcessor": "takes videos alone",
    "ShieldGemma2Processor": "needs a chat template of its own",
}
NAMES = [name for name in ROWS if name not in UNUSUAL]
MANY = ["Qwen2VLProcessor", "LlavaOnevisionProcessor", "Idefics3Processor", "InternVLProcessor", "PixtralProcessor"]
MANY += ["Gemma3Processor", "LlavaNextProcessor", "SmolVLMProcessor", "MllamaProcessor", "PaliGemmaProcessor"]
MANY += ["Cohere2VisionProcessor", "PI0Processor", "LightOnOcrProcessor", "PerceptionLMProcessor"]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    uninstall()


@pytest.fixture(scope="module")
def jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    picture(120, 90).save(path, quality=95)
    return path


def with_ours(name: str, backend: str) -> Any:
    """The reference's processor with our image processor in place of its own."""
    processor = copy.copy(build(name)[0])
    row = ROWS[name]
    on = "pil" if FAMILIES[row.family].only_backend else backend
    ours = FAMILIES[row.family].load().on(on)(**{**row.built_with, **SETTINGS.get(name, {})})
    processor.image_processor = adapted(ours)
    return processor


def call(processor: Any, name: str, image: Any) -> dict[str, Any]:
    from pixelprep.prompts import PromptLayout

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "ColQwen2Processor" or name in WITHOUT_TEXT:
            return dict(processor(images=[image], return_tensors="pt"))
        placeholder = PromptLayout(name).image_placeholder
        return dict(processor(text=[prompt_of(name, placeholder)], images=[image], return_tensors="pt"))


def assert_same(made: dict[str, Any], expected: dict[str, Any]) -> None:
    assert made.keys() == expected.keys()
    for key, value in expected.items():
        ours = made[key]
        if isinstance(value, torch.Tensor):
            assert ours.dtype == value.dtype, key
            assert torch.equal(ours, value), key
        else:
            assert str(ours) == str(value), key


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_opened_images(name: str, backend: str) -> None:
    image = picture(120, 90)
    assert_same(call(with_ours(name, backend), name, image), call(build(name)[0], name, image))


# Processors that look at images themselves, and know neither paths nor texts.
IMAGES_ONLY = {"Idefics2Processor", "PI0Processor"}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in IMAGES_ONLY])
def test_files_by_path(name: str, backend: str, jpeg: Path) -> None:
    assert_same(call(with_ours(name, backend), name, str(jpeg)), call(build(name)[0], name, str(jpeg)))


@pytest.mark.parametrize("kind", ["array", "first", "tensor", "base64", "data", "png"])
@pytest.mark.parametrize("name", MANY)
def test_other_kinds_of_images(name: str, kind: str, jpeg: Path, tmp_path: Path) -> None:
    image: Any = picture(120, 90)
    if kind == "array":
        image = np.asarray(image)
    elif kind == "first":
        image = np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
    elif kind == "tensor":
        image = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)
    elif name in IMAGES_ONLY:
        with pytest.raises(ValueError, match="Invalid input type"):
            call(build(name)[0], name, str(jpeg))
        return
    elif kind in ("base64", "data"):
        image = base64.b64encode(jpeg.read_bytes()).decode()
        image = f"data:image/jpeg;base64,{image}" if kind == "data" else image
    elif kind == "png":
        image.save(tmp_path / "a.png")
        image = str(tmp_path / "a.png")
    assert_same(call(with_ours(name, BACKENDS[0]), name, image), call(build(name)[0], name, image))


@pytest.mark.parametrize("name", MANY[:9])
def test_many_files_and_nested_lists(name: str, tmp_path: Path) -> None:
    """More files than are decoded one by one."""
    from pixelprep.prompts import PromptLayout

    paths = []
    for index in range(10):
        picture(40 + 9 * index, 60, seed=index).save(tmp_path / f"{index}.jpg")
        paths.append(str(tmp_path / f"{index}.jpg"))
    mark = PromptLayout(name).image_placeholder
    given: dict[str, Any] = {"text": [mark * 4, mark * 6], "images": [paths[:4], paths[4:]], "padding": True}
    reference, tokenizer = build(name)
    tokenizer.padding_side = "right"
    assert_same(
        dict(with_ours(name, BACKENDS[0])(**given, return_tensors="pt")), dict(reference(**given, return_tensors="pt"))
    )


@pytest.mark.parametrize("name", MANY)
def test_a_processor_takes_ours_and_is_saved(name: str, tmp_path: Path) -> None:
    reference = build(name)[0]
    row = ROWS[name]
    ours = FAMILIES[row.family].load().on(BACKENDS[0])(**{**row.built_with, **SETTINGS.get(name, {})})
    install(BACKENDS[0])
    parts = {part: getattr(reference, part) for part in reference.get_attributes()}
    made = type(reference)(**{**parts, "image_processor": ours})
    assert made.image_processor.backend == BACKENDS[0]
    made.save_pretrained(tmp_path)
    assert (tmp_path / "processor_config.json").is_file()
    assert pickle.loads(pickle.dumps(made.image_processor)).to_dict() == ours.to_dict()


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_the_references(name: str) -> None:
    """`_get_num_multimodal_tokens`, which servers ask with every scope of options at once."""
    reference = build(name)[0]
    if not hasattr(reference, "_get_num_multimodal_tokens"):
        return
    ours = with_ours(name, BACKENDS[0])
    for sizes in ([(120, 90)], [(300, 500), (64, 64)]):
        try:
            expected = dict(reference._get_num_multimodal_tokens(image_sizes=sizes))
        except Exception:  # a count that the reference cannot do (P4)
            continue
        assert dict(ours._get_num_multimodal_tokens(image_sizes=sizes)) == expected


@pytest.mark.parametrize("device", ["cuda:0", "meta"])
def test_a_device_that_the_backend_does_not_work_on(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers pass the model's device unasked: the outputs go there. The device "meta" stands for one that is here."""
    import transformers

    install("native")
    processor = adapted(FAMILIES["Qwen2VL"].load().on("native")())
    moved: list[str] = []
    if device != "meta":  # none here perhaps: what is asked of the batch is enough
        monkeypatch.setattr(transformers.BatchFeature, "to", lambda batch, where: moved.append(str(where)) or batch)
    made = processor(images=[picture(60, 90)], return_tensors="pt", device=device)
    assert moved == ([device] if device != "meta" else [])
    assert made["pixel_values"].device.type == ("cpu" if moved else "meta")


def test_an_explicit_backend_of_transformers_is_its_own(tmp_path: Path) -> None:
    import transformers

    (tmp_path / "preprocessor_config.json").write_text('{"image_processor_type": "CLIPImageProcessor"}')
    install("native")
    load = transformers.AutoImageProcessor.from_pretrained
    assert load(tmp_path).backend == "native"
    assert load(tmp_path, backend="native").backend == "native"
    assert load(tmp_path, use_fast=True).backend == "native"
    for backend in ("torchvision", "pil"):
        assert type(load(tmp_path, backend=backend)).__module__.startswith("transformers.models.clip")


def test_bytes_of_a_file(jpeg: Path) -> None:
    processor = adapted(FAMILIES["CLIP"].load().on(BACKENDS[0])())
    image = processor.fetch_images(io.BytesIO(jpeg.read_bytes()))
    assert isinstance(image, PIL.Image.Image)


COUNTING = [name for name in FAMILIES if hasattr(FAMILIES[name].load(), "get_number_of_image_patches")]


@pytest.mark.parametrize("family", COUNTING)
def test_a_count_ignores_what_is_no_option_of_images(family: str) -> None:
    """Processors and servers pass the options of a whole call, other scopes too."""
    processor = FAMILIES[family].load().on(BACKENDS[0])()
    everything = {"padding": True, "text_kwargs": {"padding": 1}, "images_kwargs": {"size": 3}, "device": "cuda:0"}
    plain = processor.get_number_of_image_patches(480, 640)
    assert processor.get_number_of_image_patches(480, 640, everything) == plain
    assert processor.get_number_of_image_patches(480, 640, None) == plain


# ------------------------------------------------------------------------------------------------------------- engines


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "PIXELPREP_INSTALL"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        check=False,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


ENGINES = {  # as each calls its hook
    "vLLM": "from pixelprep.integrations.vllm import register; register()",
    "SGLang": "import importlib, pkgutil; package = importlib.import_module('pixelprep.integrations.sglang')\n"
    "assert list(pkgutil.iter_modules(package.__path__)) == []",
}
SERVED = """
import sys
print("transformers" in sys.modules)
import transformers, tempfile, os
folder = tempfile.mkdtemp()
open(os.path.join(folder, "preprocessor_config.json"), "w").write('{"image_processor_type": "CLIPImageProcessor"}')
print(getattr(transformers.AutoImageProcessor.from_pretrained(folder), "backend", None), type(
    transformers.AutoImageProcessor.from_pretrained(folder)).__module__.partition(".")[0])
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_switches_pixelprep_on(engine: str) -> None:
    off = run(ENGINES[engine] + SERVED)
    assert off.stdout.split()[0] == "False"  # not even imported
    assert off.stdout.split()[-1] == "transformers"
    on = run(ENGINES[engine] + SERVED, PIXELPREP_INSTALL="native")
    assert on.stdout.split()[1:] == ["native", "pixelprep"]
    lines = [line for line in on.stderr.splitlines() if "pixelprep" in line]
    assert len(lines) == 1
    assert f"model types in {engine} (PIXELPREP_INSTALL=native)" in lines[0]
    wrong = run(ENGINES[engine] + SERVED, PIXELPREP_INSTALL="natve")
    assert wrong.stdout.split()[-1] == "transformers"
    assert "did you mean 'native'" in wrong.stderr


def test_the_entry_point_of_vllm() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["entry-points"]["vllm.general_plugins"]["pixelprep"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    assert {"vllm", "sglang"} <= project["optional-dependencies"].keys()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_nothing_is_printed_at_exit(method: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing, numpy as np, torch, transformers\n"
        "from pixelprep import CLIPImageProcessorNative\n"
        "torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])\n"
        "def work():\n"
        "    CLIPImageProcessorNative()(np.zeros((60, 50, 3), np.uint8), return_tensors='pt')\n"
        "if __name__ == '__main__':\n"
        "    work()\n"
        f"    child = multiprocessing.get_context({method!r}).Process(target=work)\n"
        "    child.start(); child.join(60)\n"
        "    raise SystemExit(child.exitcode)\n"
    )
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_torch(tmp_path: Path) -> None:
    """transformers asks for "pil" there, and what is installed serves all the same."""
    hide = (
        "import importlib.util, sys\n"
        "real = importlib.util.find_spec\n"
        "def find_spec(name, package=None):\n"
        "    return None if name.partition('.')[0] in ('torch', 'torchvision') else real(name, package)\n"
        "importlib.util.find_spec = find_spec\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'torchvision'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    (tmp_path / "preprocessor_config.json").write_text('{"image_processor_type": "Qwen2VLImageProcessor"}')
    code = (
        "import numpy as np\n"
        "from pixelprep.integrations.transformers import install\n"
        "install('native')\n"
        "import transformers\n"
        f"processor = transformers.AutoImageProcessor.from_pretrained({str(tmp_path)!r})\n"
        "made = processor(np.zeros((60, 90, 3), np.uint8), return_tensors='np')\n"
        "print(processor.backend, made['pixel_values'].shape)\n"
        "print(any(name.partition('.')[0] == 'torch' for name in sys.modules))\n"
    )
    done = run(hide + code)
    assert done.stdout.splitlines() == ["native (24, 1176)", "False"], done.stderr[-500:]


class TestFingerprints:
    def test_equal_values_in_every_process_and_on_backends_of_the_same_bits(self) -> None:
        code = "import pixelprep; print(pixelprep.CLIPImageProcessorNative(size=100).digest())"
        found = {run(code, PYTHONHASHSEED=seed).stdout.strip() for seed in ("1", "2")}
        for backend in ("native", "torchvision"):
            processor = FAMILIES["CLIP"].load().on(backend)(size={"shortest_edge": 100})
            processor(picture(20, 30), return_tensors="np")
            found |= {processor.digest(), pickle.loads(pickle.dumps(processor)).digest(), adapted(processor).digest()}
        assert len(found) == 1

    def test_other_pixels_have_other_fingerprints(self) -> None:
        family = FAMILIES["CLIP"].load()
        digests = [family.on("native")(**given).digest() for given in ({}, {"size": 100}, {"do_normalize": False})]
        digests += [family.on("pil")().digest(), FAMILIES["Bit"].load().on("native")().digest()]
        assert len(set(digests)) == len(digests)
        assert family.on("native")(return_tensors="np", device="cpu").digest() == digests[0]

    def test_the_payload_is_json(self) -> None:
        for name in ("CLIP", "Qwen2VL", "Idefics3", "ImageGPT", "Llama4"):
            payload = FAMILIES[name].load().on("pil")().preprocess_fingerprint_payload()
            assert json.loads(json.dumps(payload)) == payload
