"""Which part of the original each tile, patch and token shows, and canvases by name with points mapped between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..core.names import did_you_mean
from .following import PlaceOps
from .graph import Constant, Converted, Graph, Node, Ref, taken
from .places import Opaque, Place, Planes, Tokens, View, boxes_of, cut, unknown, value_verbs

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

STRETCHING = frozenset({"resize", "resize_float", "resize_fixed", "resize_blurred", "thumbnail"})
STRETCHING |= {"sample", "sample_grid"}
TURNS: Mapping[int, tuple[int, int, int, int, int, int]] = {
    # EXIF orientation: (a, b, c, d, e, f), x = a X + b Y + c W, y = d X + e Y + f H of the stored image from (X, Y) of
    # the upright one of W x H; where rows and columns change places, W and H do as well.
    1: (1, 0, 0, 0, 1, 0),
    2: (-1, 0, 1, 0, 1, 0),
    3: (-1, 0, 1, 0, -1, 1),
    4: (1, 0, 0, 0, -1, 1),
    5: (0, 1, 0, 1, 0, 0),
    6: (0, 1, 0, -1, 0, 1),
    7: (0, -1, 1, -1, 0, 1),
    8: (0, -1, 1, 1, 0, 0),
}
Outside = Literal["nan", "clip", "keep"]


@dataclass(frozen=True, eq=False)
class Regions:
    """What the entries of an output show of the original images.

    Attributes:
        boxes: float64 `(..., 4)`, x0, y0, x1, y1 in pixels of the original, upright; NaN where there is padding only.
        images: `(...)`, of which image of the call; -1 for padding.
        reach: `(..., 2)`, how many pixels beyond its box, across and down, an entry depends on, by the filters.
    """

    boxes: Array
    images: Array
    reach: Array

    def merged(self, count: int) -> Regions:
        """Every so many neighbours in the sequence as one: the union of their boxes."""
        import numpy as np

        *lead, length = self.images.shape
        if length % count:
            raise ValueError(f"{length} entries do not merge by {count}")
        whole = (*lead, length // count, count)
        shown = self.images.reshape(whole) >= 0
        boxes, reach = self.boxes.reshape(*whole, 4), self.reach.reshape(*whole, 2)
        low = np.where(shown[..., None], boxes[..., :2], np.inf).min(axis=-2)
        high = np.where(shown[..., None], boxes[..., 2:], -np.inf).max(axis=-2)
        united = np.concatenate([low, high], axis=-1)
        empty = ~shown.any(axis=-1)
        united[empty] = np.nan
        far = np.where(shown[..., None], reach, 0).max(axis=-2)
        far[empty] = np.nan
        return Regions(united, self.images.reshape(whole).max(axis=-1), far)


def places(graph: Graph) -> list[Any]:
    """What every array of a plan shows: its inputs, then what each node makes."""
    inputs = [
        Planes(shape, (View.of(index, (shape[-2], shape[-1])),) * math.prod(shape[:-3]))
        for index, (shape, _) in enumerate(graph.inputs)
    ]
    return graph.made(PlaceOps(), inputs)


def place_of(value: Any, made: Sequence[Any]) -> Any:
    """What an entry of the results shows; of a list of arrays the one that they fill, or a list."""
    if isinstance(value, Ref):
        return made[value]
    if isinstance(value, Constant):
        return Opaque(value.shape)
    if isinstance(value, Converted):
        return place_of(value.value, made)
    if isinstance(value, (list, tuple)) and value:
        parts = [place_of(entry, made) for entry in value]
        if all(isinstance(part, Opaque | Planes | Tokens) for part in parts):
            return PlaceOps().stack(parts) if len({part.shape for part in parts}) == 1 else parts
        if all(isinstance(part, list) or not isinstance(part, Opaque) for part in parts):
            return parts
    return Opaque(())


def regions_of(place: Any, name: str, patch: Any, merge: int) -> Any:
    """The regions of an output.

    Raises:
        NeedsPixelsError: it shows no image. ValueError: `patch` of an output that is patches already.
    """
    if isinstance(place, list):
        return [regions_of(part, name, patch, merge) for part in place]
    if isinstance(place, Opaque):
        raise ValueError(f"`{name}` shows no part of an image")
    if isinstance(place, Tokens):
        if patch is not None:
            raise ValueError(f"`{name}` is cut into patches already; leave `patch` out")
        found = Regions(place.boxes, place.images, place.reach)
        return found if merge == 1 else found.merged(merge**2)
    if patch is not None:
        size = (patch, patch) if isinstance(patch, int) else tuple(patch)
        if len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
            raise ValueError(f"`patch` is a side or (height, width) in pixels, not {patch!r}")
        if merge > 1:
            size = (size[0] * merge, size[1] * merge)
        return Regions(*cut(place, size))
    if merge != 1:
        raise ValueError(f"`{name}` holds whole images or tiles: `merge` needs `patch`")
    import numpy as np

    parts = [boxes_of(view, np.array([[0.0, 0.0, place.shape[-1], place.shape[-2]]])) for view in place.views]
    boxes, images, reach = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return Regions(boxes.reshape(*place.lead, 4), images.reshape(place.lead), reach.reshape(*place.lead, 2))


# ------------------------------------------------------------------------------------------------- canvases by name


def canvases(graph: Graph, made: Sequence[Any], image: int, orientation: int = 1) -> dict[str, View]:
    """The canvases of one image by name.

    See `Plan.canvases`.

    Raises:
        IndexError: there is no such image.
    """
    if not 0 <= image < len(graph.inputs):
        raise IndexError(f"there is no image {image}; the plan has {len(graph.inputs)}")
    height, width = graph.inputs[image][0][-2:]
    original = View.of(image, (height, width))
    found = {"original": original, "stored": _stored(original, orientation)}
    resized = _main(graph, made, image)
    found["resized"] = original if resized is None else _view(made[resized], image)
    start = image if resized is None else resized
    found["padded"] = _view(made[_after_padding(graph, start)], image)
    tiles = _tiles(graph, made, image)
    names = ["model"] if len(tiles) == 1 else [f"tile {number}" for number in range(len(tiles))]
    return found | dict(zip(names, tiles, strict=True))


def _stored(original: View, orientation: int) -> View:
    a, b, c, d, e, f = TURNS[orientation]
    height, width = original.size
    size = (width, height) if b else (height, width)
    # From the stored image to the upright one: these turns are orthogonal, so that their inverse is their transpose.
    shift = (c * size[1], f * size[0])
    matrix = (a, d, -(a * shift[0] + d * shift[1]), b, e, -(b * shift[0] + e * shift[1]))
    return View(original.image, size, tuple(map(float, matrix)), (0.0, 0.0, float(size[1]), float(size[0])))  # type: ignore[arg-type]


def _view(place: Place, image: int) -> View:
    """The view of an image that a node makes."""
    for view in getattr(place, "views", ()):
        if view is not None and view.image == image:
            return view  # type: ignore[no-any-return]
    raise unknown(f"image {image}")


def _shows(place: Any, image: int) -> bool:
    return isinstance(place, Planes) and any(view is not None and view.image == image for view in place.views)


def _users(graph: Graph) -> dict[int, list[int]]:
    """For each array the nodes that take it."""
    users: dict[int, list[int]] = {}
    for number, node in enumerate(graph.nodes, len(graph.inputs)):
        for ref in taken(node):
            users.setdefault(int(ref), []).append(number)
    return users


def _main(graph: Graph, made: Sequence[Any], image: int) -> int | None:
    """The resized image that most crops are taken from; among equals the largest, then the last."""
    users, start = _users(graph), len(graph.inputs)

    def node(number: int) -> Node:
        return graph.nodes[number - start]

    def crops(number: int) -> int:
        waiting, seen = [number], {number}
        while waiting:
            for user in users.get(waiting.pop(), []):
                if user not in seen and node(user).verb not in STRETCHING:
                    seen.add(user)
                    waiting.append(user)
        return sum(node(other).verb == "crop" for other in seen - {number})

    candidates = [
        number
        for number in range(start, start + len(graph.nodes))
        if node(number).verb in STRETCHING and _shows(made[number], image)
    ]

    def rank(number: int) -> tuple[int, int, int]:
        height, width = node(number).shape[-2:]
        return crops(number), height * width, number

    return max(candidates, key=rank, default=None)


def _after_padding(graph: Graph, number: int) -> int:
    """The last array that is made of one by padding and by verbs on values alone."""
    users, start = _users(graph), len(graph.inputs)
    last = number
    while True:
        following = [(user, graph.nodes[user - start]) for user in users.get(number, [])]
        padded = [user for user, node in following if node.verb in ("pad", "extend")]
        kept = [user for user, node in following if node.verb in value_verbs()]
        if not padded and not kept:
            return last
        number = (padded or kept)[0]
        last = number if padded else last


def _tiles(graph: Graph, made: Sequence[Any], image: int) -> list[View]:
    """What the first output that shows images has of one image, in its order."""
    for value in graph.results.values():
        place = place_of(value, made)
        parts = place if isinstance(place, list) else [place]
        views = [view for part in parts for view in getattr(part, "views", ()) if view is not None]
        if views:
            return [view for view in views if view.image == image]
    return []


# ------------------------------------------------------------------------------------------------ points and boxes


def mapped(
    points: Any, source: View, target: View, scale: tuple[float | None, float | None], outside: Outside
) -> Array:
    """Points `(..., 2)` or boxes `(..., 4)` of one canvas on another.

    Args:
        points: x, y; or x0, y0, x1, y1.
        source, target: canvases of one image.
        scale: what coordinates on each run to, such as 1 or 1000; None for pixels.
        outside: of what lies on padding or is not shown: NaN, the nearest point that is shown, or where it would be;
            boxes are cut to what is shown, unless "keep".

    Raises:
        ValueError: neither points nor boxes, or another word for `outside`.
    """
    import numpy as np

    if outside not in ("nan", "clip", "keep"):
        raise ValueError(f'`outside` is "nan", "clip" or "keep", not {outside!r}')
    points = points.detach().cpu() if hasattr(points, "detach") else points
    given = np.asarray(points, dtype=np.float64)
    if given.ndim == 0 or given.shape[-1] not in (2, 4):
        raise ValueError(f"points are (..., 2), boxes (..., 4); got an array of shape {given.shape}")
    corners = given.reshape(*given.shape[:-1], -1, 2) * _unit(source, scale[0])
    hidden = np.zeros(given.shape[:-1], dtype=bool)
    if outside != "keep":
        corners, hidden = _kept(corners, source)
    corners = _moved(_moved(corners, source.matrix), _inverse(target.matrix))
    if outside != "keep":
        corners, lost = _kept(np.sort(corners, axis=-2), target)
        hidden = hidden | lost
    if corners.shape[-2] == 2:
        corners = np.sort(corners, axis=-2)
    if outside == "nan":
        corners = np.where(hidden[..., None, None], np.nan, corners)
    found: Array = (corners / _unit(target, scale[1])).reshape(given.shape)
    return found


def _unit(view: View, scale: float | None) -> Array:
    import numpy as np

    height, width = view.size
    return np.array([1.0, 1.0]) if scale is None else np.array([width / scale, height / scale])


def _moved(points: Array, matrix: tuple[float, ...]) -> Array:
    import numpy as np

    a, b, c, d, e, f = matrix
    found: Array = points @ np.array(((a, d), (b, e))) + np.array((c, f))
    return found


def _inverse(matrix: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d, e, f = matrix
    det = a * e - b * d
    return (e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det)


def _kept(corners: Array, view: View) -> tuple[Array, Array]:
    """Points moved to what a canvas shows, boxes cut to it; and which were outside altogether."""
    import numpy as np

    low, high = np.array(view.shown[:2]), np.array(view.shown[2:])
    # A hair's breadth more than nothing: maps there and back round.
    slack = 1e-6
    least, most = corners.min(axis=-2, keepdims=True), corners.max(axis=-2, keepdims=True)
    out = (most < low - slack) | (least > high + slack)
    outside: Array = out.any(axis=(-2, -1))
    return np.clip(corners, low, high), outside


def choose(found: Mapping[str, View], canvas: str) -> View:
    """A canvas by its name.

    Raises:
        ValueError: there is none of that name; the message lists them.
    """
    if canvas not in found:
        tiles = sum(name.startswith("tile") for name in found)
        many = f" (the model sees the image in {tiles} tiles)" if canvas == "model" and tiles else ""
        raise ValueError(
            f"there is no canvas {canvas!r}{many}{did_you_mean(canvas, found)} There are: {', '.join(list(found)[:8])}"
            + (", ..." if len(found) > 8 else "")
        )
    return found[canvas]
