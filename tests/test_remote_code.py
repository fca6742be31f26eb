"""Code from a checkpoint: never run unless trusted, run as transformers would run it, and for itself alone."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oracle import difference, picture
from pixelprep import AutoImageProcessor
from pixelprep.auto import ConfigError, UntrustedCodeError
from pixelprep.registry import UnknownFamilyError
from pixelprep.remote_code import CodeReference, choose_reference

HERE = Path(__file__).parent
CHECKPOINTS = HERE / "remote_code"
# Folder, backend: one for each style of published code.
STYLES = [
    ("numpy_style", None),
    ("slicing", None),
    ("free", None),
    ("fast", None),
    ("both", "torchvision"),
    ("both", "pil"),
    ("family", "torchvision"),
]

# Runs where transformers cannot be imported, as on a machine without it.
WITHOUT_TRANSFORMERS = """
import pickle, sys, tempfile
sys.modules["transformers"] = None
sys.path.insert(0, sys.argv[1])
from oracle import picture
from pixelprep import AutoImageProcessor
from pixelprep.image_processing_utils import BaseImageProcessor
import test_remote_code as here

results = {}
for folder, backend in here.STYLES:
    processor = AutoImageProcessor.from_pretrained(here.CHECKPOINTS / folder, backend=backend, trust_remote_code=True)
    assert isinstance(processor, BaseImageProcessor), type(processor).__mro__
    again = pickle.loads(pickle.dumps(processor))
    assert type(again) is type(processor)
    results[folder, backend] = here.outputs(again), processor.to_dict(), type(processor).__name__
    with tempfile.TemporaryDirectory() as saved:
        processor.save_pretrained(saved)
        again = AutoImageProcessor.from_pretrained(saved, backend=backend, trust_remote_code=True)
        assert type(again).__module__ != type(processor).__module__
        assert here.difference(here.outputs(again), results[folder, backend][0]) == 0.0
