"""Parquet, Arrow and feather files with a column of images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core.extras import required
from ..files import glob, local, opened, stamp
from ..rows import Row, Source

_BATCH = 32
"""Rows that are read at a time; images are large."""


class Table(Source):
    """Rows of tables, in the order of the files' names.

    Args:
        path: a file, or a pattern of several of one kind.
        column: with the images: bytes, paths or URLs, or `{"bytes", "path"}`; else the only one that can be.
    """

    def __init__(self, path: str, column: str | None = None) -> None:
        self.path, self.column = local(path), column

    def __str__(self) -> str:
        return repr(self.path)

    def places(self, rows: int) -> Iterator[tuple[Any, Any, int | None]]:
        paths = glob(self.path)
        if not paths:
            raise FileNotFoundError(2, "there is no such file", self.path)
        for path in paths:
            told = stamp(path)
            with opened(path) as file:
                groups = [group for _, group in _groups(file, path)]
            for number, count in enumerate(groups):
                for start in range(0, count, rows):
                    stop = min(start + rows, count)
                    yield (path, number, start, stop), [*told, number, start], stop - start

    def read(self, place: Any) -> Iterator[Row]:
        path, number, start, stop = place
        with opened(path) as file:
            group = list(_groups(file, path))[number][0]
            position = 0
            for batch in group():
                if position + batch.num_rows > start:
                    part = batch.slice(max(start - position, 0), stop - max(position, start))
                    first = max(position, start)
                    yield from rows_of(part, self.column, lambda row, at=first: f"{path}:{number}:{row + at}")
                position += batch.num_rows
                if position >= stop:
                    return


def _groups(file: Any, path: str) -> Iterator[tuple[Any, int]]:
    """The groups of rows of a file: what reads each as record batches, and its number of rows."""
    required("pyarrow", f"{path!r}")
    if path.endswith(".parquet"):
        import pyarrow.parquet

        table = pyarrow.parquet.ParquetFile(file)
        for number in range(table.num_row_groups):
            yield (
                lambda n=number: table.iter_batches(_BATCH, row_groups=[n]),
                table.metadata.row_group(number).num_rows,
            )
        return
    import pyarrow.ipc

    reader = pyarrow.ipc.open_file(file)
    for number in range(reader.num_record_batches):
        yield lambda n=number: [reader.get_batch(n)], reader.get_batch(number).num_rows


def image_column(schema: Any, column: str | None) -> str:
    """The name of the column with images.

    Raises:
        ValueError: there is none of this name, or none or several that can hold images.
    """
    import pyarrow

    if column is not None:
        if column not in schema.names:
            raise ValueError(f"there is no column {column!r}; there are {', '.join(schema.names)}")
        return column
    able = [
        field.name
        for field in schema
        if pyarrow.types.is_binary(field.type)
        or pyarrow.types.is_large_binary(field.type)
        or (pyarrow.types.is_struct(field.type) and {"bytes", "path"} <= {child.name for child in field.type})
    ]
    named = [name for name in ("image", "images", "jpg", "png", "img", "video", "path") if name in schema.names]
    if len(able) == 1 or (named and not able):
        return (able or named)[0]
    if named and named[0] in able:
        return named[0]
    raise ValueError(
        f"which column holds the images? Name it with `column`: {', '.join(map(repr, able or schema.names))}"
    )


def rows_of(batch: Any, column: str | None, key: Any) -> Iterator[Row]:
    """The rows of a record batch; what stands beside the image are scalars of Arrow."""
    image = image_column(batch.schema, column)
    others = [name for name in batch.schema.names if name != image]
    for number in range(batch.num_rows):
        value = batch.column(image)[number].as_py()
        if isinstance(value, dict) and value.get("bytes") is None and value.get("path") is None:
            value = None
        yield Row(key(number), value, {name: batch.column(name)[number] for name in others})
