"""Parquet: tensor columns of one shape where all rows agree, lists beside their shapes where not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from ...core.extras import required
from ..columns import Column, as_made, as_stored, kind_of
from .sink import MOST_BYTES, Made, Sink, Writer, python

SHAPE = "_shape"
"""What stands behind the name of an output in the name of the column of its shapes."""
_DTYPE = b"dtype"


class Parquet(Sink):
    """One file for each shard.

    An output is an `arrow.fixed_shape_tensor` column, or, where shapes differ, a list of its values and `NAME_shape`.
    bfloat16 is stored as uint16 bits, bool as uint8: the field's metadata says `dtype`.
    """

    suffix = ".parquet"

    def writer(self, file: BinaryIO, columns: Mapping[str, Column], rows: int) -> Writer:
        required("pyarrow.parquet", "writing parquet files")
        return _Writer(file, columns, rows)

    def read(self, file: BinaryIO) -> Iterator[Made]:
        required("pyarrow.parquet", "reading parquet files")
        import pyarrow.parquet

        for batch in pyarrow.parquet.ParquetFile(file).iter_batches(32):
            outputs = [field for field in batch.schema if field.metadata and _DTYPE in field.metadata]
            beside = {"key", *(field.name for field in outputs), *(field.name + SHAPE for field in outputs)}
            passed = [name for name in batch.schema.names if name not in beside]
            for number in range(batch.num_rows):
                made = {
                    field.name: _value(batch, field, number) for field in outputs if batch[field.name][number].is_valid
                }
                rest = {name: batch[name][number].as_py() for name in passed}
                yield Made(batch["key"][number].as_py(), rest, made or None)


def _value(batch: Any, field: Any, number: int) -> Any:
    import numpy as np

    dtype = field.metadata[_DTYPE].decode()
    scalar = batch[field.name][number]
    if dtype == "json":
        return scalar.as_py()
    if field.name + SHAPE in batch.schema.names:
        shape = batch[field.name + SHAPE][number].as_py()
        return as_made(scalar.values.to_numpy(zero_copy_only=False).reshape(shape), dtype)
    if hasattr(scalar, "to_numpy"):
        return as_made(scalar.to_numpy(), dtype)
    return as_made(np.asarray(scalar.as_py(), Column(dtype, ()).stored), dtype)


class _Writer(Writer):
    """Rows are kept until there are enough for a group of rows; the types of columns are those of the first group."""

    def __init__(self, file: BinaryIO, columns: Mapping[str, Column], rows: int) -> None:
        self.file, self.columns, self.most = file, dict(columns), rows
        self.kept: list[Made] = []
        self.held = 0
        self.writer: Any = None

    def add(self, row: Made) -> None:
        self.kept.append(row)
        self.held += sum(value.nbytes for value in row.arrays.values())
        if len(self.kept) >= self.most or self.held >= MOST_BYTES:
            self._write()

    def finish(self) -> None:
        if self.kept or self.writer is None:
            self._write()
        self.writer.close()

    def _write(self) -> None:
        import pyarrow
        import pyarrow.parquet

        rows, self.kept, self.held = self.kept, [], 0
        for row in rows:
            for name, value in (row.outputs or {}).items():
                self.columns.setdefault(name, kind_of(value))
        columns = [(pyarrow.field("key", pyarrow.string()), pyarrow.array([row.key for row in rows], "string"))]
        for name in dict.fromkeys(name for row in rows for name in row.columns):
            array = _passed([row.columns.get(name) for row in rows])
            columns.append((pyarrow.field(name, array.type), array))
        for name, column in self.columns.items():
            columns += stored(name, column, [(row.outputs or {}).get(name) for row in rows])
        table = pyarrow.table([array for _, array in columns], schema=pyarrow.schema([field for field, _ in columns]))
        if self.writer is None:
            # The floats of images do not get smaller by compression or a dictionary; bytes, which parquet knows as
            # integers of 32 bits alone, are one byte each as numbers of a dictionary's entries.
            small = [
                name if column.shape == () else f"{name}.list.element"
                for name, column in self.columns.items()
                if column.stored == "uint8"
            ]
            self.writer = pyarrow.parquet.ParquetWriter(
                self.file, table.schema, compression="none", use_dictionary=small, write_statistics=False
            )
        schema = self.writer.schema
        self.writer.write_table(table if table.schema == schema else table.select(schema.names).cast(schema))
        del table, columns
        pyarrow.default_memory_pool().release_unused()  # for others: groups of rows differ in size


def _passed(values: list[Any]) -> Any:
    """What passes through, of the type that it has in the source."""
    import pyarrow

    types = [value.type for value in values if hasattr(value, "as_py")]
    return pyarrow.array([python(value) for value in values], types[0] if types else None)


def stored(name: str, column: Column, values: list[Any]) -> Iterator[tuple[Any, Any]]:
    """The fields and arrays of one output."""
    import numpy as np
    import pyarrow

    about = {_DTYPE: column.dtype.encode()}
    if column.dtype == "json":
        yield pyarrow.field(name, pyarrow.string(), metadata=about), pyarrow.array(values, "string")
        return
    item = pyarrow.from_numpy_dtype(np.dtype(column.stored))
    arrays = [None if value is None else np.ascontiguousarray(as_stored(value)) for value in values]
    missing = [array is None for array in arrays]
    if column.shape == ():
        plain = pyarrow.array([None if array is None else array.item() for array in arrays], item)
        yield pyarrow.field(name, item, metadata=about), plain
        return
    if column.shape is not None:
        empty = np.zeros(int(np.prod(column.shape)), column.stored)
        whole = _joined([empty if array is None else array.reshape(-1) for array in arrays], empty[:0])
        kind = pyarrow.fixed_shape_tensor(item, column.shape)
        lists = pyarrow.FixedSizeListArray.from_arrays(
            pyarrow.array(whole), empty.size, mask=pyarrow.array(missing, "bool")
        )
        yield pyarrow.field(name, kind, metadata=about), pyarrow.ExtensionArray.from_storage(kind, lists)
        return
    ends = np.cumsum([0, *(0 if array is None else array.size for array in arrays)])
    whole = _joined([array.reshape(-1) for array in arrays if array is not None], np.zeros(0, column.stored))
    offsets = pyarrow.array(ends, "int64", mask=np.array([*missing, False]))
    values_of = pyarrow.LargeListArray.from_arrays(offsets, pyarrow.array(whole, item))
    yield pyarrow.field(name, values_of.type, metadata=about), values_of
    shapes, kind = [None if array is None else array.shape for array in arrays], pyarrow.list_(pyarrow.int32())
    yield pyarrow.field(name + SHAPE, kind), pyarrow.array(shapes, kind)


def _joined(arrays: list[Any], otherwise: Any) -> Any:
    """Arrays one after the other; one alone is not copied."""
    import numpy as np

    return np.concatenate(arrays) if len(arrays) > 1 else (arrays or [otherwise])[0]
