"""The release of transformers that pixels follow: what is said of it, how it is chosen, and what changed with it."""

from __future__ import annotations

import copy
import io
import pickle
import re
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers

import pixelprep
from needs import ROOT
from oracle import difference, our_class, outcome, picture, processors, small, usable_backends
from pixelprep.core import releases
from pixelprep.integrations import transformers as inside
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.battery import covered_families
from pixelprep.testing.compare import as_numpy

PLAIN = {"do_resize": False, "do_center_crop": False, "do_rescale": False, "do_normalize": False}
BACKENDS = [*usable_backends(), "reference"]


@pytest.fixture(autouse=True)
def newest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("PIXELPREP_REFERENCE", raising=False)
    yield
    pixelprep.set_reference(None)


def pixels(family: str, image: Any, backend: str = "pil", **options: Any) -> Any:
    """What becomes of an image where it is only converted."""
    cls = our_class(family, backend)
    known = {name: value for name, value in PLAIN.items() if name in cls._schema().types}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fractions of 0..1
        return as_numpy(dict(cls()(image, return_tensors="np", **known, **options)))["pixel_values"]


class TestWhatIsSaid:
    def test_it_is_the_release_that_tests_compare_with(self) -> None:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert f"transformers=={pixelprep.REFERENCE}" in extras["reference"]
        assert transformers.__version__ == pixelprep.REFERENCE

    @pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/deviations.md", "docs/loading.md"])
    def test_pages_name_no_other(self, page: str) -> None:
        text = (ROOT / page).read_text()
        assert set(re.findall(r"transformers (\d+\.\d+\.\d+)", text)) <= {pixelprep.REFERENCE}

    def test_every_fact_is_of_a_release_that_can_be_followed(self) -> None:
        for fact in releases.FACTS.values():
            assert releases.nearest_release(fact.since) == fact.since
            assert set(fact.families) <= set(FAMILIES)
            assert fact.now != fact.before


