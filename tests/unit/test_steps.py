"""Steps as contributors write them: in transformers' own style, with what nobody declared, called by themselves."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from pixelprep import ImagesKwargs, SizeDict
from pixelprep.core.schema import KwargsSchema
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.models.clip.image_processing_clip import CLIP
from pixelprep.models.convnext.image_processing_convnext import ConvNext
from pixelprep.models.cosmos3_edge.image_processing_cosmos3_edge import Cosmos3Edge
from pixelprep.models.glmga.image_processing_glmga import Glmga
from pixelprep.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VL
from pixelprep.models.vilt.image_processing_vilt import Vilt
from pixelprep.registry import FAMILIES, written_families

PHOTO = np.random.default_rng(0).integers(0, 256, (120, 170, 3), dtype=np.uint8)


def outputs(family: type[BaseImageProcessor], **kwargs: Any) -> dict[str, Any]:
    return dict(family.on("pil")()(PHOTO, return_tensors="np", **kwargs))


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("family", "option"),
    [
        (ConvNext, {"crop_pct": 0.5}),
        (Glmga, {"patch_expand_factor": 3}),
        (Vilt, {"size_divisor": 7}),
        (Qwen2VL, {"patch_size": 7}),
        (CLIP, {}),
    ],
)
class TestOverrides:
    """An override gives the family's pixels, however it hands on what it does not name."""

    def test_as_in_transformers(self, family: Any, option: dict[str, Any]) -> None:
        class Mine(family):  # type: ignore[misc]
            def resize(self, image: Any, size: Any, resample: Any = None, **kwargs: Any) -> Any:
                return super().resize(image, size, resample, **kwargs)

        assert same(outputs(family, **option), outputs(Mine, **option))

    def test_nothing_but_keywords(self, family: Any, option: dict[str, Any]) -> None:
        class Mine(family):  # type: ignore[misc]
            def resize(self, image: Any, **kwargs: Any) -> Any:
                return super().resize(image, **kwargs)

        class Child(Mine):
            def resize(self, image: Any, size: Any, **kwargs: Any) -> Any:
                return super().resize(image, size=size, **kwargs)

        assert same(outputs(family, **option), outputs(Mine, **option))
        assert same(outputs(family, **option), outputs(Child, **option))

    def test_what_is_not_handed_on_is_the_calls(self, family: Any, option: dict[str, Any]) -> None:
        class Mine(family):  # type: ignore[misc]
            def resize(self, image: Any, size: Any, resample: Any) -> Any:
                return super().resize(image, size, resample)

        assert same(outputs(family, **option), outputs(Mine, **option))
        # and the instance's, where the call says nothing
        processor, plain = Mine.on("pil")(**option), family.on("pil")(**option)
        assert same(plain(PHOTO, return_tensors="np"), processor(PHOTO, return_tensors="np"))

    def test_a_decorator_that_keeps_the_signature(self, family: Any, option: dict[str, Any]) -> None:
        def traced(function: Any) -> Any:
            @functools.wraps(function)
            def inner(*args: Any, **kwargs: Any) -> Any:
                return function(*args, **kwargs)

            return inner

        class Mine(family):  # type: ignore[misc]
            @traced
            def resize(self, image: Any, size: Any, resample: Any = None, **kwargs: Any) -> Any:
                return super().resize(image, size, resample, **kwargs)

        assert same(outputs(family, **option), outputs(Mine, **option))


class TestRefused:
    """What nobody could give is an error when the class is made, with the nearest name."""

    def test_a_name_that_is_no_option(self) -> None:
        with pytest.raises(
            TypeError, match=r"Mine\.resize asks for `patchsize`, which is no option; did you mean `patch_size`"
        ):

            class Mine(Qwen2VL):
                def resize(self, image: Any, size: Any, resample: Any, patchsize: int = 14) -> Any: ...

    def test_a_hidden_signature(self) -> None:
        def traced(function: Any) -> Any:
            return lambda *args, **kwargs: function(*args, **kwargs)

        with pytest.raises(TypeError, match=r"Mine\.resize\(\*args, \*\*kwargs\).*functools\.wraps"):

            class Mine(CLIP):
                resize = traced(CLIP.resize)

        with pytest.raises(TypeError, match=r"Other\.resize\(self, \*args: .*\) does not say"):

            class Other(CLIP):
                def resize(self, *args: Any, **kwargs: Any) -> Any: ...

    def test_a_misspelt_step(self) -> None:
        with pytest.raises(TypeError, match=r"a step 'center_corp'.* did you mean `center_crop`"):

            class Mine(CLIP):
                pipeline = ("center_corp",)

    def test_a_flag_without_a_value(self) -> None:
        class Kwargs(ImagesKwargs, total=False):
            do_tint: bool

        with pytest.raises(TypeError, match=r"Mine: the flag `do_tint` has no value: set do_tint = True or False"):

            class Mine(CLIP):
                valid_kwargs = Kwargs
                pipeline = ("tint",)

                def tint(self, image: Any) -> Any:
                    return image

    def test_a_name_that_an_inherited_step_asks_for(self) -> None:
        with pytest.raises(TypeError, match=r"Mine\.\w+ asks for `(merge|patch|temporal_patch)_size`"):

            class Mine(Qwen2VL):
                valid_kwargs = ImagesKwargs

    def test_a_name_that_a_step_outside_the_pipeline_asks_for(self) -> None:
        with pytest.raises(TypeError, match=r"Mine\.patchify asks for `merge`"):

            class Mine(Qwen2VL):
                def patchify(self, image: Any, merge: int) -> Any: ...


