"""The pipeline that every family shares: its order, what each method is handed, grouping, the steps, kinds of input."""

from __future__ import annotations

import base64
import gc
import io
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers
from hypothesis import HealthCheck, given, settings, strategies as st

import pixelprep
from oracle import compared_backends, difference, draw, our_class, picture, reference_class, usable_backends
from pixelprep import ops
from pixelprep.core.handing import hand_over
from pixelprep.core.schema import Options
from pixelprep.core.sizes import SizeDict
from pixelprep.image_processing_backends import PilBackend, TorchvisionBackend
from pixelprep.image_processing_outputs import BatchFeature
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.models.clip.image_processing_clip import CLIP
from pixelprep.processing_utils import ImagesKwargs
from pixelprep.registry.families import written_families
from pixelprep.registry.lookup import image_processor_class

BACKENDS = usable_backends()
PHOTO = picture(50, 70)


def as_numpy(array: Any) -> Any:
    return np.asarray(array).copy()


class Recorded(BaseImageProcessor):
    """Notes each step and what it is given."""

    pipeline = ("resize", "tint", "center_crop", "rescale_and_normalize", "frame", "pad")
    do_resize = True
    size = {"height": 20, "width": 24}
    resample = 2
    do_rescale = True

    def note(self, step: str) -> None:
        self.__dict__.setdefault("steps", []).append(step)

    def resize(self, image: Any, size: SizeDict, resample: Any = None) -> Any:
        self.note(f"resize {dict(size)}")
        return super().resize(image, size, resample)

    def tint(self, image: Any, do_rescale: bool) -> Any:
        self.note(f"tint {do_rescale}")
        return image

    def center_crop(self, image: Any, size: SizeDict) -> Any:
        self.note("center_crop")
        return super().center_crop(image, size)

    def rescale(self, image: Any, scale: float) -> Any:
        self.note("rescale")
        return super().rescale(image, scale)

    def normalize(self, image: Any, mean: Any, std: Any) -> Any:
        self.note("normalize")
        return super().normalize(image, mean, std)

    def frame(self, image: Any, options: Options) -> Any:
        self.note(f"frame {len(options) == len(ImagesKwargs.__annotations__)}")
        return image

    def pad(self, images: list[Any], pad_size: SizeDict | None = None) -> Any:
        self.note(f"pad {len(images)}")
        return super().pad(images, pad_size)


class TestOrder:
    def steps(self, images: Any = PHOTO, **kwargs: Any) -> list[str]:
        processor = Recorded.on("pil")()
        processor(images, **kwargs)
        return processor.__dict__["steps"]

    def test_steps_run_in_the_order_of_the_pipeline(self) -> None:
        everything = {"do_center_crop": True, "crop_size": 9, "do_normalize": True, "image_mean": 0.5, "image_std": 1.0}
        expected = "resize {'height': 20, 'width': 24}|tint True|center_crop|rescale|normalize|frame True|pad 1"
        assert "|".join(self.steps(do_pad=True, **everything)) == expected

    def test_flags_switch_steps(self) -> None:
        assert self.steps() == ["resize {'height': 20, 'width': 24}", "tint True", "rescale", "frame True"]
        assert self.steps(do_resize=False, do_rescale=False) == ["tint False", "frame True"]

    def test_a_flag_of_its_own_switches_a_families_step(self) -> None:
        class Kwargs(ImagesKwargs, total=False):
            do_tint: bool

        class Flagged(Recorded):
            valid_kwargs = Kwargs
            do_tint = False

        for asked, there in ((None, False), (True, True), (False, False)):
            processor = Flagged.on("pil")()
            processor(PHOTO, do_tint=asked)
            assert any(step.startswith("tint") for step in processor.__dict__["steps"]) is there

    def test_each_image_once_and_the_batch_for_padding(self) -> None:
        steps = self.steps([PHOTO, PHOTO, PHOTO], do_pad=True)
        assert steps.count("tint True") == 3
        assert steps[-1] == "pad 3"


class TestHandOver:
    OPTIONS = Options({"size": 3, "resample": 2, "do_pad": None})

    def test_named_parameters(self) -> None:
        assert hand_over(lambda image, size, do_pad: (image, size, do_pad), 1, options=self.OPTIONS) == (
            1,
            3,
            None,
        )
        assert hand_over(lambda image, size: size, 1, 9, options=self.OPTIONS) == 9
        assert hand_over(lambda image, other=7: other, 1, options=self.OPTIONS) == 7

    def test_all_of_them(self) -> None:
        assert hand_over(lambda image, options: options, 1, options=self.OPTIONS) == self.OPTIONS
        got = hand_over(lambda image, size, **kwargs: kwargs, 1, options=self.OPTIONS)
        assert got == {"resample": 2, "do_pad": None}

    def test_arguments_after_a_star_are_not_taken_by_position(self) -> None:
        def method(image: Any, *more: Any, size: int = 0) -> Any:
            return more, size

        assert hand_over(method, 1, 2, 3, options=self.OPTIONS) == ((2, 3), 3)

    def test_what_is_missing_is_an_error_of_the_call(self) -> None:
        with pytest.raises(TypeError, match="tile"):
            hand_over(lambda image, tile: tile, 1, options=self.OPTIONS)


