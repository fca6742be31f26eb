"""Families for documents: words that tesseract reads, what models say of text, what the reference gets wrong."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest

from oracle import difference, our_class, picture, reference_class, usable_backends
from pixelprep.geometry import fit_page
from pixelprep.image_transforms import normalize_boxes
from pixelprep.images.content import content_box
from pixelprep.postprocess import sorted_lines, text_detection

PAGE = {"size": {"height": 100, "width": 70}}
READERS = [(family, backend) for family in ("LayoutLMv2", "LayoutLMv3") for backend in ("torchvision", "native", "pil")]


def outputs_of(**arrays: np.ndarray[Any, Any]) -> SimpleNamespace:
    return SimpleNamespace(**arrays)


def reference_of(family: str, backend: str) -> Any:
    return reference_class(family, "pil" if backend == "pil" else "torchvision")()


# ---------------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("backend", usable_backends())
def test_a_list_is_width_first_and_a_turn_is_clockwise(backend: str) -> None:
    """COMPLAINTS 43: one marked pixel, in the corner that a clockwise turn takes from the left to the top."""
    image = np.zeros((8, 20, 3), dtype=np.uint8)
    image[-1, 0] = 255
    with pytest.warns(UserWarning, match="8 wide and 20 high"):
        processor = our_class("Donut", backend)(size=[8, 20], do_align_long_axis=True, do_normalize=False)
    assert dict(processor.size) == {"height": 20, "width": 8}
    pixels = np.asarray(processor(image, return_tensors="np").pixel_values)
    assert pixels.shape == (1, 3, 20, 8)
    assert np.argwhere(pixels[0, 0] > 0.5).tolist() == [[0, 0]]
    with pytest.warns(UserWarning, match="10 wide and 30 high"):
        assert processor.preprocess(image, size=[10, 30], return_tensors="np").pixel_values.shape[-2:] == (30, 10)
    nougat = our_class("Nougat", backend)(size=[20, 8])
    assert dict(nougat.size) == {"height": 20, "width": 8}


@pytest.mark.parametrize("backend", ["torchvision", "native"])
def test_nougat_turns_pages_not_channels(backend: str) -> None:
    """The reference's torchvision class turns the channels of a batch; its PIL class is right."""
    kwargs = {**PAGE, "do_align_long_axis": True, "do_resize": False, "do_normalize": False, "return_tensors": "np"}
    page = picture(60, 90)
    expected = reference_of("Nougat", "pil")(page, **kwargs)["pixel_values"]
    got = our_class("Nougat", backend)()(page, **kwargs)["pixel_values"]
    assert np.abs(expected - got).max() <= 2 / 255


def test_what_is_on_a_page() -> None:
    page = np.full((3, 50, 60), 240, dtype=np.uint8)
    assert content_box(page) == (0, 0, 50, 60)
    page[:, 10:13, 20:27] = 30
    assert content_box(page) == (10, 20, 3, 7)
    assert content_box(page, pillow_grey=True) == (10, 20, 3, 7)
    assert content_box(page / np.float32(255)) == (10, 20, 3, 7)
    assert fit_page(3000, 3000, 2560, 1920) == (2560, 1920)
    assert fit_page(10000, 1, 100, 70) == (100, 1)
    shapes = our_class("Nougat", "native")()
    with pytest.raises(ValueError, match="needs its pixels"):
        shapes.output_shapes(50, 60, do_pad=False)


def test_sizes_that_pages_cannot_have() -> None:
    with pytest.raises(ValueError, match="`size` with `height` and `width`"):
        our_class("Donut", "native")()(picture(40, 60), size={"shortest_edge": 40})
    with pytest.raises(ValueError, match="`size` with `height` and `width`"):
        our_class("SLANeXt", "native")()(picture(40, 60), size={"longest_edge": 40})


# ---------------------------------------------------------------------------------------------------------- words


def page_of_text() -> PIL.Image.Image:
    page = PIL.Image.new("RGB", (500, 200), "white")
    draw = PIL.ImageDraw.Draw(page)
    font = PIL.ImageFont.load_default(36)
    draw.text((30, 20), "Invoice 4711", fill="black", font=font)
    draw.text((60, 110), "total: 25.00", fill="black", font=font)
    return page


@pytest.mark.parametrize(("family", "backend"), READERS)
def test_words_are_read(family: str, backend: str) -> None:
    ours, theirs = our_class(family, backend)(), reference_of(family, backend)
    pages = [page_of_text(), PIL.Image.new("RGB", (90, 40), "white"), page_of_text().rotate(180)]
    for kwargs in ({}, {"ocr_lang": "eng"}, {"tesseract_config": "--psm 6"}):
        expected, got = theirs(pages, **kwargs, return_tensors="pt"), ours(pages, **kwargs, return_tensors="pt")
        assert difference(expected, got, str(kwargs)) == 0
        assert got["words"][0][:2] == ["Invoice", "4711"]
        assert all(0 <= value <= 1000 for boxes in got["boxes"] for box in boxes for value in box)
    assert got["words"][1] == got["boxes"][1] == []


