"""Which patches of an image are hidden: rectangles of chance, as BEiT (arXiv:2106.08254) draws them."""

from __future__ import annotations

import math
import random


def block_mask(
    height: int, width: int, total: int, least: int, most: int, aspects: tuple[float, float]
) -> list[list[int]]:
    """`height x width` patches, 1 where hidden, `total` of them at most.

    Drawn by Python's `random`, as the reference draws: `random.seed` makes it repeatable.

    Args:
        height, width: of the grid.
        total: of hidden patches.
        least: patches of a rectangle.
        most: patches of a rectangle.
        aspects: the smallest and the largest of height to width.
    """
    mask = [[0] * width for _ in range(height)]
    logs = math.log(aspects[0]), math.log(aspects[1])
    hidden = 0
    while hidden < total:
        found = _hide_one(mask, least, min(total - hidden, most), logs)
        if not found:
            break
        hidden += found
    return mask


def _hide_one(mask: list[list[int]], least: int, most: int, logs: tuple[float, float]) -> int:
    """Hide one more rectangle, in ten tries; how many patches it hides that were seen."""
    rows, columns = len(mask), len(mask[0])
    for _ in range(10):
        area, aspect = random.uniform(least, most), math.exp(random.uniform(*logs))
        height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if height >= rows or width >= columns:
            continue
        top, left = random.randint(0, rows - height), random.randint(0, columns - width)
        seen = [(y, x) for y in range(top, top + height) for x in range(left, left + width) if not mask[y][x]]
        if 0 < len(seen) <= most:
            for y, x in seen:
                mask[y][x] = 1
            return len(seen)
    return 0