class TestGrouping:
    IMAGES = (draw(20, 30), draw(25, 30), draw(20, 30, seed=1), draw(20, 30, seed=2))

    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("family", ["CLIP", "LlavaOnevision", "Qwen2VL", "Pixtral", "Detr"])
    def test_changes_nothing(self, family: str, backend: str) -> None:
        small: dict[str, Any] = {
            "CLIP": {"size": 40, "crop_size": 30},
            "LlavaOnevision": {"size": 48, "image_grid_pinpoints": [[48, 96], [96, 48]], "default_to_square": True},
            "Detr": {"size": {"shortest_edge": 60, "longest_edge": 100}},
        }
        processor = our_class(family, backend)(**small.get(family, {}))
        outputs = [
            processor(list(self.IMAGES), disable_grouping=way, return_tensors="np") for way in (False, True, None)
        ]
        assert difference(outputs[0], outputs[1]) == difference(outputs[1], outputs[2]) == 0.0

    def test_stacks_images_of_one_shape(self) -> None:
        class Counted(TorchvisionBackend):
            do_resize = True
            size = {"height": 9, "width": 9}
            resample = 2

            def resize(self, image: Any, size: SizeDict, resample: Any = None) -> Any:
                shapes.append(tuple(image.shape))
                return super().resize(image, size, resample)

        shapes: list[tuple[int, ...]] = []
        Counted()(list(self.IMAGES), disable_grouping=False)
        assert shapes == [(3, 3, 20, 30), (1, 3, 25, 30)]
        shapes.clear()
        Counted()(list(self.IMAGES))
        assert shapes == [(3, 20, 30), (3, 25, 30), (3, 20, 30), (3, 20, 30)]

    def test_never_by_pils_conventions(self) -> None:
        """Sums over a stack would be rounded differently from sums over one image."""
        processor = our_class("Pix2Struct", "pil")(max_patches=64)
        images = [draw(40, 50), draw(40, 50, seed=1)]
        together = processor(images, disable_grouping=False, return_tensors="np")
        alone = [processor(image, return_tensors="np") for image in images]
        for name, value in together.items():
            assert (value == np.concatenate([output[name] for output in alone])).all()

    def test_nested_images_and_functions_that_give_lists(self) -> None:
        processor = CLIP.on("torchvision")()
        images = [[torch.full((1, 2, 2), 1.0)], [torch.full((1, 2, 2), 2.0), torch.full((1, 3, 3), 3.0)]]
        for way in (False, True):
            options = processor._options.replace(disable_grouping=way)
            doubled = processor.map_by_shape(lambda stack: stack * 2, images, options)
            assert [[float(image.max()) for image in sample] for sample in doubled] == [[2.0], [4.0, 6.0]]
            parts = processor.map_by_shape(lambda stack: [stack, -stack], images, options)
            assert [[[float(t.max()) for t in part] for part in sample] for sample in parts] == [
                [[1.0, -1.0]],
                [[2.0, -2.0], [3.0, -3.0]],
            ]
            assert all(image.ndim == 3 for sample in doubled for image in sample)