def test_words_need_a_package_and_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """COMPLAINTS 40: package, program and language are named, and the way without them."""
    processor = our_class("LayoutLMv3", "native")()
    with pytest.raises(ValueError, match=r"no data of the language 'xyz'; it has .*eng.*apply_ocr=False"):
        processor(page_of_text(), ocr_lang="xyz")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ImportError, match=r"program `tesseract` .*apt-get.*package pytesseract.*apply_ocr=False"):
        processor(page_of_text())
    monkeypatch.setitem(sys.modules, "pytesseract", None)
    with pytest.raises(ImportError, match=r"pixelprep\[ocr\]., and the program `tesseract`.*apply_ocr=False"):
        processor(page_of_text())
    assert "words" not in processor(page_of_text(), apply_ocr=False)


def test_options_of_a_reader_that_is_off_are_refused() -> None:
    processor = our_class("LayoutLMv2", "native")(apply_ocr=False)
    for kwargs in ({"ocr_lang": "deu"}, {"tesseract_config": "--psm 6"}):
        with pytest.raises(ValueError, match=f"`{next(iter(kwargs))}` has no effect while `apply_ocr` is off"):
            processor(page_of_text(), **kwargs)
        with pytest.raises(ValueError, match="has no effect"):
            our_class("LayoutLMv3", "native")()(page_of_text(), apply_ocr=False, **kwargs)
    assert "words" in processor(page_of_text(), apply_ocr=True, tesseract_config="--psm 6")


def test_boxes_stay_within_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    """COMPLAINTS 41 and 42: boxes past the page, and boxes as four corners."""
    found = {"text": ["a", " ", "b"], "left": [-5, 0, 3], "top": [10, 0, 4], "width": [95, 1, 5], "height": [60, 1, 6]}
    monkeypatch.setattr(pytest.importorskip("pytesseract"), "image_to_data", lambda *_, **__: found)
    output = our_class("LayoutLMv3", "native")()(picture(60, 80))
    assert output["words"] == [["a", "b"]]
    assert output["boxes"] == [[[0, 166, 1000, 1000], [37, 66, 100, 166]]]
    assert normalize_boxes([[-5, 10, 90, 70]], height=60, width=80) == [[0, 166, 1000, 1000]]
    quad = [[10, 12], [40, 10], [42, 30], [11, 33]]
    expected = [[125, 166, 525, 550]]
    assert normalize_boxes([quad], 60, 80) == normalize_boxes([np.array(quad)], 60, 80) == expected
    assert (
        normalize_boxes([np.array(quad).reshape(-1)], 60, 80) == normalize_boxes(np.array([quad]), 60, 80) == expected
    )
    assert normalize_boxes([], 60, 80) == normalize_boxes(np.zeros((0, 4, 2)), 60, 80) == []
    with pytest.raises(ValueError, match="box 1: two corners or more"):
        normalize_boxes([quad, [1, 2, 3]], 60, 80)
    with pytest.raises(ValueError, match=r"box 0: .*finite"):
        normalize_boxes([[1, 2, float("nan"), 4]], 60, 80)
    with pytest.raises(ValueError, match="not 0x80"):
        normalize_boxes([], 0, 80)


# --------------------------------------------------------------------------------------------- what the outputs say


def text_map(seed: int = 0) -> np.ndarray[Any, Any]:
    """A map of probabilities with turned rectangles of text on it."""
    rng = np.random.default_rng(seed)
    canvas = PIL.Image.new("L", (160, 128))
    for _ in range(12):
        x, y = rng.integers(8, 120, 2)
        bar = PIL.Image.new("L", (int(rng.integers(8, 50)), int(rng.integers(5, 14))), int(rng.integers(90, 256)))
        canvas.paste(bar.rotate(int(rng.integers(0, 60)), expand=True), (int(x), int(y)))
    return (np.asarray(canvas, dtype=np.float32) / 255 * rng.uniform(0.8, 1, (128, 160))).astype(np.float32)


