"""Expansions of images in prompts as the reference was measured to write them, and our layouts of the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from needs import ROOT
from pixelprep.prompts import PromptLayout
from pixelprep.registry.families import FAMILIES
from pixelprep.registry.videos import VIDEO_FAMILIES

ALL = ROOT.parent / "shared" / "spec" / "5.24" / "prompt.json"
"""Every case that was measured; beside the checkout, for it is large."""
SOME = ROOT / "tests" / "measured.json"
"""Of each class one or a few cases for each set of options."""
CLASSES: dict[str, Any] = json.loads((ALL if ALL.is_file() else SOME).read_text())["classes"]

# Where options of a call act on pixels and counts alike here, and in the reference on pixels alone.
DEVIATES = [
    ("", {"merge_size": 4}),  # P2
    ("Idefics2Processor", {"do_image_splitting": True}),  # P16
    ("DeepseekOcr2Processor", {"crop_to_patches": False}),
]

# What the measured video processors were told in calls, where their prompts do not depend on it.
VIDEO_SETTINGS = {"NemotronH_Omni_Reasoning_V3Processor": {"norm_mean": [0.5] * 3, "norm_std": [0.5] * 3}}


def written(sequence: list[Any]) -> Iterator[str]:
    for piece, count in sequence:
        yield ("".join(written(piece)) if isinstance(piece, list) else piece.removeprefix("text:")) * count


def layout_for(name: str, case: dict[str, Any], built: dict[str, Any]) -> PromptLayout:
    options = case.get("options", {})
    family = (options.get("ipn") or built["image_processor_class"]).removesuffix("ImageProcessor")
    settings = {**built.get("image_processor", {}), **options.get("ip", {})}
    numbers = {**built.get("processor", {}), **options.get("pk", {})}
    numbers.pop("chat_template", None)
    if name == "AyaVisionProcessor":  # its files have the product
        numbers["patch_size"] *= numbers.pop("downsample_factor")
    return PromptLayout(name, FAMILIES[family].load().on("pil")(**settings), **numbers)


def video_layout_for(name: str, built: dict[str, Any]) -> PromptLayout:
    """The layout that measured videos were written by."""
    layout = layout_for(name, {}, built)
    family = built["video_processor_class"].removesuffix("VideoProcessor")
    settings = {**built.get("video_processor", {}), **VIDEO_SETTINGS.get(name, {})}
    videos: Any = VIDEO_FAMILIES[family].load().on("pil")
    return PromptLayout(name, layout.image_processor, video_processor=videos(**settings), **layout.numbers)
