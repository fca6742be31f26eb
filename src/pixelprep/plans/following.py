"""The verbs over places: what each array of a plan shows of the original, without a pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.enums import PILImageResampling
from ..geometry import Size, patch_shape
from ..ops.nesting import first_leaf
from .places import RADIUS, Opaque, Place, Planes, Tokens, View, boxes_of, cut, unknown, value_verbs

if TYPE_CHECKING:
    from collections.abc import Callable


class PlaceOps:
    """The verbs of a plan's nodes over places; value verbs move nothing."""

    def __getattr__(self, name: str) -> Callable[..., Place]:
        if name not in value_verbs():
            raise unknown(f"what `{name}` makes")
        return lambda images, *args, **kwargs: images

    # ------------------------------------------------------------------------------------------------ other canvases

    def resize(
        self, images: Place, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> Place:
        return self._stretched(images, height, width, RADIUS[PILImageResampling(resample)], antialias)

    def resize_float(
        self,
        images: Place,
        height: int,
        width: int,
        resample: PILImageResampling,
        antialias: bool = True,
        align_corners: bool = False,
    ) -> Place:
        radius = RADIUS[PILImageResampling(resample)]
        if not align_corners:
            return self._stretched(images, height, width, radius, antialias)

        def aligned(view: View) -> View:
            """Centres of corner pixels lie on each other."""
            sy, sx = (max(old - 1, 1) / max(new - 1, 1) for old, new in zip(view.size, (height, width), strict=True))
            shift = 0.5 - 0.5 * sx, 0.5 - 0.5 * sy
            return view.moved((sx, sy), shift, (height, width)).reaching(view, radius, radius)

        return _planes(images).each(aligned, _sized(images, height, width))

    def thumbnail(self, images: Place, height: int, width: int, resample: PILImageResampling) -> Place:
        # Pillow may shrink by whole factors first, to no less than twice the size: half a pixel of the result more.
        return self._stretched(images, height, width, RADIUS[PILImageResampling(resample)] + 0.5, True)

    def resize_fixed(self, images: Place, height: int, width: int) -> Place:
        return self._stretched(images, height, width, 1.0, False)

    def resize_blurred(self, images: Place, height: int, width: int) -> Place:
        # A Gaussian of half the scale, less a half, cut at three or four deviations, then bilinear.
        return self._stretched(images, height, width, 3.0, True)

    def _stretched(self, images: Place, height: int, width: int, radius: float, antialias: bool) -> Place:
        size = (height, width)
        return _planes(images).each(lambda view: view.resized(size, radius, antialias), _sized(images, *size))

    def sample(
        self, images: Place, rows: tuple[float, float], columns: tuple[float, float], height: int, width: int
    ) -> Place:
        return self._sampled(images, rows, columns, (height, width), 0.5)  # nothing beyond the outermost centres

    def _sampled(
        self, images: Place, rows: tuple[float, float], columns: tuple[float, float], size: Size, edge: float
    ) -> Place:
        (top, down), (left, across), (height, width) = rows, columns, size

        def sampled(view: View) -> View:
            shift = left - 0.5 * across + 0.5, top - 0.5 * down + 0.5
            return view.within(edge).moved((across, down), shift, (height, width)).reaching(view, 1.0, 1.0)

        return _planes(images).each(sampled, _sized(images, height, width))

    def sample_grid(self, images: Place, rows: Sequence[float], columns: Sequence[float], cubic: bool) -> Place:
        """As torch counts: -1 and 1 are the centres of the outermost pixels."""

        def line(points: Sequence[float], length: int) -> tuple[float, float]:
            start, end = ((point + 1) / 2 * (length - 1) for point in (points[0], points[-1]))
            return start, (end - start) / max(len(points) - 1, 1)

        height, width = images.shape[-2:]
        return self._sampled(images, line(rows, height), line(columns, width), (len(rows), len(columns)), 0.0)

    def crop(self, images: Place, top: int, left: int, height: int, width: int) -> Place:
        if isinstance(images, Opaque):
            return Opaque(_sized(images, height, width))
        shape = _sized(images, height, width)
        return _planes(images).each(lambda view: view.moved((1.0, 1.0), (left, top), (height, width)), shape)

    def pad(self, images: Place, top: int, bottom: int, left: int, right: int, fill: Any = 0) -> Place:
        height, width = top + images.shape[-2] + bottom, left + images.shape[-1] + right
        shape = _sized(images, height, width)
        if isinstance(images, Opaque):
            return Opaque(shape)
        if isinstance(images, Tokens):
            before, after = (top, bottom) if images.axis == len(shape) - 2 else (left, right)
            if images.axis < len(shape) - 2:
                before = after = 0
            return _padded_tokens(images, before // images.unit, after // images.unit, shape)
        return images.each(lambda view: view.moved((1.0, 1.0), (-left, -top), (height, width)), shape)

    def extend(self, images: Place, top: int, bottom: int, left: int, right: int, mode: str) -> Place:
        return self.pad(images, top, bottom, left, right)  # what is repeated is no place of its own

    def flip_channels(self, images: Place) -> Place:
        """The third axis from the end, whatever it holds."""
        if not isinstance(images, Planes) or images.axes[-3:] == "cyx":
            return images
        if images.axes != "ycx":
            raise unknown(f"an array whose axes are {images.axes}, reversed")
        return replace(images, views=tuple(view and view.flipped() for view in images.views))

    def nearest_color(self, images: Place, colors: Any) -> Place:
        planes = _planes(images)
        return Planes((*planes.lead, *planes.shape[-2:]), planes.views, "yx")

    # ------------------------------------------------------------------------------------------------- other shapes

    def patchify(
        self, images: Place, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw"
    ) -> Place:
        planes, size = _planes(images), (patch, patch) if isinstance(patch, int) else patch
        channels, height, width = planes.shape[-3:]
        shape = (*planes.lead, *patch_shape(channels, height, width, patch, copies, vector))
        boxes, numbers, reach = cut(planes, size, merge)
        return Tokens(shape, planes.views, boxes, numbers, reach, len(planes.lead))

    def rearrange(self, images: Place, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Place:
        if isinstance(images, Opaque):
            return Opaque(_whole(shape, math.prod(images.shape)))
        planes = _planes(images, turned=True)
        shape = _whole(shape, math.prod(images.shape))
        if tuple(split) == planes.shape and len(shape) == len(order):
            turned = shape == tuple(split[axis] for axis in order)
            return _turned(planes, tuple(order), shape) if turned else _grouped(planes, tuple(order), shape)
        if len(planes.lead) == 1 and (tuple(split[:1]) != planes.lead or shape[0] != planes.lead[0]):
            return _tubelets(planes, tuple(split), tuple(order), shape)
        return _patches(planes, tuple(split), tuple(order), shape)

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> Place:
        first = first_leaf(nested)
        depth = _depth(nested)
        leaves = list(_leaves(nested, depth))
        if isinstance(first, Opaque):
            return Opaque((*depth, *first.shape))
        shape, views = (*depth, *first.shape), _joined_views(leaves, first)
        if isinstance(first, Planes):
            return Planes(shape, views, first.axes)
        import numpy as np

        parts = [_absent(first) if leaf is None else leaf for leaf in leaves]
        boxes, numbers, reach = (
            np.reshape([getattr(part, name) for part in parts], (*depth, *getattr(first, name).shape))
            for name in ("boxes", "images", "reach")
        )
        return Tokens(shape, views, boxes, numbers, reach, first.axis + len(depth), first.unit)

    def concat(self, arrays: Sequence[Place], dtype: str | None = None, axis: int = 0) -> Place:
        axis %= len(arrays[0].shape)
        shape = list(arrays[0].shape)
        shape[axis] = sum(array.shape[axis] for array in arrays)
        shown = [array for array in arrays if not isinstance(array, Opaque)]
        if not shown:
            return Opaque(tuple(shape))
        first = shown[0]
        if isinstance(first, Planes):
            return _concat_planes(first, arrays, axis, tuple(shape))
        if axis != first.axis:  # values beside values
            return replace(first, shape=tuple(shape))
        import numpy as np

        parts = [_blank(array, first) if isinstance(array, Opaque) else array for array in arrays]
        views = tuple(view for part in parts for view in getattr(part, "views", ()))
        boxes, numbers, reach = (
            np.concatenate([getattr(part, name) for part in parts], axis=end)
            for name, end in (("boxes", -2), ("images", -1), ("reach", -2))
        )
        return Tokens(tuple(shape), views, boxes, numbers, reach, first.axis, first.unit)

    def unstack(self, images: Place) -> list[Place]:
        count, shape = images.shape[0], images.shape[1:]
        if isinstance(images, Opaque):
            return [Opaque(shape)] * count
        each = len(images.views) // count
        parts = [images.views[i * each : (i + 1) * each] for i in range(count)]
        if isinstance(images, Planes):
            return [Planes(shape, views, images.axes) for views in parts]
        return [
            Tokens(shape, views, images.boxes[i], images.images[i], images.reach[i], images.axis - 1, images.unit)
            for i, views in enumerate(parts)
        ]

    # ---------------------------------------------------------------------------------------------- nothing is shown

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Place:
        return Opaque((padded_height, padded_width))

    def integers(self, values: Any, dtype: str = "int64", like: Any = None) -> Place:
        from ..ops.contract import listed

        return values if isinstance(values, Planes) else Opaque(listed({"values": values}))


def _planes(images: Place, turned: bool = False) -> Planes:
    """Images as planes, their axes in order; half turned ones only where that is allowed."""
    if not isinstance(images, Planes):
        raise unknown("patches that are resized, or an array that shows no image")
    if images.axes == "cxy":
        views = tuple(view and view.transposed() for view in images.views)
        return Planes(images.shape, views)
    if images.axes[-2:] != "yx" and not turned:
        raise unknown("an image that is half turned")
    return images


def _sized(images: Place, height: int, width: int) -> tuple[int, ...]:
    return (*images.shape[:-2], height, width)


def _whole(shape: Sequence[int], count: int) -> tuple[int, ...]:
    """A shape with its -1 filled in."""
    known = math.prod(side for side in shape if side != -1)
    return tuple(count // known if side == -1 else side for side in shape)


def _turned(planes: Planes, order: tuple[int, ...], shape: tuple[int, ...]) -> Place:
    """Axes in another order; the leading ones stay."""
    lead = len(planes.lead)
    if order[:lead] != tuple(range(lead)):
        raise unknown("images whose leading axes changed places")
    turned = Planes(shape, planes.views, "".join(planes.axes[axis - lead] for axis in order[lead:]))
    return _planes(turned, turned=True)


def _grouped(planes: Planes, order: tuple[int, ...], shape: tuple[int, ...]) -> Place:
    """So many frames, one behind the other, whose channels become those of one image."""
    together = planes.shape[0] // shape[0]
    views = planes.views[::together]
    alike = all(view == views[number // together] for number, view in enumerate(planes.views))
    grouped = (planes.shape[0] // together, planes.shape[1] * together, *planes.shape[-2:])
    if order != tuple(range(len(order))) or shape != grouped or not alike:
        raise unknown("images whose axes are divided otherwise")
    return Planes(shape, views, planes.axes)


def _patches(planes: Planes, split: tuple[int, ...], order: tuple[int, ...], shape: tuple[int, ...]) -> Place:
    """Images that are split into blocks of rows and columns, which then run along one axis."""
    if planes.axes[-2:] != "yx":
        raise unknown("an image that is half turned")
    lead, sides = len(planes.lead), planes.shape[len(planes.lead) :]
    split, order = _without_middles(split, order, lead, sides)
    groups = _groups(split[lead:], sides)
    names = "".join(name * len(group) for name, group in zip(planes.axes, groups, strict=True))
    rows, columns = (names.index(name) for name in "yx")
    if any(len(group) > 2 for group in groups):
        raise unknown("images that are split more than once each way")
    patch = tuple(group[1] if len(group) == 2 else 1 for group in groups[-2:])
    sequence = [axis - lead for axis in order[lead:]]
    place = sequence.index(rows)
    if order[:lead] != tuple(range(lead)) or sequence[place + 1 : place + 2] != [columns]:
        raise unknown("patches that are not row by row")
    # The axis of the result that takes the blocks of rows, and how many entries follow each block of columns in it.
    lengths = [split[lead:][axis] for axis in sequence]
    behind = math.prod(lengths[place + 2 :])
    axis, tail = len(shape) - 1, 1
    while tail * shape[axis] <= behind and axis:
        tail *= shape[axis]
        axis -= 1
    boxes, images, reach = cut(planes, patch)  # type: ignore[arg-type]
    ahead = shape[:axis]
    fits = math.prod(ahead) == math.prod((*planes.lead, *lengths[:place]))
    if not fits or boxes.shape[-2] * (behind // tail) != shape[axis]:
        raise unknown("patches that share an axis with other values")
    kept = ahead[:lead] if ahead[:lead] == planes.lead else planes.lead
    ones = tuple(1 for _ in ahead[len(kept) :]) if math.prod(ahead[len(kept) :]) == 1 else ()
    lead_shape = (*kept, *ones)
    return Tokens(
        shape,
        planes.views,
        boxes.reshape(*lead_shape, *boxes.shape[-2:]),
        images.reshape(*lead_shape, images.shape[-1]),
        reach.reshape(*lead_shape, *reach.shape[-2:]),
        axis,
        behind // tail,
    )


def _tubelets(planes: Planes, split: tuple[int, ...], order: tuple[int, ...], shape: tuple[int, ...]) -> Place:
    """Videos that are split into blocks of frames, rows and columns, which then run along the first axis."""
    import numpy as np

    names, steps = "", []  # which side each axis of the split is a part of, and how far apart its entries are there
    for name, group in zip("t" + planes.axes, _groups(split, planes.shape), strict=True):
        names += name * len(group)
        steps += [math.prod(group[place + 1 :]) for place in range(len(group))]
    count = next((n for n in range(len(order)) if math.prod(split[axis] for axis in order[:n]) == shape[0]), 0)
    if not count:
        raise unknown("patches that share an axis with other values")
    tokens = np.indices([split[axis] for axis in order[:count]]).reshape(count, -1)
    first, extent = dict.fromkeys("tcyx", np.zeros(tokens.shape[1], np.int64)), dict.fromkeys("tcyx", 1)
    for place, axis in enumerate(order):
        if place < count:
            first[names[axis]] = first[names[axis]] + tokens[place] * steps[axis]
        else:
            extent[names[axis]] += (split[axis] - 1) * steps[axis]
    if extent["c"] != planes.shape[1]:
        raise unknown("channels that are apart")
    edges = np.stack([first["x"], first["y"], first["x"] + extent["x"], first["y"] + extent["y"]], axis=-1)
    alike = len(set(planes.views)) == 1
    boxes, images, reach = np.empty((len(edges), 4)), np.empty(len(edges), np.int64), np.empty((len(edges), 2))
    for frame in [0] if alike else np.unique(first["t"]):
        of_it = slice(None) if alike else first["t"] == frame
        boxes[of_it], images[of_it], reach[of_it] = boxes_of(planes.views[frame], edges[of_it].astype(np.float64))
    return Tokens(shape, planes.views, boxes, images, reach, 0)


def _without_middles(
    split: tuple[int, ...], order: tuple[int, ...], lead: int, sides: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same without axes of length one between the parts of a side, as patches that are not merged have them."""
    kept, start = list(range(lead)), lead
    for group in _groups(split[lead:], sides):
        end = start + len(group)
        kept += [axis for axis in range(start, end) if split[axis] != 1 or axis in (start, end - 1)]
        start = end
    return tuple(split[axis] for axis in kept), tuple(kept.index(axis) for axis in order if axis in kept)


def _groups(split: tuple[int, ...], sides: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The parts of a split that make up each side."""
    parts, groups = list(split), list[tuple[int, ...]]()
    for side in sides:
        group: list[int] = []
        while parts and (math.prod(group) < side or not group):
            group.append(parts.pop(0))
        if math.prod(group) != side:
            raise unknown("images that are split across rows and columns")
        groups.append(tuple(group))
    return groups


def _depth(nested: Any) -> tuple[int, ...]:
    depth: list[int] = []
    level = [nested]
    while level and isinstance(level[0], (list, tuple)):
        depth.append(max(map(len, level)))
        level = [inner for entry in level for inner in entry]
    return tuple(depth)


def _leaves(nested: Any, depth: tuple[int, ...]) -> Any:
    """The arrays of nested lists in order, None where a list is too short."""
    for index in range(depth[0]):
        entry = nested[index] if nested is not None and index < len(nested) else None
        if len(depth) == 1:
            yield entry
        else:
            yield from _leaves(entry, depth[1:])


def _joined_views(leaves: Sequence[Any], first: Planes | Tokens) -> tuple[View | None, ...]:
    each = (None,) * len(first.views)
    return tuple(view for leaf in leaves for view in (each if leaf is None else leaf.views))


def _concat_planes(first: Planes, arrays: Sequence[Place], axis: int, shape: tuple[int, ...]) -> Place:
    lead = len(first.lead)
    if axis >= lead:
        if first.axes[axis - lead] != "c":
            raise unknown("images side by side")
        return Planes(shape, first.views, first.axes)
    if axis:
        raise unknown("samples joined one by one")
    views: list[View | None] = []
    for array in arrays:
        views += array.views if isinstance(array, Planes) else [None] * math.prod(array.shape[:lead])
    return Planes(shape, tuple(views), first.axes)


def _absent(tokens: Tokens) -> Tokens:
    """As many tokens that show nothing."""
    import numpy as np

    return replace(
        tokens,
        views=(None,) * len(tokens.views),
        boxes=np.full_like(tokens.boxes, np.nan),
        images=np.full_like(tokens.images, -1),
        reach=np.full_like(tokens.reach, np.nan),
    )


def _blank(array: Opaque, like: Tokens) -> Tokens:
    """Tokens that show nothing in place of an array of numbers."""
    import numpy as np

    lead, count = like.boxes.shape[:-2], array.shape[like.axis] // like.unit
    boxes, reach = np.full((*lead, count, 4), np.nan), np.full((*lead, count, 2), np.nan)
    return replace(like, views=(), boxes=boxes, images=np.full((*lead, count), -1), reach=reach)


def _padded_tokens(tokens: Tokens, before: int, after: int, shape: tuple[int, ...]) -> Tokens:
    import numpy as np

    lead = [(0, 0)] * (tokens.images.ndim - 1)
    ends = (before, after)
    return replace(
        tokens,
        shape=shape,
        boxes=np.pad(tokens.boxes, [*lead, ends, (0, 0)], constant_values=np.nan),
        images=np.pad(tokens.images, [*lead, ends], constant_values=-1),
        reach=np.pad(tokens.reach, [*lead, ends, (0, 0)], constant_values=np.nan),
    )
