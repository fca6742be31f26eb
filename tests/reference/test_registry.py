"""The table of families, classes from outside, names on demand, and what `from_pretrained` does with its arguments."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import runpy
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES

import pixelprep
from needs import ROOT
from oracle import difference, our_class, picture, reference_class, usable_backends
from pixelprep import AutoImageProcessor, registry
from pixelprep.image_processing_backends import PilBackend, TorchvisionBackend
from pixelprep.ops import MissingBackendError, backends, registration
from pixelprep.registry import registered
from pixelprep.registry.families import (
    FAMILIES,
    MODEL_TYPES,
    UnknownFamilyError,
    written_families,
)
from pixelprep.registry.lookup import find_class


@pytest.fixture(autouse=True)
def registrations() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    yield
    for model_type in list(registered._REGISTERED["Image"]):
        registry.unregister_classes(model_type)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkpoint(tmp_path, {"image_processor_type": "CLIPImageProcessor", "size": 30, "crop_size": 28})


def checkpoint(folder: Path, settings: Any, config: Any = None) -> Path:
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


class Kite(PilBackend):
    size = {"height": 8, "width": 9}
    resample = 2
    do_resize = True


class KiteImageProcessorPil(Kite):
    pass


class KiteImageProcessor(TorchvisionBackend):
    size = {"height": 8, "width": 9}
    resample = 2
    do_resize = True


class OtherKite(TorchvisionBackend):
    size = {"height": 8, "width": 8}
    resample = 2
    do_resize = True


def has_reference(family: str) -> bool:
    return any(reference_class(family, backend) for backend in usable_backends())


class TestMapping:
    def test_every_model_type_of_the_reference(self) -> None:
        expected = {}
        for model_type, names in IMAGE_PROCESSOR_MAPPING_NAMES.items():
            names = [name for name in (names.values() if isinstance(names, dict) else names) if name]
            expected[model_type] = names[0].removesuffix("Pil").removesuffix("Fast")
        ours = {name: f"{family.name}ImageProcessor" for name, family in MODEL_TYPES.items()}
        assert {name: ours.get(name) for name in expected} == expected
        # Families that the reference does not have yet are welcome; a type of its own families is never invented.
        more = {name for name in ours.keys() - expected.keys() if has_reference(MODEL_TYPES[name].name)}
        assert not more

    def test_where_the_reference_has_pillow_alone(self) -> None:
        alone = {
            MODEL_TYPES[model_type].name
            for model_type, names in IMAGE_PROCESSOR_MAPPING_NAMES.items()
            if "torchvision" not in names
        }
        alone.add("Vivit")  # its one class is listed under torchvision, and resizes with Pillow
        assert {name for name, family in FAMILIES.items() if family.only_backend == "pil"} == alone
        assert FAMILIES["Emu3"].backend_order == ("pil", "torchvision", "native")

    def test_each_family_once(self) -> None:
        assert len({family.folder for family in FAMILIES.values()}) == len(FAMILIES)
        assert sum(len(family.model_types) for family in FAMILIES.values()) == len(MODEL_TYPES)

    def test_a_family_that_is_not_written_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(registry.Family, "written", False)
        with pytest.raises(UnknownFamilyError, match="Donut is known but not written yet"):
            AutoImageProcessor.from_pretrained(checkpoint(tmp_path, {}, {"model_type": "donut-swin"}))

    @pytest.mark.parametrize(
        ("name", "family"),
        [
            ("SwinImageProcessor", "ViT"),
            ("Qwen2_5_VLImageProcessor", "Qwen2VL"),
            ("DINOv3ImageProcessor", "DINOv3ViT"),
            ("Ernie4_5_VL_MoeImageProcessorFast", "Ernie4_5_VLMoe"),
            ("ViTFeatureExtractor", "ViT"),
        ],
    )
    def test_spellings(self, name: str, family: str) -> None:
        assert find_class(name)[0].name == family

    @pytest.mark.parametrize("name", ["ImageProcessor", "Mineru2ImageProcessor", "CLIPImageProcessorFaster", ""])
    def test_names_of_nothing(self, name: str) -> None:
        with pytest.raises(UnknownFamilyError):
            find_class(name)

    def test_lanczos_families_avoid_old_torchvision(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lanczos = {name for name in written_families() if getattr(FAMILIES[name].load(), "resample", None) == 1}
        assert lanczos >= {"Idefics3", "SmolVLM", "Chameleon"}
        assert FAMILIES["Idefics3"].backend_order[0] == "torchvision"
        registration._torchvision_lacks.cache_clear()
        monkeypatch.setattr("importlib.metadata.version", lambda name: "0.26.0+cpu")
        try:
            for name in written_families():
                order = ("native", "pil", "torchvision") if name in lanczos else ("torchvision", "native", "pil")
                assert FAMILIES[name].only_backend or FAMILIES[name].backend_order == order
        finally:
            registration._torchvision_lacks.cache_clear()


class TestRegister:
    def test_a_new_type(self, tmp_path: Path) -> None:
        AutoImageProcessor.register("kite", image_processor_classes={"pil": KiteImageProcessorPil})
        AutoImageProcessor.register(
            SimpleNamespace(model_type="kite"), image_processor_classes={"torchvision": KiteImageProcessor}
        )
        by_type = checkpoint(tmp_path, {"do_rescale": True}, {"model_type": "kite"})
        assert type(AutoImageProcessor.from_pretrained(by_type)) is KiteImageProcessor
        assert type(AutoImageProcessor.from_pretrained(by_type, backend="pil")) is KiteImageProcessorPil
        for name in ("KiteImageProcessor", "KiteImageProcessorPil"):
            by_name = checkpoint(tmp_path, {"image_processor_type": name}, {})
            assert type(AutoImageProcessor.from_pretrained(by_name, backend="pil")) is KiteImageProcessorPil

    @pytest.mark.parametrize(
        "name", ["LlavaOnevisionImageProcessor", "LlavaOnevisionImageProcessorFast", "LlavaOnevisionImageProcessorPil"]
    )
    def test_a_known_type_whichever_class_the_file_names(self, tmp_path: Path, name: str) -> None:
        class Mine(our_class("LlavaOnevision", "pil")):  # type: ignore[misc]
            pass

        AutoImageProcessor.register("llava_onevision", image_processor_classes={"mlx": Mine})
        folder = checkpoint(tmp_path, {"image_processor_type": name})
        assert type(AutoImageProcessor.from_pretrained(folder, backend="mlx")) is Mine
        assert type(AutoImageProcessor.from_pretrained(folder, backend="pil")) is our_class("LlavaOnevision", "pil")
        folder = checkpoint(tmp_path, {"image_processor_type": "Mine"})
        assert type(AutoImageProcessor.from_pretrained(folder, backend="mlx")) is Mine

    def test_one_type_of_a_family_with_several(self, tmp_path: Path) -> None:
        class Mine(our_class("CLIP", "pil")):  # type: ignore[misc]
            pass

        AutoImageProcessor.register("git", image_processor_classes={"pil": Mine}, exist_ok=True)
        for config, expected in (({"model_type": "git"}, Mine), ({"model_type": "clip"}, our_class("CLIP", "pil"))):
            folder = checkpoint(tmp_path, {"image_processor_type": "CLIPImageProcessor"}, config)
            assert type(AutoImageProcessor.from_pretrained(folder, backend="pil")) is expected

    def test_taken_names(self) -> None:
        AutoImageProcessor.register("kite", image_processor_classes={"pil": Kite})
        with pytest.raises(ValueError, match="'kite' has a class for pil already; pass exist_ok=True"):
            AutoImageProcessor.register("kite", image_processor_classes={"pil": KiteImageProcessorPil})
        with pytest.raises(ValueError, match="'clip' has a class for pil already"):
            AutoImageProcessor.register("clip", image_processor_classes={"pil": our_class("CLIP", "pil")})
        AutoImageProcessor.register("kite", image_processor_classes={"pil": KiteImageProcessorPil}, exist_ok=True)
        assert registry.registered_classes("kite") == {"pil": KiteImageProcessorPil}

    def test_older_argument_names(self) -> None:
        with pytest.warns(DeprecationWarning, match="'pil': ..., 'torchvision': ..."):
            AutoImageProcessor.register("kite", Kite, KiteImageProcessor)
        assert registry.registered_classes("kite") == {"pil": Kite, "torchvision": KiteImageProcessor}

    @pytest.mark.parametrize("thing", [int, "Kite", None, SimpleNamespace, dict])
    def test_refuses_what_is_no_image_processor(self, thing: Any) -> None:
        with pytest.raises(TypeError, match="no subclass of BaseImageProcessor"):
            AutoImageProcessor.register("kite", image_processor_classes={"pil": thing})

    def test_refuses_classes_without_backend_and_nothing_at_all(self) -> None:
        with pytest.raises(TypeError, match="bound to no backend"):
            AutoImageProcessor.register("kite", image_processor_classes={"pil": FAMILIES["CLIP"].load()})
        with pytest.raises(ValueError, match="at least one class"):
            AutoImageProcessor.register("kite")
        with pytest.raises(TypeError, match="give a model type"):
            AutoImageProcessor.register(5, image_processor_classes={"pil": Kite})  # type: ignore[arg-type]

    def test_refuses_different_defaults(self) -> None:
        report = r"default of `size`: Kite has .*9.*, OtherKite has .*8"
        with pytest.raises(ValueError, match=report):
            AutoImageProcessor.register("kite", image_processor_classes={"pil": Kite, "torchvision": OtherKite})
        AutoImageProcessor.register("kite", image_processor_classes={"pil": Kite})
        with pytest.raises(ValueError, match=report):
            AutoImageProcessor.register("kite", image_processor_classes={"torchvision": OtherKite})
        with pytest.raises(ValueError, match="default of `image_mean`"):
            AutoImageProcessor.register("clip", image_processor_classes={"kite": Kite})
        assert registry.registered_classes("kite") == {"pil": Kite}
        assert registry.registered_classes("clip") == {}

    def test_other_backends_of_a_new_type(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        AutoImageProcessor.register("kite", image_processor_classes={"paper": Kite})
        folder = checkpoint(tmp_path, {}, {"model_type": "kite"})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert type(AutoImageProcessor.from_pretrained(folder)) is Kite
        with pytest.warns(
            UserWarning, match="no backend 'papier'; did you mean 'paper'.* Using 'paper' instead"
        ) as seen:
            assert type(AutoImageProcessor.from_pretrained(folder, backend="papier")) is Kite
        assert len(seen) == 1
        monkeypatch.setattr("pixelprep.ops.Backend.missing", lambda self: "gone")
        with pytest.raises(MissingBackendError, match=r"paper: gone \(pip install pillow numpy\)"):
            AutoImageProcessor.from_pretrained(folder)


class TestArguments:
    def test_use_fast(self, folder: Path) -> None:
        for use_fast, backend in ((True, "torchvision"), (False, "pil")):
            with pytest.warns(DeprecationWarning, match=f"means backend='{backend}'") as seen:
                processor = AutoImageProcessor.from_pretrained(folder, use_fast=use_fast)
            assert (processor.backend, len(seen)) == (backend, 1)
        with pytest.warns(DeprecationWarning, match="use_fast"):
            assert AutoImageProcessor.from_pretrained(folder, use_fast=True, backend="pil").backend == "pil"

    def test_is_fast(self, folder: Path) -> None:
        for backend, fast in (("torchvision", True), ("pil", False)):
            processor = AutoImageProcessor.from_pretrained(folder, backend=backend)
            with pytest.warns(DeprecationWarning, match="is_fast"):
                assert processor.is_fast is fast

    def test_unused_kwargs(self, folder: Path) -> None:
        processor, unused = AutoImageProcessor.from_pretrained(
            folder, backend="pil", return_unused_kwargs=True, size=40, foo=1, torch_dtype="auto"
        )
        assert processor.size.shortest_edge == 40
        assert unused == {"foo": 1, "torch_dtype": "auto"}
        with pytest.raises(TypeError, match="`foo`"):
            AutoImageProcessor.from_pretrained(folder, foo=1)

    def test_a_model_configuration(self, tmp_path: Path) -> None:
        from transformers import Qwen2VLConfig, SwinConfig

        for config, name in (
            (Qwen2VLConfig(), "Qwen2VL"),
            (SwinConfig(), "ViT"),
            (SimpleNamespace(model_type="git"), "CLIP"),
        ):
            processor = AutoImageProcessor.from_pretrained(config, backend="pil", do_normalize=False)
            assert type(processor).__name__ == f"{name}ImageProcessorPil"
            assert processor.to_dict() == type(processor)(do_normalize=False).to_dict()
        untyped = checkpoint(tmp_path, {"size": 224, "image_mean": [0.5, 0.5, 0.5]})
        with pytest.raises(UnknownFamilyError, match="pass its configuration as config="):
            AutoImageProcessor.from_pretrained(untyped)
        assert type(AutoImageProcessor.from_pretrained(untyped, config=SwinConfig())).__name__ == "ViTImageProcessor"
        for nonsense in (5, None, object(), ["clip"]):
            with pytest.raises(TypeError, match="a checkpoint is"):
                AutoImageProcessor.from_pretrained(nonsense)

    def test_a_timm_checkpoint(self, tmp_path: Path) -> None:
        config = {"architecture": "resnet18", "pretrained_cfg": {"mean": [0.5] * 3, "input_size": [3, 64, 64]}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        if FAMILIES["TimmWrapper"].written:
            assert type(AutoImageProcessor.from_pretrained(tmp_path)).__name__.startswith("TimmWrapper")
        else:
            with pytest.raises(UnknownFamilyError, match="TimmWrapper is known but not written yet"):
                AutoImageProcessor.from_pretrained(tmp_path)

    def test_a_backend_of_the_wrong_type(self, folder: Path) -> None:
        with pytest.raises(TypeError, match="`backend` must be a string"):
            AutoImageProcessor.from_pretrained(folder, backend=True)

    def test_classes_load_on_their_backend_or_another(self, folder: Path) -> None:
        assert pixelprep.CLIPImageProcessorPil.from_pretrained(folder).backend == "pil"
        assert pixelprep.CLIPImageProcessorPil.from_pretrained(folder, backend="torchvision").backend == "torchvision"
        with pytest.raises(ValueError, match="Kite is written for the backend 'pil', not for 'torchvision'"):
            Kite.from_pretrained(folder, backend="torchvision")

    def test_proxies_reach_the_hub_client(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        seen = {}

        def snapshot_download(repo_id: str, **kwargs: Any) -> str:
            seen.update(kwargs, proxy=os.environ.get("HTTPS_PROXY"))
            return str(folder)

        monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
        monkeypatch.delenv("HTTPS_PROXY", raising=False)
        AutoImageProcessor.from_pretrained(
            "owner/name", proxies={"https": "http://proxy:1"}, revision="v1", token="t", force_download=True
        )
        assert seen["proxy"] == "http://proxy:1"
        assert (seen["revision"], seen["token"], seen["force_download"]) == ("v1", "t", True)
        assert "HTTPS_PROXY" not in os.environ

    def test_a_local_configuration_loads_at_once(self, folder: Path) -> None:
        """The best of twenty takes a millisecond; fifty would be an import or a search."""
        AutoImageProcessor.from_pretrained(folder, backend="pil")
        times = []
        for _ in range(20):
            start = time.perf_counter()
            AutoImageProcessor.from_pretrained(folder, backend="pil")
            times.append(time.perf_counter() - start)
        assert min(times) < 0.05


class TestNames:
    @pytest.mark.parametrize("family", written_families())
    def test_every_family_with_every_suffix(self, family: str) -> None:
        for name, backend in backends().items():
            cls = getattr(pixelprep, f"{family}ImageProcessor{backend.suffix}")
            assert cls is our_class(family, name)
            assert (cls.backend, cls.__name__) == (name, f"{family}ImageProcessor{backend.suffix}")

    def test_older_names(self) -> None:
        for name, now in (
            ("CLIPImageProcessorFast", "CLIPImageProcessor"),
            ("BaseImageProcessorFast", "TorchvisionBackend"),
        ):
            vars(pixelprep).pop(name, None)
            with pytest.warns(DeprecationWarning, match=f"{name} is deprecated; it is {now} now"):
                assert getattr(pixelprep, name) is getattr(pixelprep, now)

    @pytest.mark.parametrize("name", ["CLIPImageProcesor", "ClipImageProcessor2", "clip", "NoSuchImageProcessor"])
    def test_nothing_of_that_name(self, name: str) -> None:
        with pytest.raises(AttributeError, match=name):
            getattr(pixelprep, name)

    def test_nothing_heavy_is_imported(self) -> None:
        code = (
            "import sys; from pixelprep import CLIPImageProcessor, Qwen2VLImageProcessorPil, AutoImageProcessor; "
            "print([m for m in ('torch', 'torchvision', 'PIL', 'httpx', 'huggingface_hub', 'scipy', 'transformers') "
            "if m in sys.modules])"
        )
        assert run(code) == "[]"

    def test_without_torchvision_the_next_backend(self) -> None:
        code = (
            "import sys, warnings; sys.modules['torchvision'] = None; warnings.simplefilter('always')\n"
            "with warnings.catch_warnings(record=True) as seen:\n"
            "    from pixelprep import CLIPImageProcessor\n"
            "print(CLIPImageProcessor.__name__, len(seen), seen[0].message)"
        )
        name, count, message = run(code).split(" ", 2)
        assert name in ("CLIPImageProcessorNative", "CLIPImageProcessorPil")
        assert count == "1"
        assert "torchvision are not installed" in message or "torchvision is not installed" in message
        assert 'pip install "pixelprep[torch]"' in message

    def test_stubs_are_current(self) -> None:
        stubs = runpy.run_path(str(ROOT / "docs" / "stubs.py"))
        assert stubs["PATH"].read_text() == stubs["stubs"](), "run: make docs"

    def test_dir_lists_what_there_is(self) -> None:
        for name in ("AutoImageProcessor", "CLIPImageProcessor", "register_backend"):
            assert name in dir(pixelprep)
        for name in dir(pixelprep):
            getattr(pixelprep, name)


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def shape_of(cls: Any, processor: Any) -> Any:
    assert type(processor) is cls
    return processor(picture(40, 50), return_tensors="np")["pixel_values"]


class Mine(our_class("CLIP", "pil")):  # type: ignore[misc]
    """A subclass of a bound class, as users write it."""


class TestPickles:
    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_by_every_start_method(self, method: str) -> None:
        classes = [
            our_class("CLIP", backend)
            for backend in usable_backends()
            # Threads that torch and MLX started in the parent are not there in a forked child, which waits.
            if method != "fork" or backend not in ("torchvision", "mlx")
        ]
        with multiprocessing.get_context(method).Pool(1) as pool:
            for cls in (*classes, Kite, Mine):
                processor = cls(size=20) if cls is not Kite else cls()
                assert difference(shape_of(cls, processor), pool.apply(shape_of, (cls, processor))) == 0.0

    def test_every_family(self) -> None:
        for family in written_families():
            for backend in backends():
                cls = our_class(family, backend)
                assert pickle.loads(pickle.dumps(cls)) is cls


class Api:
    """The hub client as far as uploading goes; remembers what it was asked."""

    calls: list[Any] = []

    def __init__(self, token: str | None = None) -> None:
        self.calls.append(("token", token))

    def create_repo(self, repo_id: str, **kwargs: Any) -> Any:
        self.calls.append(("create", repo_id, kwargs))
        return SimpleNamespace(repo_id=f"me/{repo_id}" if "/" not in repo_id else repo_id)

    def upload_file(self, **kwargs: Any) -> None:
        self.calls.append(("upload", kwargs.pop("path_or_fileobj").read_text(), kwargs))


class TestSaving:
    def test_push_to_hub(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huggingface_hub.HfApi", Api)
        monkeypatch.setattr(Api, "calls", [])
        processor = our_class("CLIP", "pil")()
        target = tmp_path / "my-clip"
        processor.save_pretrained(target, push_to_hub=True, token="secret", private=True, revision="pr")
        saved = (target / "preprocessor_config.json").read_text()
        assert json.loads(saved)["image_processor_type"] == "CLIPImageProcessor"
        assert Api.calls == [
            ("token", "secret"),
            ("create", "my-clip", {"private": True, "exist_ok": True}),
            (
                "upload",
                saved,
                {
                    "path_in_repo": "preprocessor_config.json",
                    "repo_id": "me/my-clip",
                    "revision": "pr",
                    "commit_message": "Upload image processor",
                },
            ),
        ]
        processor.save_pretrained(target, push_to_hub=True, repo_id="you/yours", commit_message="new")
        assert Api.calls[-1][2]["repo_id"] == "you/yours"
        assert Api.calls[-1][2]["commit_message"] == "new"

    def test_unknown_arguments(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match=r"`repo` .*did you mean `repo_id`"):
            our_class("CLIP", "pil")().save_pretrained(tmp_path, repo="x")

    @pytest.mark.parametrize("saving", usable_backends())
    def test_saved_by_any_backend_loads_on_every_other(self, saving: str, tmp_path: Path) -> None:
        our_class("CLIP", saving)(size=30, crop_size=28, image_std=[0.1, 0.2, 0.3]).save_pretrained(tmp_path)
        for backend in usable_backends():
            processor = AutoImageProcessor.from_pretrained(tmp_path, backend=backend)
            same = our_class("CLIP", backend)(size=30, crop_size=28, image_std=[0.1, 0.2, 0.3])
            assert difference(*(p(picture(50, 40), return_tensors="np") for p in (processor, same))) == 0.0
