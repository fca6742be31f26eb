"""Webdataset shards: a tar file with a `.npy` for each output of each row, and a `.json` of what passed through."""

from __future__ import annotations

import io
import itertools
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

from ...core.extras import required
from ..columns import Column
from .sink import Made, Sink, Told, Writer


class WebDataset(Sink):
    """One tar file for each shard. A sample is `NUMBER.json`, with its `key`, `columns` and `dtypes` (of a list of one
    row), and `NUMBER.OUTPUT.npy`; bfloat16 is stored as uint16 bits, bool as uint8. A row without outputs has its
    `.json` alone."""

    suffix = ".tar"

    def writer(self, file: BinaryIO, columns: Mapping[str, Column], rows: int) -> Writer:
        return _Writer(file)

    def read(self, file: BinaryIO) -> Iterator[Made]:
        import numpy as np

        with tarfile.open(fileobj=file, mode="r|") as archive:
            for _, members in itertools.groupby(archive, lambda member: member.name.partition(".")[0]):
                contents = {}
                for member in members:
                    content = archive.extractfile(member)
                    assert content is not None, f"{member.name} is no file"
                    contents[member.name.partition(".")[2]] = content.read()
                told = Told(**json.loads(contents.pop("json")))
                yield told.made(
                    0, {name.removesuffix(".npy"): np.load(io.BytesIO(data)) for name, data in contents.items()}
                )


class _Writer(Writer):
    def __init__(self, file: BinaryIO) -> None:
        library = required("webdataset", "writing webdataset shards")
        self.archive = library.TarWriter(file, mtime=0)  # the same bytes whenever it is written
        self.rows = 0

    def add(self, row: Made) -> None:
        import numpy as np

        told = Told()
        sample: dict[str, Any] = {"__key__": f"{self.rows:08d}", "json": b""}
        for name, value in told.add(row).items():
            buffer = io.BytesIO()
            np.save(buffer, value)
            sample[f"{name}.npy"] = buffer.getvalue()
        sample["json"] = json.dumps(asdict(told)).encode()
        self.archive.write(sample)
        self.rows += 1

    def finish(self) -> None:
        self.archive.close()
