"""Where each fact of `ops.protocol.Conventions` shows: one small call for each, whose outcome changes with it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..ops.protocol import Conventions, Ops
from ..ops.reference import ReferenceOps
from ..registry.families import FAMILIES
from .compare import as_numpy

Make = Callable[..., Any]
"""A family's processor over the verbs in question: `make("CLIP", do_resize=False)`."""

_BYTES = {"do_rescale": False, "do_normalize": False}


def outcome_of(fact: str, verbs: Ops) -> Any:
    """What the call of a fact gives on a backend, in NumPy's arrays."""

    def make(family: str, **options: Any) -> Any:
        return FAMILIES[family].load()(ops=verbs, **options)  # type: ignore[call-arg]

    return as_numpy(PROBES[fact](make))


def oracle_with(conventions: Conventions) -> Ops:
    """The backend `reference` with the facts of another."""
    verbs: Any = copy.copy(ReferenceOps())
    verbs.conventions = conventions
    return verbs  # type: ignore[no-any-return]


def other(conventions: Conventions, fact: str) -> Conventions:
    """The same facts but for one."""
    return replace(conventions, **{fact: not getattr(conventions, fact)})


def _drawn(height: int, width: int, channels: int = 3, dtype: str = "uint8") -> Any:
    pixels = np.random.default_rng(height * width).integers(0, 256, (height, width, channels))
    return pixels.astype(dtype)


def _odd_row_first(make: Make) -> Any:
    return make("CLIP", do_resize=False, crop_size={"height": 13, "width": 15}, **_BYTES)(_drawn(8, 9))["pixel_values"]


def _pillow_alpha(make: Make) -> Any:
    return make("ViT", do_resize=False, **_BYTES)(_drawn(9, 9, 4), do_convert_rgb=True)["pixel_values"]


def _pillow_nearest(make: Make) -> Any:
    masks = np.eye(20, dtype=bool)[None]
    return make("Detr").resize_annotation({"masks": masks}, (20, 20), (22, 25))["masks"]


def _mask_types_swapped(make: Make) -> Any:
    polygon = {"bbox": [1, 1, 5, 5], "category_id": 1, "area": 9, "iscrowd": 0, "segmentation": [[1, 1, 5, 1, 5, 5]]}
    target = {"image_id": 1, "annotations": [polygon]}
    image = make("Detr").process_image(_drawn(9, 9))
    return make("Detr").prepare_annotation(image, target, return_segmentation_masks=True)["masks"]


def _double_ratios(make: Make) -> Any:
    beside = [{"image_id": i, "annotations": [{"bbox": [1, 1, 7, 5], "category_id": 1, "area": 9}]} for i in (0, 1)]
    images = [_drawn(33, 47), _drawn(59, 71)]
    labels = make("Detr", do_resize=False)(images, beside, return_tensors="np")["labels"]
    return [entry["boxes"] for entry in labels]


def _one_by_one(make: Make) -> Any:
    processor, shapes = make("ViT", disable_grouping=False), []

    def look(image: Any) -> Any:
        shapes.append(tuple(image.shape))
        return image

    processor.map_by_shape(look, [processor.process_image(_drawn(4, 5))] * 2, processor._options)
    return shapes


def _keeps_bytes(make: Make) -> Any:
    return make("Idefics2", do_resize=False, **_BYTES)(_drawn(6, 7), return_tensors="np")["pixel_values"]


def _float_patches(make: Make) -> Any:
    return make("Qwen2VL", do_resize=False, **_BYTES)(_drawn(28, 56), return_tensors="np")["pixel_values"]


def _pillow_grey(make: Make) -> Any:
    page = np.full((40, 50, 3), 255, np.uint8)
    page[5:20, 7:30] = 0
    page[2, 3] = 200  # of a grey that is content if it is rounded down
    processor = make("Nougat")
    return processor.crop_margin(processor.process_image(page))


def _sizes_after_crop(make: Make) -> Any:
    processor = make("Pixtral", do_center_crop=True, crop_size=16, size={"longest_edge": 64})
    return processor(_drawn(40, 50), return_tensors="np")["image_sizes"]


def _lists_unasked(make: Make) -> Any:
    pixels = make("VideoMAE", do_resize=False, do_center_crop=False)([[_drawn(4, 5)] * 2])["pixel_values"]
    return type(pixels[0]).__name__ if isinstance(pixels[0], list) else "one array"


def _double_grids(make: Make) -> Any:
    return make("Sam").generate_crop_boxes(_drawn(20, 30), 64, points_per_crop=3)[1]


def _grey_last(make: Make) -> Any:
    processor = make("SuperPoint", do_grayscale=True, do_resize=False)
    return processor(_drawn(9, 9), return_tensors="np")["pixel_values"]


def _double_prompts(make: Make) -> Any:
    prompt = _drawn(5, 7, 1, "int64")[:, :, 0] * 97
    image = _drawn(28, 28)
    return make("PromptDepthAnything")(image, prompt, return_tensors="np")["prompt_depth"]


def _rough_scores(make: Make) -> Any:
    random = np.random.default_rng(0)
    outputs = {
        "class_queries_logits": random.normal(size=(1, 4, 6)).astype(np.float32),
        "masks_queries_logits": random.normal(size=(1, 4, 48, 48)).astype(np.float32) * 9,
    }
    return make("OneFormer").post_process_semantic_segmentation(outputs, target_sizes=[(29, 31)])


PROBES: dict[str, Callable[[Make], Any]] = {
    name.removeprefix("_"): probe
    for name, probe in list(globals().items())
    if name.removeprefix("_") in Conventions.__dataclass_fields__
}