class TestChoice:
    def test_a_processor_keeps_the_release_it_was_made_under(self) -> None:
        before = our_class("CLIP", "pil")()
        pixelprep.set_reference("5.18")
        made = our_class("CLIP", "pil")()
        pixelprep.set_reference(None)
        after = our_class("CLIP", "pil")()
        assert [it.reference for it in (before, made, after)] == [pixelprep.REFERENCE, "5.18", pixelprep.REFERENCE]
        for again in (made, copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert again.fact("transparency") == "dropped"
        assert after.fact("transparency") == before.fact("transparency") == "white"
        assert made.to_dict() == after.to_dict()  # a checkpoint means the same in every release
        made.reference = "5.24.0"
        assert made.fact("transparency") == "white"

    def test_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIXELPREP_REFERENCE", "5.19.1")
        assert pixelprep.get_reference() == "5.19.1"
        assert our_class("CLIP", "pil")().fact("transparency") == "dropped"
        pixelprep.set_reference("5.21.0")  # who says it in the program is asked first
        assert our_class("CLIP", "pil")().fact("transparency") == "white"

    @pytest.mark.parametrize("release", ["5.17.3", "4.57", "5.25.0", "6.0", "newest", "5", "5.x"])
    def test_what_is_no_known_release(self, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ValueError, match=r"5\.18"):
            pixelprep.set_reference(release)
        assert pixelprep.get_reference() == pixelprep.REFERENCE
        monkeypatch.setenv("PIXELPREP_REFERENCE", release)
        with pytest.raises(ValueError, match=r"PIXELPREP_REFERENCE.*5\.18"):
            our_class("CLIP", "pil")()

    @pytest.mark.parametrize(
        ("installed", "followed"),
        [
            ("5.18.0", "5.18.0"),
            ("5.20.3", "5.20.3"),
            ("5.25.0.dev0", pixelprep.REFERENCE),
            ("6.1", pixelprep.REFERENCE),
            ("5.9.1", "5.18.0"),
        ],
    )
    def test_inside_transformers_it_is_the_installed_one(
        self, installed: str, followed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        pixelprep.set_reference("5.22")  # no matter there
        monkeypatch.setattr(transformers, "__version__", installed)
        inside._adapted.cache_clear()
        try:
            inside.install("pil", model_types=["clip"])
            (tmp_path / "preprocessor_config.json").write_text('{"image_processor_type": "CLIPImageProcessor"}')
            assert transformers.AutoImageProcessor.from_pretrained(tmp_path).reference == followed
            assert our_class("CLIP", "pil")().reference == "5.22"
        finally:
            inside.uninstall()
            inside._adapted.cache_clear()


class TestWhatChanged:
    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
    def test_transparency_before_5_21(self, mode: str, backend: str) -> None:
        image = picture(20, 25, "RGBA").convert(mode) if mode == "LA" else picture(20, 25, mode).copy()
        if mode == "P":
            image.info["transparency"] = image.getpixel((3, 4))
        white = PIL.Image.new("RGBA", image.size, "white")
        on_white = np.asarray(PIL.Image.alpha_composite(white, image.convert("RGBA")).convert("RGB"))
        alone = np.asarray(image.convert("RGB"))
        assert not np.array_equal(on_white, alone)
        for release, expected in (("5.18", alone), ("5.20.9", alone), ("5.21", on_white), (None, on_white)):
            pixelprep.set_reference(release)
            assert np.array_equal(pixels("CLIP", image, backend)[0], expected.transpose(2, 0, 1)), release

    def test_families_that_composited_before(self) -> None:
        image = picture(20, 25, "RGBA")
        now = {family: pixels(family, image) for family in ("Chameleon", "Idefics2")}
        pixelprep.set_reference("5.18")
        assert np.array_equal(pixels("Idefics2", image), now["Idefics2"])
        darker = now["Chameleon"].astype(int) - pixels("Chameleon", image)
        assert (darker.min(), darker.max()) == (0, 1)  # truncated, in double precision
        opaque = picture(20, 25).convert("RGBA")
        assert np.array_equal(pixels("Chameleon", opaque)[0], np.asarray(opaque)[..., :3].transpose(2, 0, 1))

    def test_a_finer_minicpm(self) -> None:
        image = picture(64, 96)
        sizes = {}
        for release in ("5.18", None):
            pixelprep.set_reference(release)
            outputs = our_class("MiniCPMV4_6", "pil")()(image, downsample_mode="4x", return_tensors="np")
            sizes[release] = outputs["target_sizes"].tolist()
        assert sizes == {"5.18": [[28, 40]], None: [[26, 40]]}

    def test_functions_for_code_of_checkpoints(self) -> None:
        from pixelprep.image_transforms import convert_to_rgb

        image = picture(9, 8, "RGBA")
        now = convert_to_rgb(image, return_numpy=True)
        assert np.array_equal(now, transformers.image_transforms.convert_to_rgb(image, return_numpy=True))
        pixelprep.set_reference("5.18")
        assert np.array_equal(convert_to_rgb(image, return_numpy=True), np.asarray(image)[..., :3])


def encoded(image: PIL.Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


TRANSPARENT = {
    "RGBA": encoded(picture(40, 52, "RGBA")),
    "LA": encoded(picture(40, 52, "RGBA").convert("LA")),
    "P": encoded(picture(40, 52, "P"), transparency=7),
    "L": encoded(picture(40, 52, "L"), transparency=int(np.asarray(picture(40, 52, "L"))[3, 4])),
    "RGB": encoded(picture(40, 52), transparency=picture(40, 52).getpixel((3, 4))),
}


class TestDeviations:
    """Rows of docs/deviations.md that came with the conversion of 5.24."""

    @pytest.mark.parametrize("release", ["5.18", None])
    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("mode", TRANSPARENT)
    def test_a_file_gives_what_it_gives_opened(self, mode: str, backend: str, release: str | None) -> None:
        pixelprep.set_reference(release)
        opened = PIL.Image.open(io.BytesIO(TRANSPARENT[mode]))
        for family in ("CLIP", "Chameleon", "ViT"):
            assert np.array_equal(pixels(family, TRANSPARENT[mode], backend), pixels(family, opened, backend)), family
        ours = our_class("Inkling2", backend)()  # a checkerboard, not white
        expected, got = (ours(image, return_tensors="np").pixel_values for image in (opened, TRANSPARENT[mode]))
        assert np.array_equal(as_numpy(expected), as_numpy(got))

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_a_file_is_converted_as_its_class_converts(self, backend: str) -> None:
        class Red(our_class("CLIP", backend)):  # type: ignore[misc]
            def convert_to_rgb(self, image: Any) -> Any:
                return PIL.Image.new("RGB", image.size, "red")

        for mode, data in TRANSPARENT.items():
            got = Red(**PLAIN)([data], return_tensors="np")["pixel_values"]
            assert as_numpy(got)[0, :, 2, 2].tolist() == [255, 0, 0], mode

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_images_without_three_channels_have_no_bgr(self, backend: str) -> None:
        for channels in (1, 4):
            with pytest.raises(ValueError, match=f"image 0.*{channels} channels has no BGR order.*do_convert_rgb"):
                our_class("UVDoc", backend)()(np.asarray(picture(20, 30, "RGBA"))[..., :channels])

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_thin_arrays_are_never_other_pictures(self, backend: str) -> None:
        for height in (1, 3, 4):
            array = np.asarray(picture(height, 30))
            for image in (array, torch.from_numpy(array.copy())):
                with pytest.raises(ValueError, match=r"image 0.*input_data_format='channels_first' or 'channels_last'"):
                    pixels("CLIP", image, backend)
                given = pixels("CLIP", image, backend, input_data_format="channels_last")
                assert np.array_equal(given[0], array.transpose(2, 0, 1))
                if height != 3:  # without a conversion one reading alone makes a picture of three channels
                    assert np.array_equal(pixels("ViT", image, backend)[0], array.transpose(2, 0, 1))
            tall = np.ascontiguousarray(np.asarray(picture(30, height)).transpose(2, 0, 1))
            if height != 3:
                assert np.array_equal(pixels("ViT", tall, backend)[0], tall)
        dot = np.full((1, 1, 1), 9, np.uint8)  # read either way it is the same
        assert pixels("CLIP", dot, backend).tolist() == [[[[9]]] * 3]

    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "int64", ">i4"])
    def test_wide_integers_with_alpha_are_bytes(self, dtype: str, backend: str) -> None:
        array = np.asarray(picture(12, 15, "RGBA"))
        assert np.array_equal(pixels("CLIP", array.astype(dtype), backend), pixels("CLIP", array, backend))
        for outside in (256, -1):
            if outside < 0 and dtype == "uint16":
                continue
            wide = array.astype(dtype)
            wide[5, 5, 3] = outside
            with pytest.raises(ValueError, match=rf"image 0.*0\.\.255.*{outside}"):
                pixels("CLIP", wide, backend)

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_floats_with_alpha(self, backend: str) -> None:
        array = np.asarray(picture(12, 15, "RGBA")).astype(np.float32)
        expected = (array / 255)[..., :3] * (array / 255)[..., 3:] + (1 - (array / 255)[..., 3:])
        assert np.array_equal(pixels("CLIP", array / 255, backend)[0], expected.transpose(2, 0, 1))
        with pytest.raises(ValueError, match=r"image 0.*0\.\.1.*reach from 0 to 254"):
            pixels("CLIP", array, backend)
        array[2, 2, 2] = np.nan
        with pytest.raises(ValueError, match=r"image 0.*NaN"):
            pixels("CLIP", array / 255, backend)

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_truth_values_with_alpha(self, backend: str) -> None:
        array = np.asarray(picture(12, 15, "RGBA")) > 127
        got = pixels("CLIP", array, backend)[0]
        assert np.array_equal(got, (array[..., :3] | ~array[..., 3:]).transpose(2, 0, 1))

    def test_sixteen_bits_are_clipped_whatever_decodes(self) -> None:
        grey = np.arange(1200, dtype=np.uint16).reshape(30, 40)
        data = encoded(PIL.Image.fromarray(grey))
        for backend in BACKENDS:
            assert np.array_equal(pixels("CLIP", data, backend)[0], np.clip([grey] * 3, 0, 255))


@pytest.mark.parametrize("backend", ["torchvision", "pil"])
@pytest.mark.parametrize("family", ["Pix2Struct", "Kosmos2_5"])
def test_sums_over_grey_images_follow_the_references_memory(family: str, backend: str) -> None:
    grey = np.asarray(picture(213, 320, "L"))
    for image in (grey[..., None], grey[None], torch.tensor(grey)[None]):
        reference, ours = (outcome(it, image, return_tensors="np") for it in processors(family, backend))
        assert difference(as_numpy(reference), as_numpy(ours)) == 0.0


def test_a_pillow_image_needs_no_layout() -> None:
    """Its own is known, whatever is said of arrays beside it."""
    compared = 0
    for family in covered_families():
        for backend in ("torchvision", "pil"):
            ours = processors(family, backend)[1]
            options = {"return_tensors": "np", **({} if FAMILIES[family].cases().at_construction else small(family))}
            expected = outcome(ours, picture(40, 52), **options)
            if isinstance(expected, dict):
                compared += 1
                for layout in ("channels_first", "channels_last"):
                    got = outcome(ours, picture(40, 52), input_data_format=layout, **options)
                    assert difference(as_numpy(expected), as_numpy(got)) == 0.0, (family, backend, layout)
    assert compared > len(covered_families())