class TestSteps:
    """The step methods may be called by themselves; they do what the reference's do."""

    @pytest.fixture(params=compared_backends())
    def pair(self, request: pytest.FixtureRequest) -> tuple[Any, BaseImageProcessor, Any]:
        reference = reference_class("CLIP", request.param)
        assert reference is not None
        image = draw(37, 51).transpose(2, 0, 1).copy()
        return (
            reference(),
            CLIP.on(request.param)(),
            torch.from_numpy(image) if request.param == "torchvision" else image,
        )

    @pytest.mark.parametrize(
        "size",
        [{"height": 20, "width": 30}, {"shortest_edge": 20}, {"shortest_edge": 20, "longest_edge": 25}],
        ids=str,
    )
    def test_resize(self, pair: Any, size: dict[str, int]) -> None:
        from transformers.image_utils import SizeDict as ReferenceSizeDict

        reference, ours, image = pair
        expected = reference.resize(image, ReferenceSizeDict(**size), resample=3)
        assert difference(expected, ours.resize(image, SizeDict(**size), 3)) == 0.0

    @pytest.mark.parametrize("size", [(20, 30), (50, 60), (20, 60), (38, 52)], ids=str)
    def test_center_crop(self, pair: Any, size: tuple[int, int]) -> None:
        from transformers.image_utils import SizeDict as ReferenceSizeDict

        reference, ours, image = pair
        sides = {"height": size[0], "width": size[1]}
        expected = reference.center_crop(image, ReferenceSizeDict(**sides))
        assert difference(expected, ours.center_crop(image, SizeDict(**sides))) == 0.0

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.tuples(*[st.integers(1, 12)] * 4))
    def test_center_crop_of_every_lack_and_surplus(self, pair: Any, sides: tuple[int, int, int, int]) -> None:
        from transformers.image_utils import SizeDict as ReferenceSizeDict

        reference, ours, image = pair
        height, width, *size = sides
        image = image[:, :height, :width]
        target = dict(zip(("height", "width"), size, strict=True))
        expected = reference.center_crop(image, ReferenceSizeDict(**target))
        assert difference(expected, ours.center_crop(image, SizeDict(**target))) == 0.0

    def test_numbers(self, pair: Any) -> None:
        reference, ours, image = pair
        mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
        scaled = ours.rescale(image, 1 / 255)
        assert difference(reference.rescale(image, 1 / 255), scaled) == 0.0
        assert difference(reference.normalize(scaled, mean, std), ours.normalize(scaled, mean, std)) == 0.0
        together = ours.rescale_and_normalize(image, True, 1 / 255, True, mean, std)
        expected = CLIP.on(ours.backend)(image_mean=mean, image_std=std, do_resize=False, do_center_crop=False)
        assert difference(expected(image)["pixel_values"][0], together) == 0.0

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_pad(self, backend: str) -> None:
        processor = CLIP.on(backend)()
        images = [processor.ops.from_image(draw(height, width), None, None) for height, width in ((9, 12), (11, 7))]
        padded, masks = processor.pad(images, fill_value=3, return_mask=True)
        for image, got, mask, size in zip(images, padded, masks, ((9, 12), (11, 7)), strict=True):
            got, mask = as_numpy(got), as_numpy(mask)
            assert got.shape == (3, 11, 12)
            assert np.array_equal(got[:, : size[0], : size[1]], as_numpy(image))
            assert (got[:, mask == 0] == 3).all()
            assert mask.dtype == np.int64
            assert mask.sum() == size[0] * size[1]
        assert as_numpy(processor.pad(images, SizeDict(height=20, width=21))[0]).shape == (3, 20, 21)
        with pytest.raises(ValueError, match="image 0: an image of 9x12 cannot be padded to 10x10"):
            processor.pad(images, SizeDict(height=10, width=10))
        with pytest.raises(ValueError, match="`pad_size` needs `height` and `width`"):
            processor.pad(images, SizeDict(shortest_edge=10))

    def test_convert_to_rgb(self) -> None:
        for mode in ("L", "RGBA", "P", "1", "CMYK"):
            converted = CLIP.on("pil")().convert_to_rgb(picture(9, 9, mode))
            assert converted.mode == "RGB"
            expected = transformers.image_transforms.convert_to_rgb(picture(9, 9, mode))
            assert np.array_equal(np.asarray(converted), np.asarray(expected))

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_process_image(self, backend: str) -> None:
        processor = CLIP.on(backend)()
        for image in (PHOTO, np.asarray(PHOTO), torch.from_numpy(np.array(PHOTO)).permute(2, 0, 1)):
            assert np.array_equal(as_numpy(processor.process_image(image)), np.asarray(PHOTO).transpose(2, 0, 1))
        ambiguous = draw(3, 9)
        last = as_numpy(processor.process_image(ambiguous, input_data_format="channels_last"))
        assert np.array_equal(last, ambiguous.transpose(2, 0, 1))
        with pytest.raises(ValueError, match="channels_first"):
            processor.process_image(ambiguous, input_data_format="last")


