"""What a format of shards offers: a file is written row by row, and read row by row."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, ClassVar, Self

from ..columns import Column, as_made, as_stored

MOST_BYTES = 16 << 20
"""Of rows that a writer keeps, whatever their number."""


@dataclass
class Made:
    """A row of a shard.

    Attributes:
        key: of the row in the source.
        columns: what passed through.
        outputs: arrays by name, and text of JSON where an output holds no numbers; None for an image that could not be
            processed.
    """

    key: str
    columns: dict[str, Any]
    outputs: dict[str, Any] | None

    @property
    def arrays(self) -> dict[str, Any]:
        """The outputs that are arrays."""
        return {name: value for name, value in (self.outputs or {}).items() if hasattr(value, "dtype")}


class Writer(ABC):
    """A shard that is written."""

    @abstractmethod
    def add(self, row: Made) -> None:
        """Write a row, or keep it until there are enough of them.

        Raises:
            OSError: there is no room.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write the rest."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:  # noqa: B027 (not every writer holds something)
        """Let go of what was opened; what `finish` has not written is lost."""


class Sink(ABC):
    """A format. Instances can be pickled."""

    suffix: ClassVar[str]
    """The ending of a shard's file name."""

    @abstractmethod
    def writer(self, file: BinaryIO, columns: Mapping[str, Column], rows: int) -> Writer:
        """What writes rows into an empty file that can be sought in.

        Args:
            file: of the shard.
            columns: the outputs that are known beforehand; others come as they are.
            rows: how many may be kept in memory.

        Raises:
            ImportError: the package that writes the format is missing.
        """

    @abstractmethod
    def read(self, file: BinaryIO) -> Iterator[Made]:
        """The rows of a shard, as they were written; what passed through as Python values."""


@dataclass
class Told:
    """What stands beside the arrays of a shard, or of a sample, as JSON.

    Attributes:
        key, columns: of each row.
        missing: the rows without outputs.
        dtypes: of the outputs, by name.
        text: outputs that are text, by row.
    """

    key: list[str] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    dtypes: dict[str, str] = field(default_factory=dict)
    text: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, row: Made) -> dict[str, Any]:
        """Note a row; its arrays, as they are stored."""
        number, arrays = len(self.key), row.arrays
        self.key.append(row.key)
        self.columns.append({name: _plain(python(value)) for name, value in row.columns.items()})
        if row.outputs is None:
            self.missing.append(number)
        elif len(arrays) < len(row.outputs):
            self.text[str(number)] = {name: value for name, value in row.outputs.items() if name not in arrays}
        self.dtypes |= {name: str(value.dtype) for name, value in arrays.items()}
        return {name: as_stored(value) for name, value in arrays.items()}

    def made(self, number: int, arrays: Mapping[str, Any]) -> Made:
        """The row of a number, from its arrays as they are stored."""
        outputs = {name: as_made(value, self.dtypes[name]) for name, value in arrays.items()}
        outputs |= self.text.get(str(number), {})
        return Made(self.key[number], self.columns[number], None if number in self.missing else outputs)

    def as_text(self) -> dict[str, str]:
        """Each field as JSON."""
        return {name: json.dumps(value) for name, value in asdict(self).items()}

    @classmethod
    def of_text(cls, told: Mapping[str, str]) -> Self:
        """What `as_text` gave."""
        return cls(**{name: json.loads(told[name]) for name in cls.__dataclass_fields__})


def python(value: Any) -> Any:
    """A scalar of Arrow as a Python value, and anything else as it is."""
    return value.as_py() if hasattr(value, "as_py") else value


def _plain(value: Any) -> Any:
    """A value that JSON knows: bytes as Latin-1 text, what else it does not know as text."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return str(value)
    return value
