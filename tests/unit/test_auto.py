"""From a checkpoint to its processor: folders, files, a hub on loopback, the choice of a backend, and hostile files."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from needs import needs
from oracle import difference, our_class, picture, usable_backends
from pixelprep import AutoImageProcessor
from pixelprep.auto import ConfigError, UntrustedCodeError
from pixelprep.models.clip.image_processing_clip import CLIP
from pixelprep.models.segformer.image_processing_segformer import Segformer
from pixelprep.registry.families import UnknownFamilyError, written_families
from pixelprep.registry.lookup import find_class, find_family

BACKENDS = usable_backends()
CONFIG = {"image_processor_type": "CLIPImageProcessor", "size": 30, "crop_size": 20}
PHOTO = picture(50, 70)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(CONFIG))
    return tmp_path


class TestSources:
    def test_a_folder_a_file_and_a_subfolder(self, folder: Path) -> None:
        sub = folder / "vision"
        sub.mkdir()
        (sub / "preprocessor_config.json").write_text(json.dumps({**CONFIG, "crop_size": 24}))
        for source in (folder, str(folder), folder / "preprocessor_config.json"):
            assert AutoImageProcessor.from_pretrained(source, backend="pil").crop_size.height == 20
        assert AutoImageProcessor.from_pretrained(folder, backend="pil", subfolder="vision").crop_size.height == 24

    def test_another_file_name(self, folder: Path) -> None:
        (folder / "preprocessor_config.json").rename(folder / "other.json")
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil", image_processor_filename="other.json")
        assert processor.crop_size.height == 20

    def test_keyword_arguments_replace_settings(self, folder: Path) -> None:
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil", crop_size=10, do_normalize=False)
        assert (processor.crop_size.height, processor.do_normalize, processor.size.shortest_edge) == (10, False, 30)
        with pytest.raises(TypeError, match=r"`crop_sise` \(did you mean `crop_size`\?\)"):
            AutoImageProcessor.from_pretrained(folder, backend="pil", crop_sise=10)

    def test_a_class_of_ones_own(self, folder: Path) -> None:
        assert type(CLIP.on("pil").from_pretrained(folder)) is CLIP.on("pil")
        assert type(Segformer.on("pil").from_pretrained(folder, do_normalize=False)) is Segformer.on("pil")

    def test_it_makes_no_instances(self) -> None:
        with pytest.raises(TypeError, match="from_pretrained"):
            AutoImageProcessor()

    @pytest.mark.parametrize("source", ["no/such/folder/here", "./absent", "a b c", "x" * 300, "nul\0byte"])
    def test_nothing_is_there(self, source: str) -> None:
        with pytest.raises(FileNotFoundError, match="no folder, no JSON file and no hub id"):
            AutoImageProcessor.from_pretrained(source)

    def test_no_name(self) -> None:
        with pytest.raises(FileNotFoundError, match="name of the checkpoint is empty"):
            AutoImageProcessor.from_pretrained("")

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"has none of preprocessor_config\.json"):
            AutoImageProcessor.from_pretrained(tmp_path)


class TestFamilies:
    @pytest.mark.parametrize("name", written_families())
    def test_every_spelling_of_a_class_name(self, name: str) -> None:
        for spelling in ("ImageProcessor", "ImageProcessorFast", "ImageProcessorPil", "FeatureExtractor"):
            assert find_class(name + spelling)[0].name == name

    def test_model_types_and_folders(self) -> None:
        for name in ("clip", "CLIP", "altclip", "CLIPImageProcessor", "clip"):
            assert find_family(name).name == "CLIP"
        assert find_family("qwen2_5_vl").name == find_family("qwen2-vl").name == "Qwen2VL"

    def test_unknown_names(self) -> None:
        with pytest.raises(UnknownFamilyError, match="did you mean 'CLIPImageProcessor'"):
            find_class("CLIPImageProcesor")
        with pytest.raises(UnknownFamilyError, match="did you mean 'segformer'"):
            find_family("segfromer")

    def test_a_checkpoint_that_names_none(self, tmp_path: Path) -> None:
        path = tmp_path / "preprocessor_config.json"
        path.write_text(json.dumps({"image_processor_type": "NoSuchImageProcessor"}))
        with pytest.raises(UnknownFamilyError, match="NoSuchImageProcessor"):
            AutoImageProcessor.from_pretrained(tmp_path)
        path.write_text(json.dumps({"size": 3}))
        with pytest.raises(UnknownFamilyError, match="neither a class nor a model type"):
            AutoImageProcessor.from_pretrained(tmp_path)

    def test_code_of_the_checkpoint_does_not_run(self, tmp_path: Path) -> None:
        config = {"image_processor_type": "Mine", "auto_map": {"AutoImageProcessor": "code.Mine"}}
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
        (tmp_path / "code.py").write_text("raise SystemExit('it ran')")
        with pytest.raises(UnknownFamilyError, match="code"):
            AutoImageProcessor.from_pretrained(tmp_path)

    def test_known_classes_go_before_code(self, folder: Path) -> None:
        (folder / "preprocessor_config.json").write_text(
            json.dumps({**CONFIG, "auto_map": {"AutoImageProcessor": "x.Y"}})
        )
        assert type(AutoImageProcessor.from_pretrained(folder, backend="pil")) is CLIP.on("pil")


class TestBackend:
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_named(self, folder: Path, backend: str) -> None:
        processor = AutoImageProcessor.from_pretrained(folder, backend=backend)
        assert type(processor) is our_class("CLIP", backend)
        expected = our_class("CLIP", backend)(size=30, crop_size=20)
        assert difference(expected(PHOTO, return_tensors="np"), processor(PHOTO, return_tensors="np")) == 0.0

    def test_default_and_environment(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        needs("torch", "torchvision")
        monkeypatch.delenv("PIXELPREP_BACKEND", raising=False)
        assert AutoImageProcessor.from_pretrained(folder).backend == "torchvision"
        monkeypatch.setenv("PIXELPREP_BACKEND", "pil")
        assert AutoImageProcessor.from_pretrained(folder).backend == "pil"
        assert AutoImageProcessor.from_pretrained(folder, backend="torchvision").backend == "torchvision"

    def test_an_unknown_backend_falls_back_and_says_so(self, folder: Path) -> None:
        needs("torch", "torchvision")
        with pytest.warns(UserWarning, match=r"no backend 'torchvison'; did you mean 'torchvision'\?.*Using") as caught:
            processor = AutoImageProcessor.from_pretrained(folder, backend="torchvison")
        assert processor.backend == "torchvision"
        assert len(caught) == 1
        with pytest.raises(TypeError, match="`backend` must be a string"):
            AutoImageProcessor.from_pretrained(folder, backend=3)

    def test_without_torch(self, folder: Path) -> None:
        """In a process that cannot import torch: one warning with the command, and pixels all the same."""
        code = f"""