def test_lines_of_text_are_found() -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = our_class("PPOCRV5ServerDet", "native")(), reference_of("PPOCRV5ServerDet", "torchvision")
    maps = np.stack([text_map(0), text_map(1), np.zeros((128, 160), np.float32)])[:, None]
    sizes = torch.tensor([[800.0, 1000.0], [97.0, 161.0], [128.0, 160.0]])
    found = 0
    for kwargs in (
        {},
        {"threshold": 0.5, "box_threshold": 0.4},
        {"unclip_ratio": 2.5, "min_size": 6},
        {"max_candidates": 3},
        {"box_threshold": 0.0, "min_size": 1},
    ):
        expected = theirs.post_process_object_detection(
            outputs_of(last_hidden_state=torch.from_numpy(maps[:2])), target_sizes=sizes[:2], **kwargs
        )
        got = ours.post_process_object_detection(
            outputs_of(last_hidden_state=torch.from_numpy(maps)), target_sizes=sizes, **kwargs
        )
        assert difference(expected, got[:2]) == 0
        found += sum(len(result["scores"]) for result in expected)
        assert got[2]["boxes"].shape == (0, 4, 2)
        for form in (sizes.tolist(), sizes.numpy(), [tuple(size) for size in sizes.int().tolist()]):
            plain = ours.post_process_object_detection({"last_hidden_state": maps}, target_sizes=form, **kwargs)
            assert all(isinstance(value, np.ndarray) for value in plain[0].values())
            as_arrays = [{name: value.numpy() for name, value in result.items()} for result in got]
            assert difference(as_arrays, plain) == 0
    assert found > 20


def test_text_on_large_and_blank_pages() -> None:
    """COMPLAINTS 44: no wrap past 32,767 pixels, (0, 4, 2) for none, an order to read in."""
    maps = np.zeros((2, 1, 64, 64), np.float32)
    maps[0, 0, 8:16, 40:60] = maps[0, 0, 10:18, 4:30] = maps[0, 0, 40:50, 10:50] = 1
    large, blank = text_detection({"last_hidden_state": maps}, target_sizes=[(40000, 40000), (64, 64)])
    assert large["boxes"].dtype == np.int32
    assert large["boxes"].max() > 32767 > -1 < large["boxes"].min()
    assert {name: (value.dtype, value.shape) for name, value in blank.items()} == {
        "boxes": (np.dtype("int16"), (0, 4, 2)),
        "scores": (np.dtype("float32"), (0,)),
        "labels": (np.dtype("int64"), (0,)),
    }
    (ordered, _) = text_detection({"last_hidden_state": maps}, target_sizes=[(64, 64)] * 2, reading_order=True)
    lefts = ordered["boxes"][..., 0].min(1)
    assert lefts[0] < 10 < 30 < lefts[1]
    assert ordered["boxes"][2, :, 1].min() > 30
    assert sorted_lines(np.zeros((0, 4, 2))) == []
    with pytest.raises(ValueError, match="target_sizes"):
        text_detection({"last_hidden_state": maps})
    half = pytest.importorskip("torch").from_numpy(maps).bfloat16()
    assert len(text_detection({"last_hidden_state": half}, target_sizes=[(64, 64)] * 2)[0]["scores"]) == 3


@pytest.mark.parametrize("family", ["PPOCRV5ServerRec", "PPOCRV6SmallRec"])
def test_lines_of_text_are_read(family: str) -> None:
    torch = pytest.importorskip("torch")
    characters = ["blank", *"abcdefgh "]
    ours, theirs = (
        cls(character_list=characters) for cls in (our_class(family, "native"), reference_class(family, "torchvision"))
    )
    rng = np.random.default_rng(3)
    logits = rng.random((4, 30, 10), dtype=np.float32) + 3 * (rng.random((4, 30, 10)) > 0.9).astype(np.float32)
    logits[1, 5:12, 4] = 9
    probabilities = torch.from_numpy(logits).softmax(-1)
    expected = theirs.post_process_text_recognition(outputs_of(last_hidden_state=probabilities))
    assert expected == ours.post_process_text_recognition(outputs_of(last_hidden_state=probabilities))
    plain = ours.post_process_text_recognition({"last_hidden_state": probabilities.numpy()})
    assert [line["text"] for line in plain] == [line["text"] for line in expected]
    assert [line["score"] for line in plain] == pytest.approx([line["score"] for line in expected], rel=1e-6)
    blank = np.zeros((1, 30, 10), np.float32)
    blank[..., 0] = 1
    assert ours.post_process_text_recognition({"last_hidden_state": blank}) == [{"text": "", "score": 0.0}]
    with pytest.raises(ValueError, match="not in `character_list`, which has 0"):
        our_class(family, "native")().post_process_text_recognition({"last_hidden_state": probabilities.numpy()})


def test_lines_follow_the_call() -> None:
    """Q55: the reference takes the instance's `size` and `max_image_width`, whatever the call says."""
    kwargs = {"size": {"height": 32, "width": 100}, "max_image_width": 200, "pad_size": {"height": 32, "width": 100}}
    line = picture(20, 400)
    built = reference_class("PPOCRV5ServerRec", "torchvision")(**kwargs)(line, return_tensors="pt")
    assert built["pixel_values"].shape == (1, 3, 32, 200)
    assert difference(built, our_class("PPOCRV5ServerRec", "native")()(line, **kwargs, return_tensors="pt")) == 0


