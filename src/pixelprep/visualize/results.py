"""Any result, drawn by what it holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL import Image

from ._results import Names
from .boxes import draw_boxes, draw_layout, draw_prompts
from .depth import draw_depth
from .masks import draw_masks, draw_segmentation
from .points import draw_keypoints, draw_matches, draw_poses

# The first of these keys that a result has says what it is.
KINDS = {
    "keypoints0": "matches",
    "predicted_depth": "depth",
    "segmentation": "segmentation",
    "masks": "masks",
    "polygon_points": "layout",
    "order_seq": "layout",
    "boxes": "boxes",
    "keypoints": "keypoints",
    "points": "prompts",
    "input_points": "prompts",
    "input_boxes": "prompts",
}


def kind_of(result: Any) -> str:
    """What a result is: "boxes", "segmentation", ...; a list of mappings is poses, an array a segmentation.

    Raises:
        ValueError: it cannot be told.
    """
    if isinstance(result, Mapping):
        kind = next((kind for key, kind in KINDS.items() if key in result), None)
        if kind is None:
            raise ValueError(
                f"a result with {sorted(map(str, result))} cannot be drawn; known keys: {', '.join(KINDS)}"
            )
        return kind
    if isinstance(result, Sequence) and all(isinstance(entry, Mapping) for entry in result):
        return "poses"
    if hasattr(result, "shape"):
        return "segmentation" if len(result.shape) == 2 else "masks"
    raise ValueError(f"a result is a mapping, a list of poses or an array, not {type(result).__name__}")


def draw_result(
    image: Any,
    result: Any,
    names: Names = None,
    kind: str | None = None,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """A result as the function of its kind draws it.

    Args:
        image: the original; for matches the two. result: of one image. names: of the classes.
        kind: "boxes", "layout", "masks", "segmentation", "depth", "poses", "keypoints", "matches" or "prompts"; None
            tells it from the result. path, scale: as `draw_boxes`.

    Raises:
        ValueError: the kind cannot be told, or is none.
    """
    kind = kind or kind_of(result)
    given: dict[str, Any] = {"path": path, "scale": scale}
    named: dict[str, Callable[..., Image.Image]] = {
        "boxes": draw_boxes,
        "layout": draw_layout,
        "masks": draw_masks,
        "segmentation": draw_segmentation,
    }
    plain: dict[str, Callable[..., Image.Image]] = {
        "poses": draw_poses,
        "keypoints": draw_keypoints,
        "matches": draw_matches,
    }
    if kind in named:
        return named[kind](image, result, names, **given)
    if kind in plain:
        return plain[kind](image, result, **given)
    if kind == "depth":
        return draw_depth(result, **given)
    if kind == "prompts":
        keys = ("points", "labels", "boxes", "mask")
        return draw_prompts(image, *(result.get(key, result.get(f"input_{key}")) for key in keys), **given)
    raise ValueError(f"kind must be one of {', '.join([*named, *plain, 'depth', 'prompts'])}, not {kind!r}")
