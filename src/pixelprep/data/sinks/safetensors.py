"""Safetensors: one tensor for each output, rows one after the other."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from ...core.safetensors import TYPES, head
from ..columns import Column, kind_of
from .sink import Made, Sink, Told, Writer

SHAPE = ".shape"


class Safetensors(Sink):
    """One file for each shard.

    An output of one shape is a tensor `(rows, ...)`; another is the values of all rows in one axis beside `NAME.shape`,
    int64 `(rows, axes)`. The metadata holds `key`, `columns` (what passed through, as JSON) and `missing`, the rows
    without outputs, which are zeros, or empty where shapes differ.
    """

    suffix = ".safetensors"

    def writer(self, file: BinaryIO, columns: Mapping[str, Column], rows: int) -> Writer:
        return _Writer(file, columns)

    def read(self, file: BinaryIO) -> Iterator[Made]:
        import numpy as np

        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        told, names = Told.of_text(header.pop("__metadata__")), {short: name for name, short in TYPES.items()}

        def values(entry: Mapping[str, Any], first: int, count: int) -> Any:
            dtype = np.dtype(Column(names[entry["dtype"]], ()).stored)
            file.seek(8 + size + entry["data_offsets"][0] + first * dtype.itemsize)
            return np.frombuffer(file.read(count * dtype.itemsize), dtype)

        shapes = {
            name: values(entry, 0, int(np.prod(entry["shape"]))).reshape(entry["shape"])
            for name, entry in header.items()
            if name.endswith(SHAPE)
        }
        starts = dict.fromkeys(header, 0)
        for number in range(len(told.key)):
            arrays = {}
            for name in told.dtypes:
                shape = shapes[name + SHAPE][number] if name + SHAPE in shapes else header[name]["shape"][1:]
                count = int(np.prod(shape))
                arrays[name] = values(header[name], starts[name], count).reshape(shape)
                starts[name] += count
            yield told.made(number, arrays)


class _Writer(Writer):
    """Each output waits in a file of its own, for the header stands before all of them and tells of their lengths."""

    def __init__(self, file: BinaryIO, columns: Mapping[str, Column]) -> None:
        self.file, self.told = file, Told()
        self.columns = {name: column for name, column in columns.items() if column.dtype != "json"}
        self.folder = folder_beside(file)
        self.waiting: dict[str, BinaryIO] = {}
        self.shapes: dict[str, list[tuple[int, ...]]] = {}

    def add(self, row: Made) -> None:
        import numpy as np

        number, arrays = len(self.told.key), self.told.add(row)
        for name, value in row.arrays.items():
            self.columns.setdefault(name, kind_of(value))
        for name, column in self.columns.items():
            shape = (0,) if column.shape is None else column.shape
            array = np.ascontiguousarray(arrays.get(name, np.zeros(shape, column.stored)))
            if name not in self.waiting:
                path = os.path.join(self.folder.name, str(len(self.waiting)))
                self.waiting[name], self.shapes[name] = open(path, "w+b"), [(0,)] * number  # noqa: SIM115
            self.shapes[name].append(arrays[name].shape if name in arrays else shape)
            self.waiting[name].write(array.reshape(-1).view(np.uint8).data if array.size else b"")

    def finish(self) -> None:
        import numpy as np

        self.told.dtypes = {name: self.columns[name].dtype for name in self.waiting}
        tensors: dict[str, Any] = {}
        behind: dict[str, bytes] = {}
        position = 0

        def tell(name: str, dtype: str, shape: list[int], length: int) -> None:
            nonlocal position
            tensors[name] = {"dtype": TYPES[dtype], "shape": shape, "data_offsets": [position, position + length]}
            position += length

        for name, file in self.waiting.items():
            column, told = self.columns[name], self.shapes[name]
            length = file.seek(0, os.SEEK_END)
            if column.shape is not None:
                tell(name, column.dtype, [len(told), *column.shape], length)
                continue
            tell(name, column.dtype, [length // np.dtype(column.stored).itemsize], length)
            axes = max(map(len, told))
            shapes = np.array([shape + (1,) * (axes - len(shape)) for shape in told], np.int64)
            tell(name + SHAPE, "int64", [len(told), axes], shapes.nbytes)
            behind[name] = shapes.tobytes()
        self.file.write(head(self.told.as_text(), tensors))
        for name, file in self.waiting.items():
            file.seek(0)
            shutil.copyfileobj(file, self.file, 1 << 20)
            self.file.write(behind.get(name, b""))

    def __exit__(self, *error: object) -> None:
        for file in self.waiting.values():
            file.close()
        self.folder.cleanup()


def folder_beside(file: BinaryIO) -> tempfile.TemporaryDirectory[str]:
    """A folder for what waits, where the file is, so that there is room for both or for none."""
    return tempfile.TemporaryDirectory(prefix=".waiting-", dir=os.path.dirname(file.name) or None)