class TestDirectCalls:
    """A step called by itself takes what it was not given from the instance."""

    def test_the_instance_gives_what_is_missing(self) -> None:
        processor = Cosmos3Edge.on("pil")()
        image = processor.process_image(PHOTO)
        whole = processor(PHOTO)
        assert processor.resize(image, processor.size).shape == processor.resize(image).shape
        rows, columns = (side // processor.patch_size for side in processor.resize(image).shape[-2:])
        assert whole["image_grid_thw"][0][1:].tolist() == [rows, columns]

    @pytest.mark.parametrize("name", ["HunYuanVL", "NeoMME", "Qwen2VL", "Kimi_K25"])
    def test_patches(self, name: str) -> None:
        processor = FAMILIES[name].load().on("pil")()
        image = processor.process_image(PHOTO)
        for step in (*processor.pipeline, *processor.further_steps):
            image = getattr(processor, step)(image)
        assert np.array_equal(image, processor(PHOTO, return_tensors="np")["pixel_values"])

    def test_an_instances_own_value_is_meant(self) -> None:
        processor = ConvNext.on("pil")(size={"shortest_edge": 32}, crop_pct=0.5)
        image = processor.process_image(PHOTO)
        assert processor.resize(image).shape == (3, 32, 32)
        assert np.array_equal(processor.resize(image), processor.resize(image, crop_pct=0.5))
        assert not np.array_equal(processor.resize(image), processor.resize(image, crop_pct=0.9))

    def test_a_size_that_a_child_has_computed(self) -> None:
        class Mine(CLIP):
            def resize(self, image: Any, size: Any, resample: Any) -> Any:
                return super().resize(image, SizeDict(height=30, width=40), resample)

        assert Mine.on("pil")(do_center_crop=False)(PHOTO, return_tensors="np")["pixel_values"].shape == (1, 3, 30, 40)

        class Other(Qwen2VL):
            def resize(self, image: Any, size: Any, resample: Any = None, **kwargs: Any) -> Any:
                return super().resize(image, SizeDict(height=56, width=84), resample, **kwargs)

        assert outputs(Other)["image_grid_thw"].tolist() == [[1, 4, 6]]


def test_a_default_that_is_set_later_counts() -> None:
    class Mine(CLIP):
        pass

    before = Mine.on("pil")()
    Mine.size = {"shortest_edge": 30}
    assert Mine.on("pil")().size == {"shortest_edge": 30}
    assert before.size == CLIP.size == {"shortest_edge": 224}


@pytest.mark.parametrize("name", ["memo", "items", "values", "get"])
def test_an_option_may_not_hide_behind_a_dictionarys_own(name: str) -> None:
    kwargs = type("Kwargs", (dict,), {"__annotations__": {name: int}})
    with pytest.raises(TypeError, match=f"cannot call an option `{name}`"):
        KwargsSchema.of(kwargs)


@pytest.mark.parametrize("name", written_families())
def test_no_step_has_numbers_of_its_own(name: str) -> None:
    """Each number is typed once: as a class attribute."""
    import inspect

    from pixelprep.core.handing import FLAGS, OWN

    family = FAMILIES[name].load()
    for step in {*FLAGS, *family.pipeline, *family.further_steps, "process_image"}:
        parameters = inspect.signature(getattr(family, step)).parameters.values()
        assert [p.name for p in parameters if p.default is not p.empty and p.name not in OWN] == [], step


@pytest.mark.parametrize(
    ("name", "options", "position"),
    [
        ("GotOcr2", {"crop_to_patches": True}, "image 2"),
        ("LlavaNext", {}, "image 2"),
        ("Idefics3", {}, "image 2 of sample 0"),
        ("Qwen2VL", {}, "image 2"),
    ],
)
def test_an_error_names_the_image_not_the_tile(name: str, options: dict[str, Any], position: str) -> None:
    images = [PHOTO, PHOTO, PHOTO[:, :, 0]]
    with pytest.raises(ValueError, match=f"^{position}: the image has 1 channel ") as caught:
        FAMILIES[name].load().on("pil")(do_convert_rgb=False, **options)(images)
    assert caught.value.position == position  # type: ignore[attr-defined]


def test_a_family_runs_on_verbs_that_are_given() -> None:
    """A backend is a value: no class of its own is needed."""
    from pixelprep.ops import get_ops

    processor = CLIP(ops=get_ops("pil"))  # type: ignore[call-arg]
    assert same(dict(processor(PHOTO, return_tensors="np")), outputs(CLIP))
    other = CLIP.on("pil")().with_ops(get_ops("reference"))
    assert other.ops is get_ops("reference")
    assert CLIP.on("pil")().ops is get_ops("pil")
