"""Data sets of the library `datasets`: in memory, saved on disk, or what its own loader finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core.extras import required
from ..files import is_folder
from ..rows import Row, Source
from .table import rows_of


class Datasets(Source):
    """Rows of a `datasets.Dataset`; images and videos are taken as they are stored, not decoded by it.

    Args:
        data: a `Dataset`; a folder that `save_to_disk` wrote; or `NAME` or `NAME:SPLIT` for `load_dataset`, whose split
            is "train" if not said.
        column: with the images; else the only one that can be.
    """

    def __init__(self, data: Any, column: str | None = None) -> None:
        library = required("datasets", "a source of this kind")
        self.column = column
        if isinstance(data, str):
            name, _, split = data.partition(":")
            data = library.load_from_disk(name) if is_folder(name) else library.load_dataset(name)
            if isinstance(data, dict):
                if (split or "train") not in data:
                    raise ValueError(f"{name!r} has the splits {', '.join(data)}; write {name}:{next(iter(data))}")
                data = data[split or "train"]
        for name, feature in data.features.items():
            if type(feature).__name__ in ("Image", "Video"):
                data = data.cast_column(name, type(feature)(decode=False))
        self.data = data.with_format("arrow")

    def __str__(self) -> str:
        return f"the data set of {len(self.data)} rows"

    def places(self, rows: int) -> Iterator[tuple[Any, Any, int | None]]:
        for start in range(0, len(self.data), rows):
            stop = min(start + rows, len(self.data))
            yield (start, stop), [self.data._fingerprint, start], stop - start

    def read(self, place: Any) -> Iterator[Row]:
        start, stop = place
        for first in range(start, stop, 32):
            table = self.data[first : min(first + 32, stop)]
            for batch in table.combine_chunks().to_batches():
                yield from rows_of(batch, self.column, lambda row, at=first: str(row + at))
