"""The published configurations beside the repository, and what was decided where the reference is no guide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oracle import SHARED
from pixelprep.auto import UntrustedCodeError
from pixelprep.registry.families import UnknownFamilyError

CONFIGS = SHARED / "configs"
INDEX: list[dict[str, Any]] = json.loads((CONFIGS / "index.json").read_text()) if CONFIGS.is_dir() else []


@dataclass(frozen=True)
class Decision:
    """What happens with a file that the reference does not load, or cannot call, or reads otherwise.

    Args:
        why: for people.
        family: ours; the class that the reference should have taken.
        error: what loading raises, with a text that its message holds.
        refused: what the message of a call holds, by backend.
        respelt: settings as the reference reads them.
    """

    why: str
    family: str = ""
    error: tuple[type[Exception], str] | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    respelt: Mapping[str, Any] = field(default_factory=dict)


def _code(name: str) -> Decision:
    return Decision("the class is code of the checkpoint, which runs when trusted", error=(UntrustedCodeError, name))


def _unknown(why: str, text: str) -> Decision:
    return Decision(why, error=(UnknownFamilyError, text))


_EXTRACTOR = "`image_processor_type` names a FeatureExtractor (Q63)"
_BOTH = {"torchvision": "is not set", "pil": "is not set"}
_NAMES_A_FILTER = "`resample` is a name, for which the reference's PIL classes take another filter"
DECIDED: dict[str, Decision] = {
    "real/convnext-01": Decision(_EXTRACTOR, family="ConvNext"),
    "real/clip-11": Decision(_EXTRACTOR, family="CLIP"),
    "real/clip-12": Decision(_EXTRACTOR, family="CLIP"),
    "real/vit-08": Decision(_EXTRACTOR, family="ViT"),
    "variant/untyped-01": Decision("an empty nested `image_processor` beside preprocessor_config.json", family="CLIP"),
    "variant/vit-01": Decision("`size` is a list of one number", family="ViT", respelt={"size": 256}),
    "variant/paddleocrvl-03": Decision("`size` is null", family="PaddleOCRVL"),
    "real/swin-01": Decision("Swin has no processor of its own; its model type says whose it uses", family="ViT"),
    "embedded/dinov3-01": Decision("an older name of DINOv3ViT", family="DINOv3ViT"),
    "real/ernie4-5-moe-vl-01": Decision(
        "an older name of Ernie4_5_VLMoe, with its pixels beside a `size` that it has not",
        family="Ernie4_5_VLMoe",
        respelt={"size": {"shortest_edge": 3136, "longest_edge": 4816896}},
    ),
    "real/blip3-01": _code("Blip3ImageProcessor"),
    "real/locateanything-01": _code("LocateAnythingImageProcessor"),
    "real/locateanything-02": _code("LocateAnythingImageProcessor"),
    "real/bailingmm-01": _code("BailingMMImageProcessor"),
    "real/bailingmm2-01": _code("BailingMM2ImageProcessor"),
    "real/bailingmm2-02": _code("BailingMM2ImageProcessor"),
    "real/molmo-01": _code("MolmoImageProcessor"),
    "real/minicpmv-01": _code("MiniCPMVImageProcessor"),
    "real/minicpmv-02": _code("MiniCPMVImageProcessor"),
    "real/eagle3-vl-01": _code("Eagle3_VLImageProcessorFast"),
    "real/untyped-02": _code("Vedika56VisionProcessor"),
    "variant/nosuch-01": _code("NoSuchImageProcessor"),
    "real/infimm-zephyr-01": _unknown("no class, and a model that nobody knows", "model type 'infimm-zephyr'"),
    "real/untyped-01": _unknown("no class and no model type", "neither a class nor a model type"),
    "real/transformers-01": _unknown("no class of that name", "'transformers.FeatureExtractor'"),
    "real/base-01": _unknown("the name of a base class", "'ImageProcessor'"),
    "real/mineru2-01": _unknown("a class of code that is not there", "'Mineru2ImageProcessor'"),
    "real/segformerforsemanticsegmentation-01": _unknown(
        "the name of a model's class; the message offers the type", "did you mean 'segformer'"
    ),
    "variant/base-01": _unknown("the name of a base class", "'BaseImageProcessorFast'"),
    "real/convnext-02": Decision(
        "ConvNext resizes to a `shortest_edge`, and the file has height and width (Q33)",
        refused=dict.fromkeys(("torchvision", "pil"), "resizes to a `shortest_edge`"),
    ),
    "variant/clip-05": Decision("torch has no BOX filter", refused={"torchvision": "does not offer the BOX filter"}),
    "variant/clip-06": Decision(
        "torch has no HAMMING filter", refused={"torchvision": "does not offer the HAMMING filter"}
    ),
    "variant/clip-08": Decision("`do_resize` is on and `resample` null", refused=_BOTH),
    "variant/clip-03": Decision(_NAMES_A_FILTER + ", and stop on torchvision", respelt={"resample": 3}),
    "embedded/videomae-01": Decision(_NAMES_A_FILTER, respelt={"resample": 3}),
}
# What loading a file warns of; any other warning is an error.
WARNED = {"real/donut-01": r"reads a list as \(width, height\): 720 wide and 960 high"}
