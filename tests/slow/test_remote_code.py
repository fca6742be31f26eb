"""Code from a checkpoint: never run unless trusted, run as transformers would run it, and for itself alone."""

from __future__ import annotations

import importlib
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
from pixelprep.checkpoints.remote_code import CodeReference, choose_reference
from pixelprep.checkpoints.remote_code.stand_ins import find, import_with_stand_ins
from pixelprep.registry.families import UnknownFamilyError

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
sys.path[:0] = sys.argv[1:]
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
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRANSFORMERS, str(HERE), str(HERE.parent)], capture_output=True, timeout=300
    )
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
    def test_saved_with_their_code_on_transformers(self, folder: str, backend: str | None, tmp_path: Path) -> None:
        copy, saved = tmp_path / "copy", tmp_path / "saved"
        shutil.copytree(CHECKPOINTS / folder, copy)
        processor = AutoImageProcessor.from_pretrained(copy, backend=backend, trust_remote_code=True)
        expected = outputs(processor)
        processor.save_pretrained(saved)
        shutil.rmtree(copy)
        again = AutoImageProcessor.from_pretrained(saved, backend=backend, trust_remote_code=True)
        assert type(again).__name__ == type(processor).__name__
        assert difference(outputs(again), expected) == 0.0

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


RGB = np.asarray(picture(30, 41))
# What published code imports from transformers besides classes, called as it calls it: the same results.
HELPERS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "image_processing_utils.get_size_dict": [
        ((224,), {}),
        ((224,), {"default_to_square": False}),
        ((224,), {"default_to_square": False, "max_size": 300}),
        (((30, 40),), {}),
        (([30, 40],), {"height_width_order": False}),
        ((), {"max_size": 300, "default_to_square": False}),
        (({"shortest_edge": 5},), {"default_to_square": False}),
        (({"height": 5, "width": 6},), {"param_name": "crop_size"}),
    ],
    "image_processing_utils.select_best_resolution": [
        ((size, [[336, 672], [672, 336], [672, 672], [1008, 336]]), {}) for size in ((500, 400), (300, 900), (90, 20))
    ],
    "image_processing_utils.get_patch_output_size": [
        ((RGB, target, "channels_last"), {}) for target in ((60, 60), (100, 60), (10, 500))
    ],
    "image_utils.make_list_of_images": [((RGB,), {}), ((np.stack([RGB, RGB]),), {}), (([RGB, RGB],), {})],
    "image_utils.valid_images": [((RGB,), {}), (([[RGB], [RGB]],), {}), ((["no"],), {}), ((None,), {})],
    "image_utils.is_valid_image": [((RGB,), {}), (("no",), {})],
    "image_utils.is_batched": [((RGB,), {}), (([RGB],), {}), (([[RGB]],), {})],
    "image_utils.is_scaled_image": [((RGB,), {}), ((RGB / 255,), {}), ((RGB / 100,), {})],
    "image_utils.to_numpy_array": [((picture(9, 8),), {}), ((RGB,), {})],
    "image_utils.get_channel_dimension_axis": [((RGB,), {}), ((RGB.transpose(2, 0, 1),), {}), ((RGB[None],), {})],
    "image_utils.get_image_size": [((RGB,), {}), ((RGB,), {"channel_dim": "channels_last"})],
    "image_utils.max_across_indices": [(([(1, 5), (3, 2)],), {})],
    "image_utils.get_max_height_width": [
        (([RGB, RGB[:9]], "channels_last"), {}),
        (([RGB.transpose(2, 0, 1), RGB[:, :9].transpose(2, 0, 1)],), {}),
    ],
    "image_utils.concatenate_list": [(([[1], [2, 3]],), {}), (([RGB, RGB],), {})],
    "image_utils.infer_channel_dimension_format": [((RGB,), {})],
    "image_utils.validate_preprocess_arguments": [((), {"do_resize": True, "size": {"height": 1}, "resample": 2})],
    "image_utils.validate_kwargs": [((["a"], ["a", "b"]), {})],
    "models.qwen2_vl.image_processing_qwen2_vl.smart_resize": [((500, 700), {}), ((99, 20), {"factor": 14})],
    "utils.is_vision_available": [((), {})],
    "utils.is_torch_available": [((), {})],
    "utils.is_torchvision_available": [((), {})],
    "utils.is_torch_tensor": [((RGB,), {})],
    "utils.is_torch_dtype": [(("float16",), {}), (("nonsense",), {})],
    "utils.is_torch_device": [(("cpu",), {})],
}


class TestStandIns:
    @pytest.mark.parametrize(
        ("path", "args", "kwargs"), [(path, *call) for path, calls in HELPERS.items() for call in calls]
    )
    def test_functions_do_what_those_of_transformers_do(
        self, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        module, _, name = f"transformers.{path}".rpartition(".")
        expected = getattr(importlib.import_module(module), name)(*args, **kwargs)
        got = find(module, name)(*args, **kwargs)
        if isinstance(expected, (list, tuple)):
            expected, got = list(expected), list(got)
        expected = bool(expected) if isinstance(expected, np.bool_) else expected
        assert difference(expected, got) == 0.0

    @pytest.mark.parametrize(
        ("module", "names"),
        [
            ("image_processing_utils", "BaseImageProcessor BatchFeature get_size_dict"),
            ("image_processing_utils_fast", "BaseImageProcessorFast DefaultFastImageProcessorKwargs SizeDict"),
            ("image_processing_utils_fast", "group_images_by_shape reorder_images"),
            ("image_processing_backends", "TorchvisionBackend PilBackend"),
            ("image_transforms", "resize rescale normalize center_crop pad convert_to_rgb PaddingMode to_pil_image"),
            (
                "image_utils",
                "ImageInput ChannelDimension PILImageResampling OPENAI_CLIP_MEAN OPENAI_CLIP_STD VideoInput",
            ),
            ("image_utils", "IMAGENET_STANDARD_MEAN load_image load_images pil_torch_interpolation_mapping"),
            ("processing_utils", "ImagesKwargs Unpack"),
            ("feature_extraction_utils", "BatchFeature"),
            ("utils", "TensorType logging requires_backends auto_docstring add_start_docstrings ExplicitEnum"),
            ("utils.import_utils", "is_torch_available requires"),
            ("utils.logging", "get_logger"),
            ("models.clip", "CLIPImageProcessor CLIPImageProcessorFast CLIPImageProcessorPil"),
            ("models.qwen2_vl.image_processing_qwen2_vl_fast", "Qwen2VLImageProcessorFast"),
            ("models.qwen2_vl.image_processing_qwen2_vl", "Qwen2VLImageProcessorKwargs smart_resize"),
            ("models.auto", "AutoImageProcessor"),
        ],
    )
    def test_names_that_published_code_imports(self, module: str, names: str) -> None:
        for name in names.split():
            assert find(f"transformers.{module}", name) is not None
            assert import_with_stand_ins(f"transformers.{module}", fromlist=[name]).__name__ == f"transformers.{module}"

    def test_what_is_not_there_is_an_error_that_says_what_to_install(self) -> None:
        for module, name in (("transformers", "AutoModel"), ("transformers.utils", "no_such"), ("transformers", "_x")):
            with pytest.raises(ImportError, match=f"imports {name!r} from {module!r}.*pip install transformers"):
                import_with_stand_ins(module, fromlist=[name])
        for module in ("transformers.modeling_utils", "transformers.models.clip.modeling_clip", "transformers.x"):
            with pytest.raises(ModuleNotFoundError, match=f"imports {module!r}.*pip install transformers"):
                import_with_stand_ins(module)
        assert import_with_stand_ins("json").loads("1") == 1
