"""What a model sees: the regions of a plan on the original image, and the images that reach the model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..image_processing_outputs import converter
from ..ops.pil import PilOps
from ..plans.graph import filled
from ..plans.places import Planes, Tokens
from ..plans.regions import place_of, places
from ._canvas import Canvas
from ._colors import color_of

if TYPE_CHECKING:
    from ..plans import Plan
    from ..plans.graph import Graph

WIDEST = 1600  # pixels of a drawing that is enlarged for its numbers
ROOM = 22  # pixels that a number needs


def shown_output(plan: Graph) -> str:
    """The first output that shows images.

    Raises:
        ValueError: none does.
    """
    made = places(plan)
    for name, value in plan.results.items():
        place = place_of(value, made)
        if any(getattr(part, "views", ()) for part in (place if isinstance(place, list) else [place])):
            return name
    raise ValueError(f"no output shows an image: {', '.join(plan.results)}")


def draw_plan(
    image: Any,
    plan: Plan,
    output: str | None = None,
    *,
    number: int = 0,
    patch: int | tuple[int, int] | None = None,
    merge: int = 1,
    path: str | os.PathLike[str] | None = None,
    scale: int | None = None,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """The regions of an output with their numbers, over the original image.

    Numbers count the entries of the output that show this image; where they have no room, the first of a row has one.

    Args:
        image: the original, upright.
        plan: of a call with it.
        output: whose regions; None: the first output that shows images.
        number: which image of the call it is.
        patch, merge: as `Plan.regions` takes them.
        path: a file to write, too. scale: enlarges by a whole factor; None as needed. font: a font file.

    Raises:
        ValueError: the image has another size than was planned, or as `Plan.regions`.
    """
    found = plan.regions(shown_output(plan) if output is None else output, patch=patch, merge=merge)
    parts = found if isinstance(found, list) else [found]
    boxes = np.concatenate([part.boxes.reshape(-1, 4)[part.images.ravel() == number] for part in parts])
    canvas = Canvas(image, scale, font)
    planned = plan.inputs[number][0][-2:]
    if canvas.size != planned:
        raise ValueError(f"the image is {canvas.size[0]}x{canvas.size[1]}, and the plan's {planned[0]}x{planned[1]}")
    if scale is None and len(boxes):
        least = np.median((boxes[:, 2:] - boxes[:, :2]).min(axis=1)) * canvas.scale
        more = min(-(-ROOM // max(int(least), 1)), WIDEST // max(canvas.picture.size))
        canvas = Canvas(image, canvas.scale * more, font) if more > 1 else canvas
    if len(boxes) > 64:
        canvas.width = max(1, canvas.width // 3)
    _outlines(canvas, boxes)
    return canvas.finish(path)


def _outlines(canvas: Canvas, boxes: Any) -> None:
    """Boxes from the largest to the smallest, each with its number where there is room."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    few, row = len(boxes) <= 64, None
    for index in np.argsort(-areas, kind="stable"):
        x0, y0, x1, y1 = boxes[index]
        color = color_of(int(index)) if few else color_of(0)
        canvas.line([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], color)
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        room = (x1 - x0) * canvas.scale >= ROOM * (1 + len(str(index)) / 3) and (y1 - y0) * canvas.scale >= ROOM
        if few or room or y0 != row:
            canvas.label(str(index), x0, y0 if few else y1, color_of(index) if few else color_of(0))
        row = y0


class _SeenOps(PilOps):
    """Pillow's verbs that leave values as they are, bytes."""

    name = "seen"

    def cast(self, images: Any, dtype: str) -> Any:
        return images

    def round(self, images: Any) -> Any:
        return images

    def rescale(self, images: Any, scale: float) -> Any:
        return images

    def clip(self, images: Any, lowest: float, highest: float) -> Any:
        return images

    def normalize(self, images: Any, mean: Any, std: Any) -> Any:
        return images

    def rescale_and_normalize(self, images: Any, scale: float, mean: Any, std: Any) -> Any:
        return images

    def standardize(self, images: Any) -> Any:
        return images

    def resize_float(self, images: Any, height: int, width: int, resample: Any, *rest: Any, **more: Any) -> Any:
        return self.resize(images, height, width, resample)

    def pad(self, images: Any, top: int, bottom: int, left: int, right: int, fill: Any = 0) -> Any:
        bytes_fill = tuple(np.clip(fill, 0, 255)) if isinstance(fill, tuple) else min(max(fill, 0), 255)
        return super().pad(images, top, bottom, left, right, bytes_fill)

    def nearest_color(self, images: Any, colors: Any) -> Any:
        return images[..., 0, :, :]


def seen(plan: Plan, images: Any, *args: Any, output: str | None = None) -> list[Image.Image]:
    """The images that reach the model, in the order of the output, before values are changed and patches cut.

    Args:
        plan: of a call with these images; `args` stood beside them.
        output: the first that shows images if None.

    Raises:
        ValueError: images of other sizes than were planned.
    """
    output = shown_output(plan) if output is None else output
    arrays = [converter("np")(array) for array in plan.call.arrays(plan, images, args)]
    made, known = plan.made(_SeenOps(), arrays), places(plan)
    place = place_of(plan.results[output], known)
    parts = place if isinstance(place, list) else [place]
    if any(isinstance(part, Tokens) for part in parts):
        start = len(plan.inputs)
        cuts = [
            node.arguments["images"]
            for number, node in enumerate(plan.nodes, start)
            if isinstance(known[number], Tokens) and isinstance(known[node.arguments.get("images", number)], Planes)
        ]
        return [_picture(plane) for ref in cuts for plane in _planes(made[ref])]
    value = filled(plan.results[output], made)
    values = [converter("np")(entry) for entry in (value if isinstance(value, (list, tuple)) else [value])]
    planes = [plane for entry in values for plane in _planes(entry)]
    views = [view for part in parts for view in part.views]
    return [_picture(plane) for plane, view in zip(planes, views, strict=True) if view is not None]


def _planes(array: Any) -> Any:
    return array.reshape(-1, *array.shape[-3:]) if array.ndim >= 3 else array[None, None]


def _picture(plane: Any) -> Image.Image:
    pixels = np.broadcast_to(plane, (3, *plane.shape[1:])) if len(plane) == 1 else plane[:3]
    return Image.fromarray(np.ascontiguousarray(np.clip(pixels, 0, 255).astype(np.uint8).transpose(1, 2, 0)))
