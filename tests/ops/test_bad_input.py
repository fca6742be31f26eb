"""Bad input: one clear error for each kind, of a documented type, that names the image."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from oracle import difference, draw, our_class, picture, usable_backends
from pixelprep.images.decoding import DecodeLimits, set_decode_limits
from pixelprep.models.clip.image_processing_clip import CLIP
from pixelprep.models.detr.image_processing_detr import Detr
from pixelprep.models.idefics3.image_processing_idefics3 import Idefics3
from pixelprep.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VL
from pixelprep.models.segformer.image_processing_segformer import Segformer

BACKENDS = usable_backends()
FAMILIES = ["CLIP", "ConvNext", "LlavaOnevision", "Idefics3", "Qwen2VL", "Pixtral", "Segformer", "Detr"]
GOOD = picture(30, 40)


def encoded(format: str = "PNG", size: tuple[int, int] = (30, 40)) -> bytes:
    buffer = io.BytesIO()
    picture(*size).save(buffer, format)
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that claims two billion pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50000, 40000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


FILES: dict[str, tuple[bytes, str]] = {
    "truncated.png": (encoded()[:-200], "truncated|broken|incomplete|cannot be decoded|not decode"),
    "truncated.jpg": (encoded("JPEG")[:-100], "truncated|broken|incomplete|cannot be decoded|not decode"),
    "empty.jpg": (b"", "empty"),
    "text.jpg": (b"this is no picture, whatever it is called\n" * 9, "image"),
    "bomb.png": (bomb(), "pixels"),
    "header.gif": (b"GIF89a", "image"),
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, (content, _) in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.png").write_bytes(encoded())
    return tmp_path


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FILES)
def test_bad_files(files: Path, name: str, backend: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){name}.*({FILES[name][1]})"):
        CLIP.on(backend)()(str(files / name))


@pytest.mark.parametrize("name", FILES)
def test_bad_files_in_a_batch_and_in_a_sample(files: Path, name: str) -> None:
    processor = CLIP.on("pil")()
    with pytest.raises(ValueError, match=rf"image 1 .*{name}"):
        processor([GOOD, files / name, GOOD])
    with pytest.raises(ValueError, match=rf"image 1 of sample 1 .*{name}"):
        processor([[GOOD], [GOOD, files / name]])


@pytest.mark.parametrize("name", FILES)
def test_bad_bytes(name: str) -> None:
    for source in (FILES[name][0], io.BytesIO(FILES[name][0])):
        with pytest.raises(ValueError, match=FILES[name][1]):
            CLIP.on("pil")()(source)


@pytest.fixture
def small_limits() -> Iterator[None]:
    before = set_decode_limits(DecodeLimits(max_pixels=1000, url_timeout=0.5))
    yield
    set_decode_limits(before)


@pytest.mark.usefixtures("small_limits")
class TestLimits:
    def test_pixels(self, files: Path) -> None:
        with pytest.raises(ValueError, match=r"image 0 .*good\.png.*1200 pixels|good\.png.*1000"):
            CLIP.on("pil")()([files / "good.png"])
        assert CLIP.on("pil")()(GOOD)["pixel_values"]  # decoded elsewhere already

    def test_unreachable_urls(self) -> None:
        with pytest.raises(ValueError, match=r"image 1 .*http://127\.0\.0\.1:9/x\.png"):
            CLIP.on("pil")()([GOOD, "http://127.0.0.1:9/x.png"])


def test_absent_files(tmp_path: Path) -> None:
    for source in (tmp_path / "absent.png", str(tmp_path / "absent.png")):
        with pytest.raises(FileNotFoundError, match=r"absent\.png"):
            CLIP.on("pil")()(source)
        with pytest.raises(FileNotFoundError, match=r"image 1 .*absent\.png"):
            CLIP.on("pil")()([GOOD, source])
    with pytest.raises(ValueError, match=r"folder|directory"):
        CLIP.on("pil")()(tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x.png", "gopher://host/x.png"])
def test_urls_lead_to_no_local_file(url: str) -> None:
    with pytest.raises(ValueError, match=url):
        CLIP.on("pil")()(url)


ARRAYS: dict[str, tuple[Any, type[Exception] | tuple[type[Exception], ...], str]] = {
    "no height": (np.zeros((0, 5, 3), np.uint8), ValueError, "no pixels"),
    "no width": (torch.zeros(3, 5, 0), ValueError, "no pixels"),
    "no channels": (np.zeros((5, 5, 0), np.uint8), ValueError, "no pixels"),
    "two channels": (np.zeros((5, 6, 2), np.uint8), ValueError, r"channels.*\(5, 6, 2\)"),
    "five channels": (np.zeros((6, 7, 5), np.uint8), ValueError, r"channels.*\(6, 7, 5\)"),
    "one axis": (np.zeros(5, np.uint8), ValueError, r"shape \(5,\)"),
    "no axis": (np.zeros((), np.uint8), ValueError, r"shape \(\)"),
    "six axes": (np.zeros((1, 1, 1, 3, 5, 5), np.uint8), ValueError, "shape"),
    "NaN": (np.full((5, 5, 3), np.nan), ValueError, "NaN"),
    "one NaN": (np.where(np.arange(75).reshape(5, 5, 3) == 7, np.nan, 1).astype(np.float32), ValueError, "NaN"),
    "infinity": (torch.full((3, 5, 5), float("inf")), ValueError, "infinite"),
    "objects": (np.array([[None, 1], [2, 3]]), TypeError, "object"),
    "strings": (np.array([["a", "b"]]), TypeError, "<U1"),
    "complex numbers": (np.zeros((5, 5, 3), complex), TypeError, "complex"),
    "complex tensors": (torch.zeros(3, 5, 5, dtype=torch.complex64), TypeError, "complex"),
    "dates": (np.zeros((5, 5, 3), "datetime64[s]"), TypeError, "datetime64"),
    "None": (None, TypeError, "NoneType"),
    "a number": (3, TypeError, "int"),
    "a dictionary": ({"image": GOOD}, TypeError, "`bytes` or a `path`.*keys image"),
    "a set": ({1, 2}, TypeError, "set"),
    "an object": (object(), TypeError, "object"),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ARRAYS)
def test_bad_arrays(kind: str, backend: str) -> None:
    bad, error, message = ARRAYS[kind]
    processor = CLIP.on(backend)()
    with pytest.raises(error, match=message):
        processor(bad)
    with pytest.raises(error, match=f"image 1.*({message})"):
        processor([GOOD, bad])
    # The family takes samples as one flat list: what is found there has its number in that list.
    with pytest.raises(error, match=f"(image 1 of sample 1|image 2).*({message})"):
        processor([[GOOD], [GOOD, bad]])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["no height", "five channels", "one NaN", "objects", "None"])
def test_every_family_names_the_image(family: str, kind: str) -> None:
    bad, error, message = ARRAYS[kind]
    with pytest.raises(error, match=f"image 1.*({message})"):
        our_class(family, "pil")()([GOOD, bad])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "empty", [[], (), [[]], [[], []], iter(())], ids=["list", "tuple", "sample", "samples", "iterator"]
)
def test_nothing_at_all(family: str, empty: Any) -> None:
    with pytest.raises(ValueError, match="no images: the list is empty"):
        our_class(family, "pil")()(empty)


def test_uneven_nesting() -> None:
    with pytest.raises(ValueError, match="nest unevenly: entry 1 is a list and entry 0 is not"):
        CLIP.on("pil")()([GOOD, [GOOD]])
    with pytest.raises(ValueError, match="more than two levels"):
        CLIP.on("pil")()([[[GOOD]]])


def test_one_bad_image_is_named_whatever_the_others_are(files: Path) -> None:
    batch = [GOOD, draw(20, 30), torch.from_numpy(draw(20, 30)), files / "good.png", encoded(), "no such thing"]
    with pytest.raises(ValueError, match="image 5"):
        CLIP.on("pil")()(batch)
    assert len(CLIP.on("pil")()(batch[:-1])["pixel_values"]) == 5


class TestSteps:
    """Errors of the steps name the image too."""

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_channels_that_do_not_fit_the_statistics(self, backend: str) -> None:
        with pytest.raises(ValueError, match=r"image 1: the image has 1 channel and.*do_convert_rgb=True"):
            Segformer.on(backend)()([GOOD, np.asarray(GOOD.convert("L"))])

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_elongated_images(self, backend: str) -> None:
        with pytest.raises(ValueError, match="image 1: an image of 1x300 is too elongated"):
            Qwen2VL.on(backend)()([GOOD, picture(1, 300)])

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_images_that_do_not_divide(self, backend: str) -> None:
        with pytest.raises(ValueError, match="image 1: an image of 30x56 does not divide into patches"):
            Qwen2VL.on(backend)()([draw(56, 56), draw(30, 56)], do_resize=False)

    def test_sizes_that_mean_nothing(self) -> None:
        with pytest.raises(ValueError, match=r"image 0: `size` is .*longest_edge.*cannot use"):
            CLIP.on("pil")()(GOOD, size={"longest_edge": 9})
        with pytest.raises(ValueError, match=r"image 0 of sample 0: .*longest_edge"):
            Idefics3.on("pil")()(GOOD, size={"shortest_edge": 9})

    def test_stacks_of_different_sizes(self) -> None:
        with pytest.raises(ValueError, match=r"\(3, 30, 40\), \(3, 31, 40\).*return_tensors=None"):
            CLIP.on("pil")(do_resize=False, do_center_crop=False)([draw(30, 40), draw(31, 40)], return_tensors="np")

    def test_devices(self) -> None:
        with pytest.raises(ValueError, match=r"'pil' backend works on the CPU.*backend=\"torchvision\""):
            CLIP.on("pil")()(GOOD, device="cuda")


class TestBesideImages:
    @pytest.mark.parametrize(
        ("bad", "error", "message"),
        [
            (GOOD, ValueError, "segmentation map 0 has mode RGB"),
            (np.full((30, 40), np.nan), ValueError, "NaN"),
            (np.array([[None]]), TypeError, "object"),
            ([], ValueError, "no images"),
            (None, None, ""),
        ],
    )
    def test_label_maps(self, bad: Any, error: type[Exception] | None, message: str) -> None:
        processor = Segformer.on("pil")(size=20)
        if error is None:
            assert "labels" not in processor(GOOD, bad)
            return
        with pytest.raises(error, match=message):
            processor(GOOD, bad)

    @pytest.mark.parametrize("maps", [[np.zeros((30, 40), np.uint8)] * 2, np.zeros((30, 40, 5), np.uint8)], ids=len)
    def test_as_many_label_maps_as_images(self, maps: Any) -> None:
        with pytest.raises(ValueError, match="maps"):
            Segformer.on("pil")(size=20)(GOOD, maps)

    @pytest.mark.parametrize("target", [3, "x", {}, {"image_id": 1}, {"annotations": 3}, [{"image_id": 1}] * 2])
    def test_annotations(self, target: Any) -> None:
        with pytest.raises((ValueError, TypeError)):
            Detr.on("pil")()(GOOD, target)


@pytest.mark.parametrize("backend", BACKENDS)
def test_pixels_in_the_unit_range_are_warned_of(backend: str) -> None:
    with pytest.warns(UserWarning, match="floats of 0..1.*do_rescale=False") as caught:
        CLIP.on(backend)()((draw(30, 40) / 255).astype(np.float32))
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CLIP.on(backend)()((draw(30, 40) / 255).astype(np.float32), do_rescale=False)
        CLIP.on(backend)()(draw(30, 40).astype(np.float32))


@pytest.mark.parametrize("backend", BACKENDS)
def test_after_an_error_the_processor_works_on(backend: str) -> None:
    processor = CLIP.on(backend)(size=30, crop_size=20)
    before = processor(GOOD, return_tensors="np")
    for bad, error, _ in ARRAYS.values():
        with pytest.raises(error):
            processor([GOOD, bad], crop_size=10)
    assert difference(before, processor(GOOD, return_tensors="np")) == 0.0


def test_animations_give_their_first_frame(tmp_path: Path) -> None:
    frames = [PIL.Image.new("RGB", (8, 6), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    output = CLIP.on("pil")(do_normalize=False)(tmp_path / "two.gif", return_tensors="np")["pixel_values"]
    assert output[0, 0].min() == 1.0
    assert output[0, 2].max() == 0.0
