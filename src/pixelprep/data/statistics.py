"""What a data set will cost: sizes, tokens and bytes, from the headers of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any

from ..images.decoding import read_header
from .mapping import processor_of
from .rows import present, total_rows
from .runners.local import cores
from .sources import source_of
from .work import reason_of

_AT_A_TIME = 256


@dataclass
class Statistics:
    """What a data set will cost.

    Attributes:
        sizes: how many images have each `(height, width)`, upright.
        tokens: how many images take so many feature tokens in the language model; empty where there is none.
        tokens_unknown: why there are none; "" if there are.
        nbytes: of all outputs, in the types that the call gives.
        failed: key and reason of each row that cannot be processed.
    """

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    tokens: Counter[int] = field(default_factory=Counter)
    tokens_unknown: str = ""
    nbytes: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def images(self) -> int:
        """How many can be processed, as far as headers tell."""
        return self.sizes.total()

    @property
    def total_tokens(self) -> int:
        """Of all images."""
        return sum(count * images for count, images in self.tokens.items())

    def histogram(self, bins: int = 10) -> list[tuple[int, int, int]]:
        """Images by tokens: from, to, how many; of equal width, the last one closed."""
        if not self.tokens:
            return []
        least, most = min(self.tokens), max(self.tokens)
        bins = min(bins, most - least + 1)
        edges = [least + (most + 1 - least) * number // bins for number in range(bins + 1)]
        return [
            (low, high - 1, sum(images for count, images in self.tokens.items() if low <= count < high))
            for low, high in pairwise(edges)
        ]


def stats(
    model: Any,
    source: Any,
    *,
    column: str | None = None,
    progress: Callable[[int, int, int | None], None] | None = None,
    **settings: Any,
) -> Statistics:
    """Read the headers of a data set's images, and plan each: no pixel is decoded.

    Args:
        model, source, column, settings: as `map` takes them.
        progress: told of rows done and failed so far, and of all rows where their number is known.

    Raises:
        ValueError: nothing is in the source, or a setting cannot be used. OSError: it cannot be read.
    """
    processor = processor_of(model, None, settings)
    chosen = source_of(source, column=column, kind=processor.kind)
    parts = chosen.parts(_AT_A_TIME)
    total = total_rows(parts)
    found, costs = Statistics(), {}
    with ThreadPoolExecutor(cores()) as pool:
        for part in parts:
            for key, size in pool.map(_header, chosen.read(part.place)):
                try:
                    if isinstance(size, Exception):
                        raise size
                    if size not in costs:
                        costs[size] = _cost(processor, size, found)
                except Exception as error:
                    found.failed.append((key, reason_of(error)))
                else:
                    nbytes, tokens = costs[size]
                    found.sizes[size] += 1
                    found.nbytes += nbytes
                    if tokens is not None:
                        found.tokens[tokens] += 1
                if progress is not None:
                    progress(found.images, len(found.failed), total)
    return found


def _header(row: Any) -> tuple[str, Any]:
    try:
        header = read_header(present(row.image))
    except Exception as error:
        return row.key, error
    return row.key, (header.height, header.width)


def _cost(processor: Any, size: tuple[int, int], found: Statistics) -> tuple[int, int | None]:
    """Bytes and tokens of an image of a size."""
    plan = processor.plan([size])
    leaves = [leaf for output in plan.outputs.values() for leaf in _leaves(output)]
    nbytes = sum(prod(leaf.shape) * _itemsize(leaf.dtype) for leaf in leaves)
    try:
        return nbytes, sum(tokens.count for tokens in plan.image_tokens)
    except ValueError as error:
        found.tokens_unknown = str(error)
        return nbytes, None


def _leaves(output: Any) -> list[Any]:
    if output.entries is not None:
        return [leaf for entry in output.entries for leaf in _leaves(entry)]
    return [output] if output.shape is not None else []


def _itemsize(dtype: str) -> int:
    """Bytes of an element: of float32 four, of bool one."""
    return int("".join(filter(str.isdigit, dtype)) or 8) // 8
