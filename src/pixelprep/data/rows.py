"""What flows through a data set: rows, in parts that are made into one shard each."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """One image, or video, and what stands beside it.

    Attributes:
        key: its name in the source: a path, a URL, a sample's key, or the number of a row of a table.
        image: what a processor takes: a path, a URL, bytes, a row `{"bytes", "path"}`; None where there is none, or the
            error of reading it.
        columns: what passes through: text, bytes, numbers, or scalars of Arrow.
    """

    key: str
    image: Any
    columns: dict[str, Any] = field(default_factory=dict)


def present(image: Any) -> Any:
    """A row's image.

    Raises:
        ValueError: there is none. Exception: what went wrong when it was read, which stands in its place.
    """
    if image is None:
        raise ValueError("there is no image in this row")
    if isinstance(image, Exception):
        raise image
    return image


@dataclass(frozen=True)
class Part:
    """The rows that become one shard.

    Attributes:
        number: of the part; shards are named by it, and keep the order of the source.
        place: what the source finds it by.
        digest: of the names, sizes and times of what is read; another one where the source has changed.
        rows: how many there are, if that is known without reading.
    """

    number: int
    place: Any
    digest: str
    rows: int | None = None


def total_rows(parts: list[Part]) -> int | None:
    """The rows of all parts, if that is known without reading."""
    counts = [part.rows for part in parts]
    return None if None in counts else sum(count for count in counts if count is not None)


class Source(ABC):
    """Where rows come from. Instances can be pickled: parts are read in other processes and on other machines."""

    @abstractmethod
    def places(self, rows: int) -> Iterable[tuple[Any, Any, int | None]]:
        """For each part, in order: what `read` finds it by; what tells that it changed, as JSON values; its rows.

        Args:
            rows: how many a part is to have, where the source can be cut anywhere.
        """

    @abstractmethod
    def read(self, place: Any) -> Iterator[Row]:
        """The rows of a part, in order, a few at a time in memory."""

    def parts(self, rows: int) -> list[Part]:
        """All parts, in order.

        Raises:
            ValueError: there is nothing in the source. OSError: it cannot be read.
        """
        found = [
            Part(number, place, digest_of(stamp), count)
            for number, (place, stamp, count) in enumerate(self.places(rows))
        ]
        if not found:
            raise ValueError(f"there is nothing in {self}")
        return found


def digest_of(value: Any) -> str:
    """A digest of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:32]


def cut(items: list[Any], rows: int) -> Iterator[list[Any]]:
    """Lists of `rows` items, the last one perhaps shorter."""
    for start in range(0, len(items), rows):
        yield items[start : start + rows]
