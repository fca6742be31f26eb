"""Zarr: arrays in a zip file for each shard."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ...core.extras import required
from ..columns import Column, kind_of
from .safetensors import folder_beside
from .sink import Made, Sink, Told, Writer


class Zarr(Sink):
    """One zip store for each shard. An output of one shape is an array `(rows, ...)` with a chunk for each row; another
    is a group of arrays `0`, `1`, ... by row. The attributes hold `key`, `columns`, `missing`, `dtypes` and `text`."""

    suffix = ".zarr.zip"

    def writer(self, file: BinaryIO, columns: Mapping[str, Column], rows: int) -> Writer:
        required("zarr", "writing zarr shards")
        return _Writer(file, columns)

    def read(self, file: BinaryIO) -> Iterator[Made]:
        zarr = required("zarr", "reading zarr shards")
        with tempfile.TemporaryDirectory(prefix="pixelprep-") as folder:
            path = os.path.join(folder, "shard.zip")
            with open(path, "wb") as copy:
                shutil.copyfileobj(file, copy)
            with zarr.storage.ZipStore(path, mode="r") as store:
                group = zarr.open_group(store, mode="r")
                told = Told.of_text(group.attrs)
                for number in range(len(told.key)):
                    arrays: dict[str, Any] = {}
                    for name in told.dtypes if number not in told.missing else ():
                        found = group[name]
                        if isinstance(found, zarr.Array):
                            arrays[name] = found[number]
                        elif str(number) in found:
                            arrays[name] = found[str(number)][...]
                    yield told.made(number, arrays)


class _Writer(Writer):
    """A folder first, for an array in a zip file cannot grow."""

    def __init__(self, file: BinaryIO, columns: Mapping[str, Column]) -> None:
        import zarr

        self.file, self.told, self.columns = file, Told(), dict(columns)
        self.folder = folder_beside(file)
        self.group = zarr.create_group(self.folder.name)
        self.made: dict[str, Any] = {}

    def add(self, row: Made) -> None:
        number = len(self.told.key)
        for name, value in self.told.add(row).items():
            shape = self.columns.setdefault(name, kind_of(row.arrays[name])).shape
            if name not in self.made:
                self.made[name] = (
                    self.group.create_group(name)
                    if shape is None
                    else self.group.create_array(
                        name, shape=(0, *shape), chunks=(1, *shape), dtype=value.dtype, compressors=None
                    )
                )
            if shape is None:
                self.made[name].create_array(str(number), data=value, compressors=None)
            else:
                self.made[name].resize((number + 1, *shape))
                self.made[name][number] = value

    def finish(self) -> None:
        self.group.attrs.update(self.told.as_text())
        folder = Path(self.folder.name)
        with zipfile.ZipFile(self.file, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes())

    def __exit__(self, *error: object) -> None:
        self.folder.cleanup()
