"""What a call returns: a dictionary with attributes, conversion between libraries, devices, and pickles."""

from __future__ import annotations

import copy
import json
import math
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from oracle import compared, difference, draw, our_class, picture, reference_class, usable_backends
from pixelprep import BatchFeature
from pixelprep.models.clip.image_processing_clip import CLIP
from pixelprep.models.detr.image_processing_detr import Detr
from pixelprep.models.idefics3.image_processing_idefics3 import Idefics3
from pixelprep.models.llava_onevision.image_processing_llava_onevision import LlavaOnevision
from pixelprep.models.pixtral.image_processing_pixtral import Pixtral
from pixelprep.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VL

BACKENDS = usable_backends()
PHOTO = picture(50, 70)


class TestAccess:
    def test_items_and_attributes(self) -> None:
        batch = BatchFeature({"pixel_values": [1], "sizes": [2]})
        assert batch["pixel_values"] is batch.pixel_values
        assert list(batch) == list(batch.keys()) == ["pixel_values", "sizes"]
        assert dict(**batch) == {"pixel_values": [1], "sizes": [2]}
        assert "sizes" in batch
        batch["more"] = 3
        assert batch.more == batch.pop("more") == 3
        batch.update({"x": 1})
        assert batch.x == 1
        with pytest.raises(AttributeError, match="no output 'pixels'; there are: pixel_values, sizes, x"):
            _ = batch.pixels
        with pytest.raises(KeyError):
            _ = batch["pixels"]

    def test_the_dictionary_given_is_not_changed(self) -> None:
        data = {"pixel_values": [1, 2]}
        BatchFeature(data, "np")["more"] = 1
        assert data == {"pixel_values": [1, 2]}

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_copies_and_pickles(self, backend: str) -> None:
        for kind in ("np", "pt", None):
            batch = CLIP.on(backend)(size=30, crop_size=20)(PHOTO, return_tensors=kind)
            copies = [copy.copy(batch), copy.deepcopy(batch)]
            if kind is not None or backend in ("torchvision", "pil"):
                copies.append(pickle.loads(pickle.dumps(batch)))
            for again in copies:
                assert type(again) is BatchFeature
                assert difference(batch.convert_to_tensors("np"), again.convert_to_tensors("np")) == 0.0


