"""Names of older files and scripts mean what they meant: in a file, as a keyword, and in the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oracle import difference, our_class, picture, reference_class
from pixelprep.testing.compare import as_numpy, outcome

IMAGE = picture(90, 130)
TRIMAP = np.zeros((90, 130), np.uint8)
CASES: list[tuple[str, dict[str, Any]]] = [
    ("CLIP", {"use_square_size": True, "size": 50}),
    ("Detr", {"size": 80, "max_size": 100}),
    ("Detr", {"size": 80, "max_size": 100, "pad_and_return_pixel_mask": False}),
    ("RfDetr", {"size": {"height": 64, "width": 64}, "pad_and_return_pixel_mask": False}),
    ("OwlViT", {"rescale": False, "size": {"height": 64, "width": 64}}),
    ("Owlv2", {"rescale": False, "size": {"height": 64, "width": 64}}),
    ("MaskFormer", {"size": 80, "max_size": 100}),
    ("Mask2Former", {"size": 80, "max_size": 100}),
    ("VitMatte", {"size_divisibility": 64}),
    ("Swin2SR", {"pad_size": 16}),
    ("Idefics", {"image_size": 64}),
    ("Qwen2VL", {"min_pixels": 30_000, "max_pixels": 40_000}),
    ("NemotronH_Omni_Reasoning_V3", {"norm_mean": [0.1, 0.2, 0.3], "norm_std": [0.3, 0.3, 0.3]}),
]


def outputs(cls: Any, settings: dict[str, Any], way: str) -> Any:
    processor = cls.from_dict(dict(settings)) if way == "file" else cls(**settings)
    beside = {"trimaps": [TRIMAP]} if "VitMatte" in cls.__name__ else {}
    result = outcome(processor, [IMAGE], return_tensors="pt", **beside)
    assert not isinstance(result, Exception), result
    return as_numpy(result)


@pytest.mark.parametrize(("family", "settings"), CASES)
def test_as_the_reference_reads_them(family: str, settings: dict[str, Any]) -> None:
    expected = outputs(reference_class(family, "torchvision"), settings, "keyword")
    plain = outputs(our_class(family, "torchvision"), {}, "keyword")
    for way in ("file", "keyword"):
        assert difference(expected, outputs(our_class(family, "torchvision"), settings, way)) == 0.0
    shapes = [{key: np.shape(value) for key, value in out.items()} for out in (plain, expected)]
    assert shapes[0] != shapes[1] or difference(plain, expected)  # the names do something


@pytest.mark.parametrize(
    ("family", "settings", "now"),
    [
        ("MaskFormer", {"size_divisibility": 64}, {"size_divisor": 64}),
        ("OneFormer", {"size": 80, "max_size": 100}, {"size": {"shortest_edge": 80, "longest_edge": 100}}),
        ("Ernie4_5_VLMoe", {"min_pixels": 8000}, {"size": {"shortest_edge": 8000, "longest_edge": 4842768}}),
        ("Vilt", {"pad_and_return_pixel_mask": False}, {"do_pad": False}),
        ("Beit", {"reduce_labels": True}, {"do_reduce_labels": True}),
    ],
)
def test_names_that_the_reference_has_forgotten(family: str, settings: dict[str, Any], now: dict[str, Any]) -> None:
    """Of releases before 5: checkpoints were trained with what they say."""
    cls = our_class(family, "pil")
    assert cls.from_dict(settings).to_dict() == cls(**settings).to_dict() == cls(**now).to_dict() != cls().to_dict()


@pytest.mark.parametrize("backend", ["torchvision", "native", "pil"])
def test_a_published_file_of_ernie(backend: str) -> None:
    """Its `size` is CLIP's; the bounds stand beside it."""
    settings = {"size": {"height": 224, "width": 224}, "min_pixels": 3136, "max_pixels": 4816896}
    processor: Any = our_class("Ernie4_5_VLMoe", backend).from_dict(settings)
    assert processor.size == {"shortest_edge": 3136, "longest_edge": 4816896}
    assert processor(IMAGE, return_tensors="np")["image_grid_thw"].tolist() == [[1, 6, 10]]
