"""Where an array shows an image: affine maps from canvases back to the original, and how verbs move them.

Pixel coordinates are those of edges: an image of width w reaches from 0 to w, the centre of its first pixel is at 0.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..core.enums import PILImageResampling
from ..core.errors import NeedsPixelsError
from ..geometry import Size
from ..ops.contract import VERBS, kept

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

RADIUS = {
    PILImageResampling.NEAREST: 0.5,
    PILImageResampling.BOX: 0.5,
    PILImageResampling.BILINEAR: 1.0,
    PILImageResampling.HAMMING: 1.0,
    PILImageResampling.BICUBIC: 2.0,
    PILImageResampling.LANCZOS: 3.0,
}
"""How far a filter looks to either side, in pixels of what it reads at a scale of one."""


@dataclass(frozen=True)
class View:
    """A canvas on which an image is shown.

    Attributes:
        image: which of a plan's images.
        size: height and width of the canvas.
        matrix: (a, b, c, d, e, f): the canvas's point (x, y) shows (a x + b y + c, d x + e y + f) of the original.
        shown: the part of the canvas that shows the image, (x0, y0, x1, y1); the rest is padding.
        reach: how far beyond what it shows a pixel was influenced by the original, across and down, in its pixels.
    """

    image: int
    size: Size
    matrix: tuple[float, float, float, float, float, float] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    shown: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    reach: tuple[float, float] = (0.0, 0.0)

    @staticmethod
    def of(image: int, size: Size) -> View:
        """An image as it came."""
        return View(image, size, shown=(0.0, 0.0, float(size[1]), float(size[0])))

    def moved(self, scale: tuple[float, float], shift: tuple[float, float], size: Size) -> View:
        """The canvas that is read at `scale * x + shift`, across and down."""
        a, b, c, d, e, f = self.matrix
        (sx, sy), (tx, ty) = scale, shift
        x0, y0, x1, y1 = self.shown
        ends_x, ends_y = sorted(((x0 - tx) / sx, (x1 - tx) / sx)), sorted(((y0 - ty) / sy, (y1 - ty) / sy))
        height, width = size
        left, right = (min(max(end, 0.0), width) for end in ends_x)
        above, below = (min(max(end, 0.0), height) for end in ends_y)
        matrix = (a * sx, b * sy, a * tx + b * ty + c, d * sx, e * sy, d * tx + e * ty + f)
        return replace(self, size=size, matrix=matrix, shown=(left, above, right, below))

    def within(self, edge: float) -> View:
        """The canvas without a frame of so many pixels, which counts as padding."""
        height, width = self.size
        x0, y0, x1, y1 = self.shown
        return replace(self, shown=(max(x0, edge), max(y0, edge), min(x1, width - edge), min(y1, height - edge)))

    def resized(self, size: Size, radius: float, antialias: bool = True) -> View:
        """The canvas stretched to another size by a filter of so many pixels."""
        scale = self.size[1] / size[1], self.size[0] / size[0]
        view = self.moved(scale, (0.0, 0.0), size)
        return view.reaching(self, *(0.0 if s == 1 else radius * (max(s, 1.0) if antialias else 1.0) for s in scale))

    def reaching(self, before: View, across: float, down: float) -> View:
        """The same, its pixels made of so many pixels more of another canvas to either side."""
        a, b, _, d, e, _ = before.matrix
        x, y = before.reach
        return replace(self, reach=(x + abs(a) * across + abs(b) * down, y + abs(d) * across + abs(e) * down))

    def transposed(self) -> View:
        """Rows and columns exchanged."""
        a, b, c, d, e, f = self.matrix
        x0, y0, x1, y1 = self.shown
        return replace(self, size=self.size[::-1], matrix=(b, a, c, e, d, f), shown=(y0, x0, y1, x1))

    def flipped(self) -> View:
        """The last row first."""
        return self.moved((1.0, -1.0), (0.0, float(self.size[0])), self.size)


@dataclass(frozen=True)
class Opaque:
    """An array that shows no image: numbers, masks."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Planes:
    """An array of images: leading axes, and behind them channels, rows and columns.

    Attributes:
        shape: of the array.
        views: what each plane shows, in the order of the leading axes; None where it is padding.
        axes: what the axes behind the leading ones are: "cyx", or "yx"; another order while an image is being turned.
    """

    shape: tuple[int, ...]
    views: tuple[View | None, ...]
    axes: str = "cyx"

    @property
    def lead(self) -> tuple[int, ...]:
        return self.shape[: len(self.shape) - len(self.axes)]

    def each(self, function: Callable[[View], View], shape: tuple[int, ...]) -> Planes:
        """Every view by itself."""
        if self.axes[-2:] != "yx":
            raise unknown("an image that is half turned")
        return Planes(shape, tuple(view and function(view) for view in self.views), self.axes)