class TestConversion:
    @pytest.mark.parametrize("kind", ["np", "pt"])
    @pytest.mark.parametrize(
        "value",
        [
            [1, 2],
            [1.5, 2.5],
            [True, False],
            [[1, 2], [3, 4]],
            [(50, 70)],
            [np.arange(3), np.arange(3)],
            [torch.arange(3), torch.arange(3)],
            [[np.ones((2, 2), np.float32)], [np.zeros((2, 2), np.float32)]],
            np.ones((2, 3), np.float32),
            torch.ones(2, 3),
            3,
        ],
        ids=str,
    )
    def test_as_the_reference(self, kind: str, value: Any) -> None:
        got = BatchFeature({"x": value}, kind)
        if isinstance(value, int):  # the reference leaves NumPy's scalars and torch's as each library makes them
            assert got["x"].item() == value
            return
        expected = transformers.BatchFeature({"x": value}, tensor_type=kind)
        assert difference(dict(expected), dict(got)) == 0.0

    def test_what_is_no_number_stays(self) -> None:
        data = {"names": ["a", "b"], "none": None, "nested": [{"a": 1}], "empty": [], "text": "x"}
        for kind in ("np", "pt"):
            assert dict(BatchFeature(data, kind)) == data

    def test_ragged_lists_are_a_clear_error(self) -> None:
        ragged = {"pixel_values": [np.ones((3, 2, 2)), np.ones((3, 2, 4))]}
        for kind in ("np", "pt"):
            with pytest.raises(ValueError, match=r"`pixel_values` cannot become one array.*\(3, 2, 2\), \(3, 2, 4\)"):
                BatchFeature(ragged, kind)
        with pytest.raises(ValueError, match=r"\(3, 50, 70\), \(3, 60, 70\).*return_tensors=None"):
            CLIP.on("pil")(do_resize=False, do_center_crop=False)([PHOTO, draw(60, 70)], return_tensors="np")

    def test_unknown_libraries(self) -> None:
        with pytest.raises(ValueError, match="return_tensors must be 'np', 'pt', 'mlx', 'jax' or None, not 'tf'"):
            BatchFeature({"x": [1]}, "tf")

    def test_there_and_back(self) -> None:
        batch = CLIP.on("torchvision")(size=30, crop_size=20)(PHOTO)
        assert isinstance(batch["pixel_values"], list)
        tensor = copy.deepcopy(batch).convert_to_tensors("pt")["pixel_values"]
        assert tensor.shape == (1, 3, 20, 20)
        array = batch.convert_to_tensors("np")["pixel_values"]
        assert np.array_equal(array, tensor.numpy())
        again = batch.convert_to_tensors("pt")["pixel_values"]
        again[...] = 0  # writable, whatever it was made of
        assert torch.equal(BatchFeature({"x": np.broadcast_to(np.ones(3), (2, 3))}, "pt")["x"], torch.ones(2, 3))

    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("kind", ["np", "pt"])
    def test_every_backend_gives_what_is_asked_for(self, backend: str, kind: str) -> None:
        expected = {"np": np.ndarray, "pt": torch.Tensor}[kind]
        for family in ("CLIP", "Qwen2VL", "Pixtral"):
            batch = our_class(family, backend)()(PHOTO, return_tensors=kind)
            assert all(type(value) is expected for value in batch.values())

    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
    def test_dtypes(self, backend: str, dtype: str) -> None:
        plain = CLIP.on(backend)(size=30, crop_size=20)(PHOTO, return_tensors="pt")["pixel_values"]
        for kind in ("pt", "np"):
            got = CLIP.on(backend)(size=30, crop_size=20)(PHOTO, return_tensors=kind, dtype=dtype)["pixel_values"]
            assert dtype in str(got.dtype) or (kind == "np" and dtype == "bfloat16" and backend == "torchvision")
            wide = got if kind == "pt" else torch.from_numpy(np.asarray(got, dtype=np.float32))
            # One rounding to the narrower type: bfloat16 keeps 8 bits of a value.
            assert torch.allclose(wide.float(), plain, rtol=2.0**-8, atol=0)


class TestMoving:
    def test_dtype_and_device(self) -> None:
        batch = Qwen2VL.on("torchvision")()(PHOTO, return_tensors="pt")
        batch["names"] = ["a"]
        moved = batch.to("cpu", torch.float16)
        assert moved is batch
        assert batch["pixel_values"].dtype is torch.float16
        assert batch["image_grid_thw"].dtype is torch.int64
        assert batch["names"] == ["a"]
        assert batch.to(torch.float64)["pixel_values"].dtype is torch.float64
        assert batch.to("cpu", dtype=torch.bfloat16)["pixel_values"].dtype is torch.bfloat16
        assert batch.to(device="cpu")["pixel_values"].device.type == "cpu"
        assert batch.to(torch.device("meta"))["pixel_values"].device.type == "meta"

    def test_lists_and_batches_inside(self) -> None:
        inner = BatchFeature({"boxes": torch.ones(2, 4)})
        batch = BatchFeature({"labels": [inner], "values": [torch.ones(1), [torch.ones(2)]]}).to(torch.float16)
        assert batch["labels"][0]["boxes"].dtype is torch.float16
        assert batch["values"][1][0].dtype is torch.float16

    def test_arrays_stay(self) -> None:
        assert type(BatchFeature({"x": np.ones(3)}).to(torch.float16)["x"]) is np.ndarray


SIZES = [(1, 1), (37, 211), (300, 200), (640, 427), (29, 1000)]