def test_tables_are_read() -> None:
    """Q56: every table of a batch, and nothing is kept on the processor."""
    torch = pytest.importorskip("torch")
    ours, theirs = our_class("SLANeXt", "native")(), reference_of("SLANeXt", "torchvision")
    rng = np.random.default_rng(5)
    logits = rng.random((3, 40, len(theirs.character)), dtype=np.float32)
    logits[0, 30, theirs.eos_id] = 2
    probabilities = torch.from_numpy(logits)
    before = dict(vars(ours))
    tables = ours.post_process_table_recognition(outputs_of(last_hidden_state=probabilities))
    assert vars(ours) == before
    assert len(tables) == 3
    for index, table in enumerate(tables):
        alone = outputs_of(last_hidden_state=probabilities[index : index + 1])
        expected = theirs.post_process_table_recognition(alone)
        assert table == expected == ours.post_process_table_recognition(alone)
        plain = ours.post_process_table_recognition({"last_hidden_state": logits[index : index + 1]})
        assert plain["structure"] == expected["structure"]
        assert plain["structure_score"] == pytest.approx(expected["structure_score"], rel=1e-6)
    nothing = np.zeros((1, 4, len(theirs.character)), np.float32)
    nothing[..., -1] = 1
    empty = ours.post_process_table_recognition({"last_hidden_state": nothing})
    assert empty == {
        "structure": ["<html>", "<body>", "<table>", "</table>", "</body>", "</html>"],
        "structure_score": 0.0,
    }


@pytest.mark.parametrize("family", ["PPOCRV5ServerRec", "PPOCRV5ServerDet"])
def test_a_column_of_pixels_keeps_its_rows(family: str) -> None:
    """Floats resized to one column: torch gives every row the value of the first."""
    kwargs = {"limit_side_len": 64} if family == "PPOCRV5ServerDet" else {"do_pad": False}
    column = picture(90, 1)
    first, second = (
        np.asarray(our_class(family, backend)()(column, **kwargs, return_tensors="np")["pixel_values"])
        for backend in ("torchvision", "native")
    )
    assert np.array_equal(first, second)
    if family == "PPOCRV5ServerRec":
        assert first.shape == (1, 3, 48, 1)
        assert len(np.unique(first)) > 40


def test_pages_for_text_detection_tell_their_sizes() -> None:
    processor = our_class("PPOCRV5ServerDet", "native")()
    sizes = processor([picture(40, 60)], return_tensors="np", do_resize=False, dtype="float16")["target_sizes"]
    assert sizes.dtype == np.float32
    assert sizes.tolist() == [[40, 60]]
    with pytest.raises(ValueError, match="limit_type"):
        processor(picture(40, 60), limit_type="shortest")


def test_photographed_pages_are_flattened() -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = our_class("UVDoc", "torchvision")(), reference_class("UVDoc", "torchvision")()
    pages = [picture(90, 70), picture(61, 133)]
    prepared = ours(pages, return_tensors="pt")
    rng = np.random.default_rng(2)
    rows, columns = np.meshgrid(np.linspace(-1.1, 1.1, 45), np.linspace(-1.1, 1.1, 31), indexing="ij")
    mesh = np.stack([np.stack([columns, rows])] * 2) + rng.normal(0, 0.02, (2, 2, 45, 31))
    mesh = torch.from_numpy(mesh.astype(np.float32))
    expected = theirs.post_process_document_rectification(mesh, prepared["original_images"])
    assert difference(expected, ours.post_process_document_rectification(mesh, prepared["original_images"])) == 0
    plain = ours.post_process_document_rectification(
        mesh.numpy(), [image.numpy() for image in prepared["original_images"]], scale=255
    )
    for page, result in zip(expected, plain, strict=True):
        assert isinstance(result["images"], np.ndarray)
        assert np.array_equal(result["images"], page["images"].numpy())
    still = np.stack(np.meshgrid(np.linspace(-1, 1, 70), np.linspace(-1, 1, 90)))[None].astype(np.float32)
    same = ours.post_process_document_rectification(still, [prepared["original_images"][0].numpy()])[0]["images"]
    assert np.abs(same.astype(int) - np.asarray(pages[0])).max() <= 1
    with pytest.raises(ValueError, match="2 predictions and 1 original images"):
        ours.post_process_document_rectification(mesh, prepared["original_images"][:1])


def test_headers_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a font of the caller's the one that Pillow ships is drawn with."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    processor = our_class("Pix2Struct", "native")(is_vqa=True)
    font = PIL.ImageFont.load_default(36).font_bytes
    kwargs = {"header_text": "What is the total?", "max_patches": 64, "return_tensors": "np"}
    first, second = processor(page_of_text(), **kwargs), processor(page_of_text(), **kwargs, font_bytes=font)
    assert difference(first, second) == 0