@dataclass(frozen=True)
class Tokens:
    """An array of which one axis runs over patches.

    Attributes:
        shape: of the array.
        views: the planes that the patches were cut from, in order.
        boxes: `(..., tokens, 4)`, the part of the original that each shows; NaN for padding.
        images: `(..., tokens)`, of which image; -1 for padding.
        reach: `(..., tokens, 2)`.
        axis: the axis of the array that runs over patches.
        unit: how many entries of that axis a patch has.
    """

    shape: tuple[int, ...]
    views: tuple[View | None, ...]
    boxes: Array
    images: Array
    reach: Array
    axis: int
    unit: int = 1


Place = Opaque | Planes | Tokens


def unknown(what: str) -> NeedsPixelsError:
    """The error where verbs do what is followed by nothing here."""
    return NeedsPixelsError(f"where the original is shown in {what} is not known")


def boxes_of(view: View | None, edges: Array) -> tuple[Array, Array, Array]:
    """What boxes `(n, 4)` of a canvas show: boxes of the original, the image's number, and the reach."""
    import numpy as np

    count = len(edges)
    if view is None:
        return np.full((count, 4), np.nan), np.full(count, -1), np.full((count, 2), np.nan)
    left, above, right, below = view.shown
    inside = np.clip(edges, (left, above, left, above), (right, below, right, below))
    empty = (inside[:, 0] >= inside[:, 2]) | (inside[:, 1] >= inside[:, 3])
    a, b, c, d, e, f = view.matrix
    corners = inside.reshape(-1, 2, 2) @ np.array(((a, d), (b, e))) + (c, f)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    boxes[empty] = np.nan
    return boxes, np.where(empty, -1, view.image), np.where(empty[:, None], np.nan, view.reach)


def cells(size: Size, patch: Size, rows: Array, columns: Array) -> Array:
    """Edges `(n, 4)` of patches, given their rows and columns."""
    import numpy as np

    corners = np.stack([columns * patch[1], rows * patch[0], (columns + 1) * patch[1], (rows + 1) * patch[0]], axis=-1)
    return np.minimum(corners.astype(np.float64), (size[1], size[0], size[1], size[0]))


def cut(planes: Planes, patch: Size, merge: int = 1) -> tuple[Array, Array, Array]:
    """Boxes, images and reach of all patches, plane after plane, in the order of `geometry.patch_axes`."""
    import numpy as np

    height, width = planes.shape[-2:]
    rows, columns = -(-height // patch[0]), -(-width // patch[1])
    split = (rows // merge, merge, columns // merge, merge)
    grids = np.indices((rows, columns))
    down, across = (grid.reshape(split).swapaxes(1, 2).ravel() if merge > 1 else grid.ravel() for grid in grids)
    edges = cells((height, width), patch, down, across)
    boxes, images, reach = zip(*(boxes_of(view, edges) for view in planes.views), strict=True)
    lead = (*planes.lead, len(edges))
    return np.reshape(boxes, (*lead, 4)), np.reshape(images, lead), np.reshape(reach, (*lead, 2))


def value_verbs() -> frozenset[str]:
    """Verbs that change values and move nothing: those whose contract keeps the shape."""
    return frozenset(name for name, verb in VERBS.items() if verb.shape is kept) - {"flip_channels"}