strays = [name for name in sys.modules if name.partition(".")[0] == "transformers" and name != "transformers"]
assert not strays and sys.modules["transformers"] is None, strays
pickle.dump(results, sys.stdout.buffer)
"""


def outputs(processor: Any) -> dict[str, Any]:
    """What a processor makes of two pictures, as NumPy arrays in plain lists and dictionaries."""

    def plain(value: Any) -> Any:
        return [plain(entry) for entry in value] if isinstance(value, (list, tuple)) else np.asarray(value)

    return {
        f"{height}x{width} {name}": plain(value)
        for height, width in ((70, 52), (45, 90))
        for name, value in processor(picture(height, width), return_tensors="pt").items()
    }


@pytest.fixture(scope="module")
def without_transformers() -> dict[Any, Any]:
    done = subprocess.run([sys.executable, "-c", WITHOUT_TRANSFORMERS, str(HERE)], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    results: dict[Any, Any] = pickle.loads(done.stdout)
    return results


class TestStyles:
    @pytest.mark.parametrize(("folder", "backend"), STYLES)
    def test_same_outputs_as_on_transformers(
        self, folder: str, backend: str | None, without_transformers: dict[Any, Any]
    ) -> None:
        processor = AutoImageProcessor.from_pretrained(CHECKPOINTS / folder, backend=backend, trust_remote_code=True)
        assert any(base.__module__.startswith("transformers.") for base in type(processor).__mro__)
        got, _, name = without_transformers[folder, backend]
        assert name == type(processor).__name__
        assert difference(outputs(processor), got) == 0.0

    @pytest.mark.parametrize(("folder", "backend"), STYLES)
    def test_settings_are_kept(self, folder: str, backend: str | None, without_transformers: dict[Any, Any]) -> None:
        published = json.loads((CHECKPOINTS / folder / "preprocessor_config.json").read_bytes())
        saved = without_transformers[folder, backend][1]
        renamed = {"norm_mean", "norm_std", "processor_class", "image_processor_type", "min_pixels", "max_pixels"}
        assert {name: saved[name] for name in published.keys() - renamed} == {
            name: value for name, value in published.items() if name not in renamed
        }


class TestTrust:
    @pytest.mark.parametrize("trust", [None, False, "yes", 1])
    def test_nothing_runs_unless_trusted(self, tmp_path: Path, trust: Any) -> None:
        folder = hostile(tmp_path, "module.Processor")
        with pytest.raises(UntrustedCodeError, match=r"module\.py, class Processor.*trust_remote_code=True"):
            AutoImageProcessor.from_pretrained(folder, trust_remote_code=trust)
        assert not (folder / "was here").exists()

    def test_trusted_code_runs(self, tmp_path: Path) -> None:
        folder = hostile(tmp_path, "module.Processor")
        with pytest.raises(ImportError, match=r"module\.py has no image processor class Processor"):
            AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
        assert (folder / "was here").exists()

    def test_known_families_need_no_code(self, tmp_path: Path) -> None:
        folder = hostile(tmp_path, "module.Processor", image_processor_type="CLIPImageProcessor")
        assert type(AutoImageProcessor.from_pretrained(folder, backend="pil")).__name__ == "CLIPImageProcessorPil"
        assert not (folder / "was here").exists()

    @pytest.mark.parametrize(
        "reference",
        [
            "../outside.Processor",
            "..outside.Processor",
            "/etc/passwd.Processor",
            "sub/module.Processor",
            "a.b.Processor",
            "module",
            "module.",
            ".Processor",
            "module.Processor\n",
            "mod\u00fcle.Processor",
            "module.__class__.__mro__",
            "../..--module.Processor",
            "a/b/c--module.Processor",
            "x" * 400 + ".Processor",
            5,
            True,
            {"pil": {"pil": "module.Processor"}},
            {"pil": None},
            [[]],
            [None, 3],
            {},
        ],
    )
    def test_path_tricks(self, tmp_path: Path, reference: Any) -> None:
        (tmp_path / "outside.py").write_text("raise SystemExit('escaped')")
        folder = hostile(tmp_path / "inner", reference)
        for trust in (True, None):
            with pytest.raises((ConfigError, UnknownFamilyError)):
                AutoImageProcessor.from_pretrained(folder, trust_remote_code=trust)
        assert not (folder / "was here").exists()

    def test_compiled_files_are_never_read(self, tmp_path: Path) -> None:
        folder = hostile(tmp_path, "module.Processor")
        (folder / "module.py").write_text("raise ImportError('the source')")
        cache = folder / "__pycache__"
        cache.mkdir()
        (cache / f"module.{sys.implementation.cache_tag}.pyc").write_bytes(b"\0" * 64)
        with pytest.raises(ImportError, match="the source"):
            AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
        (folder / "module.py").unlink()
        (folder / "module.pyc").write_bytes(b"\0" * 64)
        with pytest.raises(FileNotFoundError, match=r"no module\.py, class Processor"):
            AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)

    def test_errors_of_the_code_say_where_they_come_from(self, tmp_path: Path) -> None:
        folder = hostile(tmp_path, "module.Processor")
        (folder / "module.py").write_text("import no_such_library")
        with pytest.raises(ModuleNotFoundError) as caught:
            AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
        assert "module.py" in caught.value.__notes__[0]


def hostile(folder: Path, reference: Any, **settings: Any) -> Path:
    """A checkpoint whose module leaves a trace when it is run."""
    folder.mkdir(exist_ok=True)
    settings = {"auto_map": {"AutoImageProcessor": reference}, **settings}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    (folder / "module.py").write_text("import pathlib\npathlib.Path(__file__).with_name('was here').touch()\n")
    return folder


class TestReferences:
    @pytest.mark.parametrize(
        ("entry", "backend", "name"),
        [
            ("m.A", None, "A"),
            (["m.Slow", "m.Fast"], None, "Fast"),
            (["m.Slow", "m.Fast"], "pil", "Slow"),
            (["m.Slow", "m.Fast"], "torchvision", "Fast"),
            (["m.Slow", None], "torchvision", "Slow"),
            ([None, "m.Fast"], "pil", "Fast"),
            (["m.Slow"], None, "Slow"),
            ({"pil": "m.P", "torchvision": "m.T"}, "pil", "P"),
            ({"pil": "m.P", "torchvision": "m.T"}, None, "T"),
            ({"mlx": "m.M", "pil": "m.P"}, "mlx", "M"),
            ({"mlx": "m.M"}, "pil", "M"),
        ],
    )
    def test_choice(self, entry: Any, backend: str | None, name: str) -> None:
        assert choose_reference(entry, backend).name == name

    def test_other_repositories(self) -> None:
        assert CodeReference.parse("owner/name--module.Class") == CodeReference("module", "Class", "owner/name")

    def test_code_of_another_repository_is_fetched_at_its_revision(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        asked: list[Any] = []

        def snapshot_download(repo_id: str, **kwargs: Any) -> str:
            asked.append((repo_id, kwargs))
            return str(CHECKPOINTS / "numpy_style")

        monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
        settings = {"auto_map": {"AutoImageProcessor": "owner/code--image_processing_orchard.OrchardImageProcessor"}}
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
        with pytest.raises(UntrustedCodeError, match="of the repository owner/code"):
            AutoImageProcessor.from_pretrained(tmp_path)
        assert asked == []
        AutoImageProcessor.from_pretrained(tmp_path, trust_remote_code=True, code_revision="abc")
        assert asked == [("owner/code", {"allow_patterns": ["*.py"], "revision": "abc"})]

    def test_code_on_the_hub_comes_from_the_commit_of_the_configuration(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        snapshot = tmp_path / "0123abc"
        shutil.copytree(CHECKPOINTS / "numpy_style", snapshot)
        asked: list[Any] = []

        def snapshot_download(repo_id: str, **kwargs: Any) -> str:
            asked.append((repo_id, kwargs.get("revision"), kwargs["allow_patterns"]))
            return str(snapshot)

        monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
        AutoImageProcessor.from_pretrained("owner/name", trust_remote_code=True)
        files = ["processor_config.json", "preprocessor_config.json", "config.json"]
        assert asked == [("owner/name", None, files), ("owner/name", "0123abc", ["*.py"])]


class TestIsolation:
    def test_two_checkpoints_with_modules_of_one_name(self, tmp_path: Path) -> None:
        for number in (1, 2):
            shutil.copytree(CHECKPOINTS / "numpy_style", tmp_path / str(number))
            (tmp_path / str(number) / "statistics_orchard.py").write_text(f"MEAN = [{number}] * 3\nSTD = [1] * 3")
        first, second = (
            AutoImageProcessor.from_pretrained(tmp_path / str(number), trust_remote_code=True) for number in (1, 2)
        )
        assert (first.image_mean, second.image_mean) == ([1] * 3, [2] * 3)
        assert type(first) is not type(second)

    def test_changed_code_is_run_anew(self, tmp_path: Path) -> None:
        folder = tmp_path / "checkpoint"
        shutil.copytree(CHECKPOINTS / "numpy_style", folder)
        first = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
        assert type(AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)) is type(first)
        (folder / "statistics_orchard.py").write_text("MEAN = STD = [7.0, 7.0, 7.0]")
        assert AutoImageProcessor.from_pretrained(folder, trust_remote_code=True).image_mean == [7.0] * 3

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_pickles_into_other_processes(self, method: str) -> None:
        processor = AutoImageProcessor.from_pretrained(CHECKPOINTS / "numpy_style", trust_remote_code=True)
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert difference(outputs(processor), pool.apply(outputs, (processor,))) == 0.0
