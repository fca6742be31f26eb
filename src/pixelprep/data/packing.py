"""Images into batches of bounded size: first-fit decreasing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def pack(plans: Iterable[Any], max_tokens: int, *, max_images: int | None = None) -> list[list[int]]:
    """Group images so that no batch holds more than so many tokens: first-fit decreasing (Johnson 1973).

    There are at most 11/9 of the fewest batches that are possible, and a little more.

    Args:
        plans: a plan for each image (the tokens of all its images count), or numbers: tokens, patches, bytes.
        max_tokens: in a batch.
        max_images: in a batch; any number if not given.

    Returns:
        Batches of positions in `plans`, each in ascending order.

    Raises:
        ValueError: one image alone is larger than `max_tokens`. TypeError: neither a plan nor a number.
    """
    sizes = [_size(plan, number) for number, plan in enumerate(plans)]
    for number, size in enumerate(sizes):
        if size > max_tokens:
            raise ValueError(
                f"image {number} has {size} tokens, and a batch at most {max_tokens}; raise `max_tokens`, or make the "
                "image smaller"
            )
    room = _Room(max_tokens, len(sizes))
    batches: list[list[int]] = []
    for number in sorted(range(len(sizes)), key=lambda number: -sizes[number]):
        batch = room.first(sizes[number])
        if batch == len(batches):
            batches.append([])
        batches[batch].append(number)
        full = max_images is not None and len(batches[batch]) >= max_images
        room.take(batch, room.left(batch) + 1 if full else sizes[number])
    return [sorted(batch) for batch in batches]


def _size(plan: Any, number: int) -> int:
    if isinstance(plan, int):
        return plan
    if hasattr(plan, "image_tokens"):
        return sum(tokens.count for tokens in plan.image_tokens)
    if hasattr(plan, "__index__"):
        return int(plan.__index__())
    raise TypeError(f"image {number}: a plan or a number is needed, not {type(plan).__name__}")


class _Room:
    """The room that is left in each of many batches, as a tree of the largest rooms: the first batch with enough of it
    is found in as many steps as the number of batches has digits."""

    def __init__(self, most: int, batches: int) -> None:
        self.leaves = 1 << max(batches - 1, 0).bit_length()
        self.tree = [most] * (2 * self.leaves)

    def left(self, batch: int) -> int:
        return self.tree[self.leaves + batch]

    def first(self, size: int) -> int:
        node = 1
        while node < self.leaves:
            node = 2 * node if self.tree[2 * node] >= size else 2 * node + 1
        return node - self.leaves

    def take(self, batch: int, size: int) -> None:
        node = self.leaves + batch
        self.tree[node] -= size
        while node > 1:
            node //= 2
            self.tree[node] = max(self.tree[2 * node], self.tree[2 * node + 1])
