"""JPEG files by libjpeg-turbo itself: Pillow's bytes, Pillow's verdicts, decoded late where there are many."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings, strategies as st

import pixelprep
from needs import ROOT, needs
from pixelprep import ImageLoadError
from pixelprep.core.threads import Workers
from pixelprep.images import decoding as image_loading
from pixelprep.images.decoding import fetch_images, in_threads, load_image
from pixelprep.images.jpeg import JpegImage

PHOTOS = sorted((ROOT / "examples" / "photos").glob("*.jpg"))


def picture(width: int, height: int, mode: str = "RGB") -> PIL.Image.Image:
    with PIL.Image.open(PHOTOS[0]) as photo:
        return photo.convert(mode).resize((width, height))


def encoded(image: PIL.Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]),
    st.booleans(),
    st.integers(1, 100),
    st.sampled_from([0, 1, 5]),
)
def test_the_bytes_are_pillows(
    width: int, height: int, subsampling: str, progressive: bool, quality: int, restart: int
) -> None:
    needs("simplejpeg")
    data = encoded(
        picture(width, height),
        subsampling=subsampling,
        progressive=progressive,
        quality=quality,
        restart_marker_rows=restart,
    )
    image = fetch_images(data, jpeg="direct")
    assert isinstance(image, JpegImage)
    assert image.pixels is not None
    np.testing.assert_array_equal(image.pixels, np.asarray(load_image(data)))


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
def test_photographs(photo: Path) -> None:
    np.testing.assert_array_equal(np.asarray(fetch_images(photo, jpeg="direct")), np.asarray(load_image(photo)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_only_upright_images_are_taken(orientation: int) -> None:
    needs("simplejpeg")
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture(30, 20), exif=exif)
    image = fetch_images(data, jpeg="direct")
    assert isinstance(image, JpegImage) == (orientation == 1)
    np.testing.assert_array_equal(np.asarray(image), np.asarray(load_image(data)))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_modes_are_pillows(mode: str) -> None:
    image = fetch_images(encoded(picture(30, 20, mode)), jpeg="direct", convert_rgb=True)
    assert isinstance(image, PIL.Image.Image)
    assert image.mode == "RGB"


@pytest.mark.parametrize("count", [1, 12], ids=["few", "many"])
@pytest.mark.parametrize("backend", ["torchvision", "native"])
def test_a_broken_file_is_named(count: int, backend: str) -> None:
    data = encoded(picture(200, 150))
    files = [data] * (count - 1) + [data[: len(data) // 2]]
    processor = pixelprep.CLIPImageProcessor.on(backend)()
    with pytest.raises(ImageLoadError, match=f"image {count - 1} .bytes.: it is broken or cut short"):
        processor(files)


@pytest.mark.parametrize("backend", ["torchvision", "native"])
@pytest.mark.parametrize("family", ["CLIP", "LlavaOnevision", "Qwen2VL", "DeepseekVLHybrid", "Gemma3"])
def test_files_and_images_give_the_same(family: str, backend: str) -> None:
    """With more files than are decoded at once, also where several steps start from one image."""
    cls = getattr(pixelprep, f"{family}ImageProcessor").on(backend)
    options: dict[str, Any] = {"size": {"height": 64, "width": 64}} if family in ("LlavaOnevision", "Gemma3") else {}
    if family == "Gemma3":
        options |= {
            "do_pan_and_scan": True,
            "pan_and_scan_min_crop_size": 16,
            "pan_and_scan_max_num_crops": 4,
            "pan_and_scan_min_ratio_to_activate": 1.0,
        }
    processor = cls(**options)
    files = [encoded(picture(90 + 7 * i, 60 + 5 * i), quality=80) for i in range(10)]
    # What is said of the layout of arrays does not matter to files.
    ours = processor(files, return_tensors="np", input_data_format="channels_first")
    expected = processor([load_image(file) for file in files], return_tensors="np")
    assert ours.keys() == expected.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 3), (3, 3), (4, 3)], ids=str)
@pytest.mark.parametrize("backend", ["torchvision", "native", "pil"])
def test_sizes_that_look_like_channels(size: tuple[int, int], backend: str) -> None:
    data = encoded(picture(*size), quality=95)
    processor = pixelprep.ViTImageProcessor.on(backend)()
    ours = processor(data, return_tensors="np").pixel_values
    np.testing.assert_array_equal(ours, processor(load_image(data), return_tensors="np").pixel_values)


def test_many_files_wait_to_be_decoded() -> None:
    needs("simplejpeg")
    data = encoded(picture(40, 30))
    images = fetch_images([data] * 12, jpeg="lazy")
    assert all(isinstance(image, JpegImage) and image.pixels is None for image in images)
    few = fetch_images([data] * 2, jpeg="lazy")
    assert all(image.pixels is not None for image in few)


def test_without_simplejpeg_pillow_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import util

    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "simplejpeg" else find(name, *rest))
    image_loading._jpeg_reader.cache_clear()
    try:
        assert isinstance(fetch_images(PHOTOS[0], jpeg="direct"), PIL.Image.Image)
    finally:
        image_loading._jpeg_reader.cache_clear()


def test_a_height_of_one_is_no_channel() -> None:
    """Families that composite do so only with images that can be seen through."""
    data = encoded(picture(50, 1))
    processor = pixelprep.Idefics2ImageProcessor.on("torchvision")()
    ours = processor(data, return_tensors="np").pixel_values
    np.testing.assert_array_equal(ours, processor(load_image(data), return_tensors="np").pixel_values)


def test_what_users_and_fonts_see_are_pillow_images() -> None:
    data = encoded(picture(50, 40))
    seen: list[Any] = []

    def transform(image: Any) -> np.ndarray:
        seen.append(image)
        return np.asarray(image)

    pixelprep.IdeficsImageProcessor.on("torchvision")()([data], transform=transform)
    assert isinstance(seen[0], PIL.Image.Image)


def test_callers_share_the_threads() -> None:
    def where() -> str:
        return threading.current_thread().name

    def inside(threads: int) -> list[str]:
        return in_threads(where, [()] * 4, threads)

    here = where()
    assert here not in inside(2)
    assert in_threads(inside, [(2,)], 1) == [[here] * 4]  # somebody calls already
    assert here not in in_threads(inside, [(3,)], 1)[0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_starts_afresh() -> None:
    workers = Workers()

    def fork() -> int:
        with workers._lock:
            child = os.fork()
            if not child:
                here = threading.current_thread().name
                names = workers.run(lambda: threading.current_thread().name, [()] * 3, 2)
                os._exit(here in names)
        return child

    (child,) = workers.run(fork, [()], 1)
    assert os.waitpid(child, 0)[1] == 0