def encode(image: PIL.Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("backend", BACKENDS)
class TestInputs:
    def test_every_source_gives_the_same_pixels(self, backend: str, tmp_path: Path) -> None:
        data = encode(PHOTO)
        path = tmp_path / "photo.png"
        path.write_bytes(data)
        text = base64.b64encode(data).decode()
        array = np.asarray(PHOTO)
        processor = CLIP.on(backend)(size=40, crop_size=30)
        expected = processor(PHOTO, return_tensors="np")
        with path.open("rb") as file:
            sources: list[Any] = [path, str(path), data, bytearray(data), io.BytesIO(data), file, text]
            sources += [
                f"data:image/png;base64,{text}",
                array,
                array.transpose(2, 0, 1),
                torch.from_numpy(array.copy()),
            ]
            sources += [[PHOTO], (PHOTO,), [[PHOTO]], array[None], (image for image in [PHOTO]), iter([path])]
            for source in sources:
                assert difference(expected, processor(source, return_tensors="np")) == 0.0, type(source)

    def test_exif_orientation(self, backend: str, tmp_path: Path) -> None:
        exif = PIL.Image.Exif()
        exif[0x0112] = 6  # to be turned clockwise
        (tmp_path / "turned.png").write_bytes(encode(PHOTO, exif=exif))
        processor = CLIP.on(backend)(do_resize=False, do_center_crop=False)
        got = processor(tmp_path / "turned.png", return_tensors="np")
        expected = processor(PHOTO.transpose(PIL.Image.Transpose.ROTATE_270), return_tensors="np")
        assert got["pixel_values"].shape == (1, 3, 70, 50)
        assert difference(expected, got) == 0.0

    def test_formats_that_torchvision_does_not_decode(self, backend: str, tmp_path: Path) -> None:
        processor = CLIP.on(backend)(size=40, crop_size=30)
        for format in ("BMP", "TIFF", "WEBP"):
            (tmp_path / "photo").write_bytes(encode(PHOTO, format, **({"lossless": True} if format == "WEBP" else {})))
            assert (
                difference(processor(PHOTO, return_tensors="np"), processor(tmp_path / "photo", return_tensors="np"))
                == 0
            )

    def test_mixed_batches(self, backend: str) -> None:
        processor = CLIP.on(backend)(size=40, crop_size=30)
        batch = [PHOTO, draw(50, 70), encode(PHOTO), torch.from_numpy(draw(20, 30))]
        together = processor(batch, return_tensors="np")["pixel_values"]
        for image, got in zip(batch, together, strict=True):
            assert np.array_equal(processor(image, return_tensors="np")["pixel_values"][0], got)

    def test_order_of_images_is_kept(self, backend: str) -> None:
        images = [np.full((8 + index % 3, 9, 3), index * 10, np.uint8) for index in range(12)]
        processor = CLIP.on(backend)(do_normalize=False, do_rescale=False, size=4, crop_size=4)
        for grouping in (None, False):
            output = processor(images, return_tensors="np", disable_grouping=grouping)["pixel_values"]
            assert output[:, 0, 0, 0].tolist() == [index * 10 for index in range(12)]


class TestClasses:
    @pytest.mark.parametrize("name", written_families())
    def test_public_names(self, name: str) -> None:
        for backend in BACKENDS:
            cls = our_class(name, backend)
            assert getattr(pixelprep, cls.__name__) is cls is image_processor_class(name, backend)
            assert cls.__name__ == f"{name}ImageProcessor{ops.get_backend(backend).suffix}"
            assert cls.backend == backend
            assert cls.__doc__

    def test_bound_classes_are_backends_too(self) -> None:
        assert issubclass(CLIP.on("torchvision"), TorchvisionBackend)
        assert issubclass(CLIP.on("pil"), PilBackend)
        assert CLIP.on("pil") is CLIP.on("pil")
        with pytest.raises(ops.UnknownBackendError, match="did you mean 'pil'"):
            CLIP.on("pill")

    def test_calls_are_preprocess(self) -> None:
        class Mine(CLIP.on("pil")):  # type: ignore[misc]
            def preprocess(self, images: Any, extra: Any = None, **kwargs: Any) -> BatchFeature:
                return BatchFeature({"extra": extra, "kwargs": kwargs})

        assert Mine()(PHOTO, 5, size=3)["extra"] == 5
        assert Mine()(PHOTO, 5, size=3)["kwargs"] == {"size": 3}

    def test_processors_are_freed(self) -> None:
        for backend in BACKENDS:
            processor = CLIP.on(backend)(size=30, crop_size=20)
            processor(PHOTO)
            processor(PHOTO, size=40)
            alive = weakref.ref(processor)
            del processor
            gc.collect()
            assert alive() is None, backend

    def test_outputs_are_ones_own(self) -> None:
        """Two calls never share memory: writing into one output leaves the other."""
        for backend in ("torchvision", "pil"):
            processor = CLIP.on(backend)(size=30, crop_size=20)
            first, second = (processor(PHOTO, return_tensors="np")["pixel_values"] for _ in range(2))
            before = second.copy()
            first[...] = 0
            assert np.array_equal(second, before)
