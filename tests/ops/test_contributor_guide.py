"""The contributor guide's own example, its files where the guide puts them, and all that it says may be overridden."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import pixelprep.models
from oracle import difference, draw, picture, usable_backends
from pixelprep.core.enums import PILImageResampling
from pixelprep.core.sizes import SizeDict
from pixelprep.image_processing_backends import PilBackend, TorchvisionBackend
from pixelprep.image_processing_outputs import BatchFeature
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD
from pixelprep.processing_utils import ImagesKwargs, Unpack
from pixelprep.registry.families import FAMILIES, written_families
from pixelprep.testing import compare_twins
from pixelprep.utils import auto_docstring

IMPORTS = """\
from ...image_processing_backends import {base}
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring
"""

KWARGS = """
class MyModelImageProcessorKwargs(ImagesKwargs, total=False):
    tile_size: int  # any model-specific kwargs
"""

CLASS = """
@auto_docstring
class {name}({base}):
    resample = PILImageResampling.BICUBIC
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    size = {{"shortest_edge": 224}}
    do_resize = True
    do_rescale = True
    do_normalize = True
    do_convert_rgb = True

    def __init__(self, **kwargs: Unpack[MyModelImageProcessorKwargs]):
        super().__init__(**kwargs)
"""

TORCHVISION = {"name": "MyModelImageProcessor", "base": "TorchvisionBackend"}
PIL = {"name": "MyModelImageProcessorPil", "base": "PilBackend"}
FIRST = (IMPORTS + KWARGS + CLASS).format(**TORCHVISION)
IMPORTING = (IMPORTS + "from .image_processing_my_model import MyModelImageProcessorKwargs\n" + CLASS).format(**PIL)
REPEATING = (IMPORTS + KWARGS + CLASS).format(**PIL)

PHOTO = picture(50, 70)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that counts as part of `pixelprep/models`."""
    monkeypatch.setattr(pixelprep.models, "__path__", [*pixelprep.models.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("pixelprep.models.my_model")]:
        del sys.modules[name]
    vars(pixelprep.models).pop("my_model", None)


def write(models: Path, first: str = FIRST, second: str = IMPORTING) -> tuple[ModuleType, ModuleType]:
    folder = models / "my_model"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "image_processing_my_model.py").write_text(first)
    (folder / "image_processing_pil_my_model.py").write_text(second)
    importlib.invalidate_caches()
    package = "pixelprep.models.my_model.image_processing"
    return importlib.import_module(f"{package}_my_model"), importlib.import_module(f"{package}_pil_my_model")


@pytest.fixture(params=[IMPORTING, REPEATING], ids=["kwargs imported", "kwargs repeated"])
def twins(models: Path, request: pytest.FixtureRequest) -> tuple[type[BaseImageProcessor], type[BaseImageProcessor]]:
    first, second = write(models, second=request.param)
    return first.MyModelImageProcessor, second.MyModelImageProcessorPil


class TestExample:
    def test_makes_the_pixels_of_a_shipped_family(self, twins: Any) -> None:
        for cls, backend in zip(twins, ("torchvision", "pil"), strict=True):
            expected = FAMILIES["CLIP"].load().on(backend)(do_center_crop=False)(PHOTO, return_tensors="np")
            assert difference(expected, cls()(PHOTO, return_tensors="np")) == 0.0

    def test_keyword_arguments(self, twins: Any) -> None:
        for cls in twins:
            assert cls.valid_kwargs.__name__ == "MyModelImageProcessorKwargs"
            assert cls().tile_size is None
            assert cls(tile_size=5).tile_size == 5
            with pytest.raises(TypeError, match=r"`tile_sizes`.*did you mean `tile_size`"):
                cls(tile_sizes=5)
            with pytest.raises(TypeError, match="`tile_size` cannot be 'five'"):
                cls()(PHOTO, tile_size="five")
            assert cls()(PHOTO, tile_size=7, size=32)["pixel_values"][0].shape == (3, 32, 32)

    def test_docstring_names_every_keyword_argument(self, twins: Any) -> None:
        for cls in twins:
            assert cls.__doc__.splitlines()[0]
            for name in set(ImagesKwargs.__annotations__) - {"tile_size"}:
                assert f"{name} (" in cls.__doc__

    def test_saves_and_loads(self, twins: Any, tmp_path: Path) -> None:
        for cls in twins:
            processor = cls(tile_size=5, size=40)
            processor.save_pretrained(tmp_path / cls.__name__)
            again = cls.from_pretrained(tmp_path / cls.__name__)
            assert again.to_dict() == processor.to_dict()
            assert again.to_dict()["image_processor_type"] == "MyModelImageProcessor"
            assert difference(processor(PHOTO), again(PHOTO)) == 0.0

    def test_knows_its_output_shapes(self, twins: Any) -> None:
        for cls in twins:
            assert cls().output_shapes(50, 70)["pixel_values"].shape == (1, 3, 224, 313)

    def test_twins_agree(self, twins: Any) -> None:
        assert compare_twins(*twins) == []