class TestDryRun:
    @pytest.mark.parametrize(("family", "backend"), [p for p in compared() if p[0] in ("CLIP", "Qwen2VL", "Pixtral")])
    def test_shapes_are_those_of_the_outputs(self, family: str, backend: str) -> None:
        processor = our_class(family, backend)()
        for height, width in SIZES:
            foretold = processor.output_shapes(height, width)
            real = processor(draw(height, width), input_data_format="channels_last", return_tensors="np")
            assert {name: (o.shape, o.dtype) for name, o in foretold.items()} == {
                name: (array.shape, str(array.dtype)) for name, array in real.items()
            }
            for name, output in foretold.items():
                if output.values is not None:
                    assert np.array_equal(np.asarray(output.values), real[name])

    @pytest.mark.parametrize("family", [Idefics3, LlavaOnevision, Detr])
    def test_shapes_of_large_outputs(self, family: Any) -> None:
        processor = family.on("pil")()
        real = processor(draw(60, 90), return_tensors="np")
        foretold = processor.output_shapes(60, 90)
        assert {name: output.shape for name, output in foretold.items()} == {n: a.shape for n, a in real.items()}

    def test_integers_are_known(self) -> None:
        grid = Qwen2VL.on("pil")().output_shapes(640, 427)["image_grid_thw"]
        assert grid.values == [[1, 46, 30]]
        assert Pixtral.on("pil")().output_shapes(100, 30)["image_sizes"].values == [[112, 32]]

    def test_options_of_the_call_and_of_the_instance(self) -> None:
        processor = CLIP.on("pil")(crop_size=30)
        assert processor.output_shapes(50, 70)["pixel_values"].shape == (1, 3, 30, 30)
        assert processor.output_shapes(50, 70, crop_size=20)["pixel_values"].shape == (1, 3, 20, 20)
        with pytest.raises(TypeError, match="`crop_sise`"):
            processor.output_shapes(50, 70, crop_sise=20)

    @pytest.mark.parametrize("size", [(0, 5), (5, -1)])
    def test_images_have_pixels(self, size: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match="at least one pixel"):
            CLIP.on("pil")().output_shapes(*size)

    def test_huge_images_cost_nothing(self) -> None:
        code = "import pixelprep; p = pixelprep.Qwen2VLImageProcessorPil(max_pixels=10**8)\n"
        code += (
            "print(p.output_shapes(10**5, 10**5)['pixel_values'].shape, p.get_number_of_image_patches(10**5, 10**5))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        patches = (2 * (math.floor(math.sqrt(10**8)) // 28)) ** 2
        assert done.stdout == f"({patches}, 1176) {patches}\n"

    @pytest.mark.parametrize("family", ["Qwen2VL", "Idefics3"])
    def test_numbers_of_patches(self, family: str) -> None:
        """As many as the outputs have, and as the reference counts where it counts right (Q12)."""
        reference = reference_class(family, "pil")
        assert reference is not None
        processor = our_class(family, "pil")()
        for height, width in SIZES:
            counted = processor.get_number_of_image_patches(height, width)
            outputs = processor.output_shapes(height, width)["pixel_values"].shape
            if family == "Qwen2VL":
                assert counted == outputs[0] == reference().get_number_of_image_patches(height, width, {})
            else:
                expected = reference().get_number_of_image_patches(height, width, {})
                assert counted[0] == outputs[1]
                assert counted == expected if expected[1] else counted[1:] == expected[1:]
        smaller = processor.get_number_of_image_patches(640, 427, {"do_resize": True, "size": processor.size})
        assert smaller == processor.get_number_of_image_patches(640, 427)

    def test_text_of_shapes(self) -> None:
        output = CLIP.on("pil")().output_shapes(9, 9)["pixel_values"]
        assert "(1, 3, 224, 224)" in repr(output)
        assert json.dumps(output.shape) == "[1, 3, 224, 224]"
