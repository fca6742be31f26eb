"""Overlapping crops of a canvas, and the patches that become one token together."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ... import geometry
from ...geometry import Size

NO_PATCH = -1


class Crops(NamedTuple):
    """How images are cut: square crops of `side` pixels in patches of `patch`, which overlap by `before + after`.

    Of two crops that show the same patches, the earlier one keeps all but its last `after`, the later one all but its
    first `before`.
    """

    side: int
    patch: int
    before: int
    after: int

    @property
    def patches(self) -> int:
        """Patches along a crop."""
        return self.side // self.patch

    @property
    def step(self) -> int:
        """Pixels from one crop to the next."""
        return (self.patches - self.before - self.after) * self.patch

    @property
    def margin(self) -> int:
        """Pixels by which neighbours overlap."""
        return (self.before + self.after) * self.patch

    def check(self) -> None:
        """Raise ValueError where crops have no patches of their own, or patches do not fill a crop."""
        if self.side % self.patch:
            raise ValueError(f"crops of {self.side} pixels do not divide into patches of {self.patch} (`patch_size`)")
        if min(self.before, self.after) < 0 or self.step <= 0:
            raise ValueError(
                f"`overlap_margins` {[self.before, self.after]} leave nothing of a crop of {self.patches} patches "
                f"(`size` {self.side}, `patch_size` {self.patch})"
            )

    def grid(self, height: int, width: int, most: int) -> Size:
        """Rows and columns of the crops that scale an image least: the smallest that need not shrink it, if any.

        An image with a side below `margin` has one crop, whatever its other side.
        """
        grids = sorted(geometry.grids(most), key=lambda grid: (grid[0] * grid[1], grid[0]))
        scales = [
            min(
                _ratio(rows * self.step, height - self.margin),
                _ratio(columns * self.step, width - self.margin),
            )
            for rows, columns in grids
        ]
        growing = [scale for scale in scales if scale >= 1]
        return grids[scales.index(min(growing) if growing else max(scales))]

    def canvas(self, grid: Size) -> Size:
        """Size in pixels of what a grid of crops shows."""
        rows, columns = grid
        return rows * self.step + self.margin, columns * self.step + self.margin

    def numbers(self, grid: Size) -> list[list[int]]:
        """For each patch of the canvas, row by row, its number among all patches of all crops, crop by crop."""
        rows, columns = (self._owners(count) for count in grid)
        per_crop = self.patches**2
        return [
            [(row * grid[1] + column) * per_crop + y * self.patches + x for column, x in columns] for row, y in rows
        ]

    def _owners(self, count: int) -> list[tuple[int, int]]:
        """Along one axis: which crop each patch of the canvas is taken from, and its place there."""
        return [
            (crop, place)
            for crop in range(count)
            for place in range(self.before if crop else 0, self.patches - (self.after if crop < count - 1 else 0))
        ]


def pooled(numbers: list[list[int]], window: Size, shift: int) -> tuple[list[list[int]], Size]:
    """Patches grouped into windows, row by row, each number raised by `shift`; and the rows and columns of windows.

    Windows that stick out, half of the excess on each side and the odd one last, hold -1 there.
    """
    down, across = window
    rows, columns = -(-len(numbers) // down), -(-len(numbers[0]) // across)
    above, before = (rows * down - len(numbers)) // 2, (columns * across - len(numbers[0])) // 2

    def number(y: int, x: int) -> int:
        inside = 0 <= y < len(numbers) and 0 <= x < len(numbers[0])
        return numbers[y][x] + shift if inside else NO_PATCH

    windows = [
        [number(row * down + y - above, column * across + x - before) for y in range(down) for x in range(across)]
        for row in range(rows)
        for column in range(columns)
    ]
    return windows, (rows, columns)


def _ratio(length: int, side: int) -> float:
    """`length / side` in single precision, in which the original breaks ties; infinite for no side."""
    return float(struct.unpack("f", struct.pack("f", length / side))[0]) if side else float("inf")