class TestTwinsThatDisagree:
    @pytest.mark.parametrize(
        ("old", "new", "report"),
        [
            ("do_rescale = True", "do_rescale = False", "default of `do_rescale`: .* has True, .* has False"),
            ("    do_convert_rgb = True\n", "", "default of `do_convert_rgb`: .* has True, .* has None"),
            ('{"shortest_edge": 224}', '{"shortest_edge": 256}', "default of `size`"),
            ("BICUBIC", "BILINEAR", "default of `resample`"),
            ("tile_size: int", "tile_size: float", "keyword argument `tile_size`: .* has <class 'int'>, .* 'float'"),
            ("tile_size: int", "tile: int", "keyword argument `tile_size`: MyModelImageProcessor has it"),
            ("(self, **kwargs:", "(self, *, side=1, **kwargs:", "method `__init__`: .*'side=1'"),
            (
                "    do_resize",
                "    model_input_names = ['pixels']\n    do_resize",
                "class attribute `model_input_names`",
            ),
            (
                "    do_resize",
                "    def resize(self, image, size, device=None):\n        return image\n\n    do_resize",
                "method `resize`: .*'resample', 'antialias=True'.*'device=None'",
            ),
            (
                "    do_resize",
                "    def post_process(self, outputs):\n        return outputs\n\n    do_resize",
                "method `post_process`: MyModelImageProcessorPil has it, MyModelImageProcessor has not",
            ),
        ],
    )
    def test_each_disagreement_is_reported(self, models: Path, old: str, new: str, report: str) -> None:
        assert old in REPEATING
        first, second = write(models, second=REPEATING.replace(old, new, 1))
        reports = compare_twins(first.MyModelImageProcessor, second.MyModelImageProcessorPil)
        assert any(re.match(report, found) for found in reports), reports

    def test_a_changed_order_of_equal_things_is_none(self, models: Path) -> None:
        lines = "    do_resize = True\n    do_rescale = True\n"
        swapped = "    do_rescale = True\n    do_resize = True\n"
        first, second = write(models, second=REPEATING.replace(lines, swapped))
        assert compare_twins(first.MyModelImageProcessor, second.MyModelImageProcessorPil) == []


def hand_written_pairs(root: Path) -> list[tuple[str, str]]:
    """Modules of `image_processing_<m>.py` and `image_processing_pil_<m>.py` side by side, as dotted names."""
    pairs = []
    for second in sorted(root.rglob("image_processing_pil_*.py")):
        first = second.with_name(second.name.replace("_pil_", "_", 1))
        names = [".".join(path.relative_to(root).with_suffix("").parts) for path in (first, second)]
        pairs.append((f"pixelprep.models.{names[0]}", f"pixelprep.models.{names[1]}"))
    return pairs


def disagreements(root: Path) -> list[str]:
    """Of every hand-written pair under a folder."""
    reports = []
    for first, second in hand_written_pairs(root):
        twins = importlib.import_module(second)
        for name, cls in vars(twins).items():
            if isinstance(cls, type) and cls.__module__ == second and name.endswith("ImageProcessorPil"):
                reports += compare_twins(getattr(importlib.import_module(first), name.removesuffix("Pil")), cls)
    return reports


def test_every_hand_written_pair_agrees() -> None:
    assert disagreements(Path(pixelprep.models.__file__ or "").parent) == []


def test_the_walk_finds_a_pair_that_does_not(models: Path) -> None:
    write(models, second=REPEATING.replace("224", "225"))
    assert any("`size`" in report for report in disagreements(models))


class GrowKwargs(ImagesKwargs, total=False):
    grow: int


class Crop(TorchvisionBackend):
    """The guide's class attributes, in this file; subclasses override one thing each."""

    size = {"height": 20, "width": 24}
    resample = PILImageResampling.BICUBIC
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_resize = True
    do_rescale = True
    do_normalize = True


PLAIN = Crop()(PHOTO, return_tensors="pt")["pixel_values"]


