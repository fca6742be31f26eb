"""What tables and data sets hold, files that need help, integers of every type, modes: the same pixels for all."""

from __future__ import annotations

import io
import pickle
import warnings
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from oracle import our_class, usable_backends
from pixelprep import SizeDict, load_image
from pixelprep.core.errors import place

PICTURE = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
BACKENDS = usable_backends()


def encoded(image: PIL.Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def pixels(backend: str, images: Any, family: str = "ViT", **options: Any) -> np.ndarray[Any, Any]:
    return np.asarray(our_class(family, backend)()(images, return_tensors="np", **options)["pixel_values"])


@pytest.mark.parametrize("backend", BACKENDS)
class TestRows:
    def test_of_every_library(self, backend: str, tmp_path: Any) -> None:
        pandas, polars, pyarrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
        data = encoded(PICTURE)
        path = tmp_path / "photo.png"
        path.write_bytes(data)
        row = {"bytes": data, "path": None}
        column = np.empty(2, object)
        column[:] = [row, {"bytes": None, "path": str(path)}]
        expected = pixels(backend, [PICTURE, PICTURE])
        for images in (
            [row, row],
            [{"bytes": None, "path": str(path)}] * 2,
            column,
            pandas.Series([row, row]),
            pandas.Series([str(path)] * 2),
            polars.Series([row, row]),
            polars.Series([str(path)] * 2),
            pyarrow.array([data, data]),
            list(pyarrow.array([row, row])),
            np.array([str(path)] * 2),
            pyarrow.table({"image": [row, row]})["image"],
        ):
            assert np.array_equal(pixels(backend, images), expected), type(images)
        assert np.array_equal(pixels(backend, row), expected[:1])

    def test_a_dictionary_that_is_no_row(self, backend: str) -> None:
        with pytest.raises(TypeError, match=r"image 1: a row of a data set has `bytes` or a `path`.*url"):
            pixels(backend, [PICTURE, {"url": "x"}])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("family", ["ViT", "CLIP", "Qwen2VL"])
class TestIntegers:
    @pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint32", "int64", "uint64", ">u2", ">i4", "<i8"])
    def test_bytes_in_a_wider_type(self, family: str, backend: str, dtype: str) -> None:
        image = np.asarray(PICTURE)
        assert np.array_equal(pixels(backend, image.astype(dtype), family), pixels(backend, image, family))

    def test_bool_and_small(self, family: str, backend: str) -> None:
        image = np.asarray(PICTURE) > 127
        expected = pixels(backend, image.astype(np.uint8), family)
        assert np.array_equal(pixels(backend, image, family), expected)
        assert np.array_equal(pixels(backend, image.astype(np.int8), family), expected)

    def test_wide_values_never_wrap(self, family: str, backend: str) -> None:
        image = np.where(np.asarray(PICTURE) > 127, 65535, 0).astype(np.uint16)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = pixels(backend, image, family, do_normalize=False, rescale_factor=1 / 65535)
        assert made.min() >= -0.01
        assert made.max() <= 1.01 + (0.3 if backend == "pil" else 0)  # Pillow's floats keep what a filter overshoots

    def test_what_255_does_not_hold_is_said(self, family: str, backend: str) -> None:
        with pytest.warns(UserWarning, match="reach 300, and `do_rescale` takes 255 for white"):
            pixels(backend, np.full((40, 40, 3), 300, np.uint16), family)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_a_picture_gives_what_its_file_gives(backend: str, mode: str) -> None:
    image = PICTURE.convert("LA").convert("PA") if mode == "PA" else PICTURE.convert(mode)
    assert np.array_equal(pixels(backend, image), pixels(backend, image.convert("RGB")))
    if mode not in ("PA", "CMYK", "YCbCr", "HSV"):
        assert np.array_equal(pixels(backend, image), pixels(backend, encoded(image)))


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I", "F"])
def test_wide_grey_is_cut_and_said_so(mode: str) -> None:
    values = np.array([[0, 100, 255, 40000]] * 4)
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4", "F": "<f4"}[mode]
    image = PIL.Image.frombytes(mode, (4, 4), values.astype(dtype).tobytes())
    with pytest.warns(UserWarning, match=rf"mode {mode} reaches from 0 to 40000"):
        pixels("pil", image)


class TestFiles:
    def test_much_metadata(self) -> None:
        profile = np.random.default_rng(0).bytes(1_500_000)
        data = encoded(PICTURE, icc_profile=profile)
        assert np.array_equal(np.asarray(load_image(data)), np.asarray(PICTURE))
        with pytest.raises(pixelprep.ImageLoadError, match="broken or cut short"):
            load_image(data[:-400])

    def test_an_error_that_is_placed_later_pickles(self) -> None:
        error = pixelprep.ImageLoadError("photo.png", "it is broken")
        place(error, "image 3")
        again = pickle.loads(pickle.dumps(error))
        assert (again.source, again.reason, again.position) == ("photo.png", "it is broken", "image 3")
        assert str(again) == str(error) == "image 3 (photo.png): it is broken"

    def test_heic(self) -> None:
        pillow_heif = pytest.importorskip("pillow_heif")
        buffer = io.BytesIO()
        pillow_heif.from_pillow(PICTURE.resize((64, 64))).save(buffer, quality=-1)
        assert load_image(buffer.getvalue()).size == (64, 64)

    def test_heic_without_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pixelprep.images.decoding.open_heic", lambda: False)
        monkeypatch.setattr("pixelprep.images.decoding._opened_formats", dict)
        with pytest.raises(pixelprep.ImageLoadError, match=r'a HEIC image: pip install "pixelprep\[heic\]"'):
            load_image(b"\0\0\0\x18ftypheic" + b"\0" * 64)

    def test_a_picture_comes_upright_and_as_rgb(self) -> None:
        image = PICTURE.convert("RGBA")
        exif = image.getexif()
        exif[0x0112] = 6
        turned = load_image(image)
        assert (turned.mode, turned.size) == ("RGB", (30, 40))


class TestSize:
    def test_is_a_dictionary(self) -> None:
        import json

        size = SizeDict(height=3, width=4)
        assert size == {"height": 3, "width": 4}
        assert size == {"height": 3, "width": 4}
        assert (size.shortest_edge, size["shortest_edge"], size.get("shortest_edge", 7)) == (None, None, 7)
        assert json.loads(json.dumps(size)) == {"height": 3, "width": 4}
        assert size | {"height": 5} == {"height": 5, "width": 4}
        assert pickle.loads(pickle.dumps(size)) == size
        assert hash(size) == hash(SizeDict(3, 4))
        with pytest.raises(KeyError):
            size["depth"]
        with pytest.raises(TypeError, match=r"write `processor\.size = \{\.\.\.\}`"):
            size["height"] = 5
        with pytest.raises(TypeError, match="a size has the fields"):
            SizeDict(depth=3)

    def test_objects_with_the_fields(self) -> None:
        from types import SimpleNamespace

        assert SizeDict.parse(SimpleNamespace(height=3, width=4)) == {"height": 3, "width": 4}
        assert SizeDict.parse({"height": np.int64(3), "width": np.float64(4)}) == {"height": 3, "width": 4}
        with pytest.raises(TypeError, match="must be an int"):
            SizeDict.parse(object())


class TestSettings:
    def test_calls_leave_no_trace(self) -> None:
        for backend in BACKENDS:
            processor = our_class("CLIP", backend)()
            before = pickle.dumps(processor)
            processor(PICTURE, size=40, crop_size=30)
            assert pickle.dumps(processor) == before

    def test_own_settings_are_saved(self, tmp_path: Any) -> None:
        processor = our_class("CLIP", "pil")()
        processor.margin = {"top": 3}
        processor.save_pretrained(tmp_path)
        again = our_class("CLIP", "pil").from_pretrained(tmp_path)
        assert again.margin == {"top": 3}
        assert again.to_dict() == processor.to_dict()

    def test_old_names(self) -> None:
        segformer = our_class("Segformer", "pil")
        assert segformer.from_dict({"reduce_labels": True}).do_reduce_labels is True
        assert segformer(reduce_labels=True).do_reduce_labels is True
        with pytest.warns(UserWarning, match="`reduce_labels` is the older name of `do_reduce_labels`"):
            assert segformer(reduce_labels=True, do_reduce_labels=False).do_reduce_labels is False
        sizes = {"min_pixels": 3136, "max_pixels": 100352}, {"shortest_edge": 3136, "longest_edge": 100352}
        grids = [our_class("Qwen2VL", "pil")(size=size)(PICTURE)["image_grid_thw"].tolist() for size in sizes]
        assert grids[0] == grids[1]

    def test_none_in_a_file_is_the_default(self) -> None:
        convnext = our_class("ConvNext", "pil").from_dict({"size": {"shortest_edge": 224}, "crop_pct": None})
        assert convnext.crop_pct == our_class("ConvNext", "pil")().crop_pct

    @pytest.mark.parametrize("family", ["CLIP", "Qwen2VL", "Pixtral"])
    def test_arguments_by_position(self, family: str) -> None:
        processor = our_class(family, "pil")()
        with pytest.raises(TypeError, match=r"takes images.* by position, and 2 arguments were given; write return_"):
            processor(PICTURE, "np")

    def test_the_cpu_by_another_name(self) -> None:
        assert pixels("pil", PICTURE, device="cpu:0").shape == (1, 3, 224, 224)

    def test_dtype_by_name(self) -> None:
        torch = pytest.importorskip("torch")
        outputs = our_class("CLIP", "pil")()(PICTURE, return_tensors="pt").to(dtype="float16")
        assert outputs["pixel_values"].dtype is torch.float16
        with pytest.raises(TypeError, match="'half16'"):
            outputs.to(dtype="half16")

    def test_gradients(self) -> None:
        torch = pytest.importorskip("torch")
        image = torch.rand(3, 60, 80, requires_grad=True)
        made = our_class("CLIP", "torchvision")(do_rescale=False)(image, return_tensors="pt")["pixel_values"]
        made.sum().backward()
        assert image.grad is not None
        with pytest.warns(UserWarning, match="keeps no gradient"):
            our_class("CLIP", "pil")(do_rescale=False)(image, return_tensors="pt")