import sys, warnings, importlib.abc
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision", "pixelprep_native"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: (
    None if name.partition(".")[0] in ("torch", "torchvision", "pixelprep_native") else find(name, package)
)
import numpy as np, pixelprep
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    quiet = pixelprep.AutoImageProcessor.from_pretrained({str(folder)!r})
    print(quiet.backend, len(caught))
    loud = pixelprep.AutoImageProcessor.from_pretrained({str(folder)!r}, backend="torchvision")
    print(loud.backend, len(caught), caught[0].message)
print(loud(np.zeros((9, 9, 3), np.uint8), return_tensors="np")["pixel_values"].shape)
try:
    pixelprep.CLIPImageProcessor()
except Exception as error:
    print(type(error).__name__, error)
try:
    pixelprep.models
    from pixelprep.models.clip.image_processing_clip import CLIP
    CLIP.on("torchvision")()
except Exception as error:
    print(type(error).__name__, error)
"""
        environment = {name: value for name, value in os.environ.items() if name != "PIXELPREP_BACKEND"}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0] == "pil 0"
        assert lines[1].startswith("pil 1 the backend 'torchvision' cannot run here: torch and torchvision are not")
        assert lines[1].endswith("pip install \"pixelprep[torch]\". Using 'pil' instead.")
        assert lines[2] == "(1, 3, 20, 20)"
        assert lines[-1].startswith("MissingBackendError the backend 'torchvision' cannot run here")
        assert lines[-1].endswith('pip install "pixelprep[torch]"')


HOSTILE: dict[str, tuple[Any, str]] = {
    "no JSON": ("{'size': 3}", "is no JSON"),
    "half a file": ('{"size": ', "is no JSON"),
    "empty": ("", "is no JSON"),
    "bytes": (b"\xff\xfe\x00\x01", "is no JSON"),
    "an array": ("[1, 2]", "must hold a JSON object, not a list"),
    "a string": ('"CLIPImageProcessor"', "must hold a JSON object, not a str"),
    "null": ("null", "must hold a JSON object, not a NoneType"),
    "deep": ('{"a":' * 100_000 + "1" + "}" * 100_000, "JSON|nest"),
    "deep arrays": ('{"a":' + "[" * 5000 + "]" * 5000 + "}", "JSON|nest"),
    "huge": ('{"a": "' + "x" * (17 * 2**20) + '"}', "larger than 16 MiB"),
}
SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "negative size": ({"size": -224}, r"`size\['.*'\]` must be a positive int"),
    "zero crop": ({"crop_size": {"height": 0, "width": 3}}, r"`crop_size\['height'\]`"),
    "infinite": ({"size": {"shortest_edge": float("inf")}}, r"`size\['shortest_edge'\]`"),
    "huge size": ({"size": 10**30}, r"`size\['.*'\]`"),
    "size of strings": ({"size": ["224", "224"]}, r"`size\['height'\]`"),
    "size of objects": ({"size": {"height": {}, "width": []}}, r"`size\['height'\]`"),
    "unknown size keys": ({"size": {"edge": 3}}, "`size` has the keys"),
    "flag as text": ({"do_resize": "false"}, "`do_resize` cannot be 'false'"),
    "statistics as text": ({"image_mean": "0.5"}, "`image_mean`"),
    "statistics nested": ({"image_mean": [[0.5], [0.5], [0.5]]}, "`image_mean`"),
    "zero std": ({"image_std": [0, 0, 0]}, "`image_std` must be finite and not zero"),
    "filter": ({"resample": 77}, "resample"),
    "filter as list": ({"resample": [3]}, "resample"),
    "factor": ({"rescale_factor": "1/255"}, "`rescale_factor`"),
}
CONTRADICTORY: dict[str, tuple[dict[str, Any], str]] = {
    "crop without size": ({"do_center_crop": True, "crop_size": None}, "`crop_size` is not set"),
    "resize without size": ({"do_resize": True, "size": None}, "`size` is not set"),
    "two statistics": ({"image_mean": [0.5, 0.5], "image_std": [0.5, 0.5]}, "3 channels"),
    "mixed statistics": ({"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5]}, "3 channels"),
    "crop by edge": ({"crop_size": {"shortest_edge": 3}}, "`height` and `width`"),
    "edge that means nothing here": ({"size": {"longest_edge": 30}}, "`size` is"),
    "pad below the image": ({"do_pad": True, "pad_size": 5}, "cannot be padded to 5x5"),
}


class TestHostileFiles:
    @pytest.mark.parametrize("kind", HOSTILE)
    @pytest.mark.parametrize("name", ["preprocessor_config.json", "processor_config.json", "config.json"])
    def test_files(self, tmp_path: Path, kind: str, name: str) -> None:
        content, message = HOSTILE[kind]
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ConfigError, match=f"(?s){name}.*({message})"):
            AutoImageProcessor.from_pretrained(tmp_path)

    @pytest.mark.parametrize("kind", SETTINGS)
    def test_settings(self, tmp_path: Path, kind: str) -> None:
        settings, message = SETTINGS[kind]
        (tmp_path / "preprocessor_config.json").write_text(json.dumps({**CONFIG, **settings}))
        with pytest.raises((TypeError, ValueError), match=message) as caught:
            AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
        assert str(caught.value).startswith(str(tmp_path))

    @pytest.mark.parametrize("kind", CONTRADICTORY)
    def test_contradictions(self, tmp_path: Path, kind: str) -> None:
        settings, message = CONTRADICTORY[kind]
        (tmp_path / "preprocessor_config.json").write_text(json.dumps({**CONFIG, **settings}))
        processor = AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
        with pytest.raises(ValueError, match=message):
            processor(PHOTO)

    @pytest.mark.parametrize(
        "kwargs",
        [
            {"subfolder": "../elsewhere"},
            {"subfolder": "/etc"},
            {"subfolder": "a/../../b"},
            {"image_processor_filename": "../secret.json"},
            {"image_processor_filename": "/etc/passwd"},
        ],
        ids=str,
    )
    def test_paths_that_leave_the_checkpoint(self, folder: Path, kwargs: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="leaves the checkpoint"):
            AutoImageProcessor.from_pretrained(folder, **kwargs)

    @pytest.mark.parametrize("value", [3, None, ["CLIPImageProcessor"], {"a": 1}, "", "../CLIP", "os.system"])
    def test_types_that_are_no_names(self, tmp_path: Path, value: Any) -> None:
        (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": value}))
        with pytest.raises(UnknownFamilyError):
            AutoImageProcessor.from_pretrained(tmp_path)

    @pytest.mark.parametrize("key", ["__class__", "__dict__", "_options", "ops", "preprocess", "backend", "_unknown"])
    def test_keys_that_are_names_of_the_class(self, folder: Path, key: str) -> None:
        """Unknown keys of a file never replace what the object is made of."""
        (folder / "preprocessor_config.json").write_text(json.dumps({**CONFIG, key: "evil"}))
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
        assert type(processor) is CLIP.on("pil")
        assert processor(PHOTO)["pixel_values"][0].shape == (3, 20, 20)
        assert processor.to_dict()[key] == "evil"

    def test_keys_twice_and_links(self, tmp_path: Path) -> None:
        path = tmp_path / "preprocessor_config.json"
        path.write_text('{"image_processor_type": "CLIPImageProcessor", "size": 3, "size": 30}')
        assert AutoImageProcessor.from_pretrained(tmp_path, backend="pil").size.shortest_edge == 30
        path.unlink()
        path.mkdir()
        with pytest.raises(FileNotFoundError, match="has none of"):
            AutoImageProcessor.from_pretrained(tmp_path)


SHA = {"main": "a" * 40, "old": "b" * 40}
CROPS = {"main": 20, "old": 24}


def file_entry(name: str) -> dict[str, Any]:
    return {"type": "file", "path": name, "size": 100, "oid": hashlib.sha1(name.encode()).hexdigest()}


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub as its client asks for when it fetches a snapshot."""

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[0] == "api" and parts[1:4] == ["models", "owner", "model"]:
            revision = parts[5] if len(parts) > 5 else "main"
            if revision in SHA or revision in SHA.values():
                sha = SHA.get(revision, revision)
                names = ["preprocessor_config.json", "config.json", "vision/preprocessor_config.json", "weights.bin"]
                if parts[4] == "tree":
                    return self.send(200, json.dumps([file_entry(name) for name in names]).encode(), sha)
                siblings = [{"rfilename": name} for name in names]
                body = json.dumps({"id": "owner/model", "sha": sha, "siblings": siblings, "tags": []}).encode()
                return self.send(200, body, sha)
            return self.fail(404, "RevisionNotFound")
        if parts[:2] == ["owner", "model"] and parts[2] == "resolve":
            revision, name = parts[3], "/".join(parts[4:])
            sha = SHA.get(revision, revision)
            branch = next((branch for branch, commit in SHA.items() if commit == sha), "main")
            if name.endswith("preprocessor_config.json"):
                crop = CROPS[branch] + 100 * name.startswith("vision")
                return self.send(200, json.dumps({**CONFIG, "crop_size": crop}).encode(), sha)
            if name == "config.json":
                return self.send(200, b'{"model_type": "clip"}', sha)
            return self.fail(500 if "weights" in name else 404, "EntryNotFound")
        return self.fail(401, "RepoNotFound")

    def send(self, status: int, body: bytes, sha: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", sha)
        self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def fail(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@pytest.fixture
def hub() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def in_process(hub: http.server.ThreadingHTTPServer, home: Path, code: str, **environment: str) -> list[str]:
    """Run code in a process of its own, for the hub's client reads its settings once, when it is imported."""
    variables = {
        **{name: value for name, value in os.environ.items() if "PROXY" not in name.upper()},
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_address[1]}",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "PIXELPREP_BACKEND": "pil",
        **environment,
    }
    code = f"from pixelprep import AutoImageProcessor\nload = AutoImageProcessor.from_pretrained\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


class TestHub:
    def test_a_hub_id(self, hub: Any, tmp_path: Path) -> None:
        lines = in_process(
            hub,
            tmp_path,
            """
print(load("owner/model").crop_size.height)
print(load("owner/model", revision="old").crop_size.height)
print(load("owner/model", revision="b" * 40).crop_size.height)
print(load("owner/model", subfolder="vision").crop_size.height)
print(load("owner/model", crop_size=7).crop_size.height)
from pixelprep import CLIPImageProcessorPil
print(type(CLIPImageProcessorPil.from_pretrained("owner/model")).__name__)
""",
        )
        assert lines == ["20", "24", "24", "120", "7", "CLIPImageProcessorPil"]
        assert not any("weights" in path for path in hub.asked)

    def test_offline_afterwards(self, hub: Any, tmp_path: Path) -> None:
        assert in_process(hub, tmp_path, 'print(load("owner/model").crop_size.height)') == ["20"]
        asked = len(hub.asked)
        code = 'print(load("owner/model", local_files_only=True).crop_size.height)'
        assert in_process(hub, tmp_path, code) == ["20"]
        assert in_process(hub, tmp_path, 'print(load("owner/model").crop_size.height)', HF_HUB_OFFLINE="1") == ["20"]
        assert len(hub.asked) == asked

    def test_what_is_not_there(self, hub: Any, tmp_path: Path) -> None:
        lines = in_process(
            hub,
            tmp_path,
            """
for kwargs in ({"revision": "gone"}, {"local_files_only": True}):
    try:
        load("owner/model", **kwargs)
    except FileNotFoundError as error:
        print(str(error).replace(chr(10), " "))
try:
    load("owner/absent")
except FileNotFoundError as error:
    print(str(error).replace(chr(10), " "))
""",
        )
        assert lines[0].startswith("the hub has no 'owner/model' at revision 'gone'")
        assert lines[1].startswith("'owner/model' is no local folder, is not in the cache")
        assert lines[2].startswith("the hub has no 'owner/absent'; check the name, or pass token=")

    def test_a_hub_that_is_down(self, hub: Any, tmp_path: Path) -> None:
        code = """
try:
    load("owner/model")
except FileNotFoundError as error:
    print(str(error).replace(chr(10), " "))
"""
        lines = in_process(hub, tmp_path, code, HF_ENDPOINT="http://127.0.0.1:9")
        assert lines[0].startswith(
            "'owner/model' is no local folder, is not in the cache, and the hub cannot be reached"
        )


class TestOwnCode:
    """A checkpoint's own class is never replaced in silence by one that is called nearly so."""

    @pytest.mark.parametrize(
        "name", ["InternVLImageProcessor", "SwinImageProcessor", "QWen2VLImageProcessor", "VideoLlamaImageProcessor"]
    )
    def test_class_names_match_exactly(self, tmp_path: Path, name: str) -> None:
        entry = {"AutoImageProcessor": f"image_processing_own.{name}"}
        (tmp_path / "preprocessor_config.json").write_text(
            json.dumps({"image_processor_type": name, "auto_map": entry, "size": {"height": 9, "width": 9}})
        )
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "internvl"}))
        with pytest.raises(UntrustedCodeError, match=rf"image_processing_own\.py, class {name}"):
            AutoImageProcessor.from_pretrained(tmp_path)

    def test_shipped_names_and_suffixes_do(self, tmp_path: Path) -> None:
        entry = {"AutoImageProcessor": "image_processing_own.CLIPImageProcessor"}
        for name in ("CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPImageProcessorPil", "CLIPFeatureExtractor"):
            key = "feature_extractor_type" if "Feature" in name else "image_processor_type"
            (tmp_path / "preprocessor_config.json").write_text(json.dumps({key: name, "auto_map": entry}))
            assert type(AutoImageProcessor.from_pretrained(tmp_path)).plain_name() == "CLIPImageProcessor"