class TestOverriding:
    def test_resize(self) -> None:
        class Mine(Crop):
            def resize(
                self, image: torch.Tensor, size: SizeDict, resample: Any = None, antialias: bool = True, **kwargs: Any
            ) -> torch.Tensor:
                assert kwargs == {}
                size = SizeDict(height=size.height // 2, width=size.width // 2)
                return super().resize(image, size=size, resample=resample, antialias=antialias)

        expected = Crop(size={"height": 10, "width": 12})(PHOTO, return_tensors="pt")
        assert difference(expected, Mine()(PHOTO, return_tensors="pt")) == 0.0

    def test_resize_with_an_option_of_its_own(self) -> None:
        class Mine(Crop):
            grow = 1

            def __init__(self, **kwargs: Unpack[GrowKwargs]) -> None:
                super().__init__(**kwargs)

            def resize(self, image: Any, size: SizeDict, resample: Any = None, grow: int = 0) -> Any:
                return super().resize(image, SizeDict(height=size.height + grow, width=size.width), resample)

        assert Mine()(PHOTO)["pixel_values"][0].shape == (3, 21, 24)
        assert Mine(grow=3)(PHOTO)["pixel_values"][0].shape == (3, 23, 24)
        assert Mine(grow=3)(PHOTO, grow=5)["pixel_values"][0].shape == (3, 25, 24)

    def test_kwargs_that_cannot_be_found_are_an_error(self) -> None:
        class Kwargs(ImagesKwargs, total=False):
            grow: int

        def init(self: Any, **kwargs: Unpack[Kwargs]) -> None:
            super(Crop, self).__init__(**kwargs)

        with pytest.raises(TypeError, match="name 'Kwargs' is not defined; define that class at the top"):
            type("Mine", (Crop,), {"__init__": init})
        assert type("Mine", (Crop,), {"__init__": init, "valid_kwargs": Kwargs})(grow=2).grow == 2

    def test_process_image(self) -> None:
        class Mine(Crop):
            def process_image(
                self,
                image: Any,
                do_convert_rgb: bool | None = None,
                input_data_format: Any = None,
                device: Any = None,
                **kwargs: Any,
            ) -> torch.Tensor:
                image = super().process_image(
                    image, do_convert_rgb=do_convert_rgb, input_data_format=input_data_format, device=device
                )
                return 255 - image

        inverted = Crop()(255 - np.asarray(PHOTO), return_tensors="pt")
        assert difference(inverted, Mine()(PHOTO, return_tensors="pt")) == 0.0

    def test_preprocess_that_calls_super(self) -> None:
        class Mine(Crop):
            def _preprocess(self, images: list[torch.Tensor], **kwargs: Any) -> BatchFeature:
                outputs = super()._preprocess(images, **kwargs)
                outputs["sizes"] = torch.tensor([image.shape[-2:] for image in images])
                return outputs

        outputs = Mine()(PHOTO, return_tensors="pt")
        assert torch.equal(outputs["pixel_values"], PLAIN)
        assert outputs["sizes"].tolist() == [[50, 70]]

    def test_preprocess_with_named_parameters(self) -> None:
        """The signature that contributors write today: parameters by name, steps through `self`, a `BatchFeature`."""

        class Mine(Crop):
            def _preprocess(
                self,
                images: list[torch.Tensor],
                do_resize: bool,
                size: SizeDict,
                resample: Any,
                do_rescale: bool,
                rescale_factor: float,
                do_normalize: bool,
                image_mean: Any,
                image_std: Any,
                return_tensors: str | None,
                **kwargs: Any,
            ) -> BatchFeature:
                processed = []
                for image in images:
                    if do_resize:
                        image = self.resize(image=image, size=size, resample=resample)
                    processed.append(
                        self.rescale_and_normalize(
                            image, do_rescale, rescale_factor, do_normalize, image_mean, image_std
                        )
                    )
                assert "disable_grouping" in kwargs
                assert "size" not in kwargs
                return BatchFeature(data={"pixel_values": processed}, tensor_type=return_tensors)

        assert torch.equal(Mine()(PHOTO, return_tensors="pt")["pixel_values"], PLAIN)
        assert isinstance(Mine()(PHOTO)["pixel_values"], list)

    def test_preprocess_image_like_inputs(self) -> None:
        class Mine(Crop):
            def _preprocess_image_like_inputs(
                self,
                images: Any,
                maps: Any = None,
                do_convert_rgb: bool | None = None,
                input_data_format: Any = None,
                device: Any = None,
                **kwargs: Any,
            ) -> BatchFeature:
                prepared = self._prepare_image_like_inputs(
                    images=images, do_convert_rgb=do_convert_rgb, input_data_format=input_data_format, device=device
                )
                outputs = self._preprocess(prepared, **kwargs)
                if maps is not None:
                    outputs["labels"] = self._prepare_image_like_inputs(images=maps, expected_ndims=2)
                return outputs

            def preprocess(self, images: Any, maps: Any = None, **kwargs: Any) -> BatchFeature:
                return super().preprocess(images, maps, **kwargs)

        labels = draw(50, 70, 1)[..., 0]
        outputs = Mine()(PHOTO, labels, return_tensors="pt")
        assert torch.equal(outputs["pixel_values"], PLAIN)
        assert np.array_equal(outputs["labels"][0][0], labels)

    @pytest.mark.parametrize("step", ["rescale", "normalize"])
    def test_a_step_inside_the_joined_one(self, step: str) -> None:
        class Mine(Crop):
            pass

        def twice(self: Any, image: Any, *values: Any) -> Any:
            return 2 * getattr(BaseImageProcessor, step)(self, image, *values)

        setattr(Mine, step, twice)
        scaled = Crop()(PHOTO, return_tensors="pt", do_normalize=step == "normalize")["pixel_values"]
        got = Mine()(PHOTO, return_tensors="pt", do_normalize=step == "normalize")["pixel_values"]
        # Apart, the two steps round once more than the joined one: a few units of the last place of values up to 4.
        assert torch.allclose(got, 2 * scaled, rtol=0, atol=4e-6)

    def test_standardize_kwargs(self) -> None:
        class Mine(Crop):
            def _standardize_kwargs(self, **kwargs: Any) -> dict[str, Any]:
                kwargs = super()._standardize_kwargs(**kwargs)
                kwargs["size"] = SizeDict(height=kwargs["size"].height, width=kwargs["size"].height)
                return kwargs

        assert Mine().size == SizeDict(height=20, width=20)
        assert Mine()(PHOTO, size={"height": 8, "width": 9})["pixel_values"][0].shape == (3, 8, 8)

    def test_validate_preprocess_kwargs(self) -> None:
        class Mine(Crop):
            def _validate_preprocess_kwargs(self, **kwargs: Any) -> None:
                super()._validate_preprocess_kwargs(**kwargs)
                if kwargs["size"].height % 2:
                    raise ValueError("`size.height` must be even")

        Mine()(PHOTO)
        with pytest.raises(ValueError, match="must be even"):
            Mine()(PHOTO, size=21)

    def test_pil(self) -> None:
        class Mine(PilBackend):
            size = {"height": 20, "width": 24}
            do_resize = True

            def resize(self, image: Any, size: SizeDict, resample: Any = None, **kwargs: Any) -> Any:
                assert isinstance(image, np.ndarray)
                return super().resize(image, size, resample, **kwargs)

        assert isinstance(Mine(resample=2)(PHOTO)["pixel_values"][0], np.ndarray)


class NeutralKwargs(ImagesKwargs, total=False):
    """
    border (`int`):
        Rows and columns of zeros around the image.
    """

    border: int


@auto_docstring
class Neutral(BaseImageProcessor):
    """Written once."""

    valid_kwargs = NeutralKwargs
    pipeline = ("resize", "frame", "rescale_and_normalize")

    size = {"height": 20, "width": 24}
    resample = PILImageResampling.BILINEAR
    do_resize = True
    do_rescale = True
    border = 2

    def frame(self, image: Any, border: int) -> Any:
        return self.ops.pad(image, border, border, border, border)


class TestTheShortWay:
    @pytest.mark.parametrize("backend", usable_backends())
    def test_one_class_runs_on_every_backend(self, backend: str) -> None:
        cls = Neutral.on(backend)
        assert cls is Neutral.on(backend)
        assert issubclass(cls, Neutral)
        output = cls()(PHOTO, return_tensors="np", border=3)["pixel_values"]
        assert output.shape == (1, 3, 26, 30)
        assert output.dtype == np.float32
        assert not output[..., :3, :].any()
        # Half a level for rounding to bytes: backends may differ by one level where resizing rounds.
        reference = Neutral.on("reference")()(PHOTO, return_tensors="np", border=3)["pixel_values"]
        assert np.abs(output - reference).max() <= 1.5 / 255

    def test_it_can_be_rebound_and_knows_its_shapes(self) -> None:
        assert Neutral.on("pil").on("torchvision") is Neutral.on("torchvision")
        assert Neutral.on("pil")().output_shapes(9, 9)["pixel_values"].shape == (1, 3, 24, 28)

    def test_it_documents_its_keyword_arguments(self) -> None:
        doc = Neutral.on("pil").__doc__ or ""
        assert doc.startswith("Written once.")
        assert "border (`int`)" in doc
        assert "do_resize (`bool`)" in doc

    def test_unbound_it_says_what_to_do(self) -> None:
        with pytest.raises(TypeError, match=r"choose one, for example Neutral\.on\('pil'\)"):
            Neutral()

    def test_every_shipped_family_is_written_so(self) -> None:
        for name in written_families():
            assert FAMILIES[name].load().backend == ""
