"""One part of a data set made into one shard: what runs in every thread, process and actor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import Any, Literal

from ..core.errors import bare_reason
from ..core.threads import LateImage
from ..image_utils import is_collection, is_valid_image
from ..images.limits import get_decode_limits
from ..images.rows import unpacked
from ..images.sources import open_source
from .columns import Columns
from .files import joined, written_whole
from .rows import Part, Row, Source, present
from .sinks.sink import Made, Sink

OnError = Literal["skip", "stop", "null"]
STAGES = ("reading", "decoding", "pixels", "writing")
"""Where time goes. Of videos, decoding belongs to their pixels."""


class RowError(ValueError):
    """A row that cannot be processed, where such a row ends it all."""


class Stopped(Exception):  # noqa: N818 (no fault)
    """Somebody asked for an end."""


@dataclass
class Work:
    """How parts become shards. Can be pickled.

    Attributes:
        processor: image or video processor.
        source: of the parts.
        sink: format of the shards.
        destination: folder or URL.
        on_error: what becomes of a row that cannot be processed: left out, the end, or a row without outputs.
        batch: rows that a writer may keep in memory.
        in_bytes: whether rows hold the bytes that a plan finishes.
    """

    processor: Any
    source: Source
    sink: Sink
    destination: str
    on_error: OnError = "skip"
    batch: int = 64
    in_bytes: bool = False

    def __post_init__(self) -> None:
        if self.on_error not in ("skip", "stop", "null"):
            raise ValueError(f'`on_error` is "skip", "stop" or "null", not {self.on_error!r}')

    @cached_property
    def columns(self) -> Columns:
        """What each row becomes."""
        return Columns(self.processor, self.in_bytes)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "columns"}

    def make(self, part: Part, tick: Callable[[int, int], None] = lambda done, failed: None) -> dict[str, Any]:
        """Make one part's shard.

        Args:
            part: of the source.
            tick: told after each row how many were done and how many failed: (1, 0) or (0, 1); it may raise `Stopped`.

        Returns:
            What the manifest says of it.

        Raises:
            RowError: a row cannot be processed, and `on_error` is "stop". OSError: the shard cannot be written.
        """
        clock, failed, rows = Clock(), [], 0
        name = f"shard-{part.number:05d}{self.sink.suffix}"
        with (
            written_whole(joined(self.destination, name)) as file,
            self.sink.writer(file, self.columns.known, self.batch) as writer,
        ):
            for row, error in self._read(part, clock):
                made = None
                if error is None:
                    try:
                        made = self._made(row, clock)
                    except ImportError:
                        raise
                    except Exception as problem:
                        error = problem
                tick(int(error is None), int(error is not None))
                if error is not None:
                    failed.append([row.key, reason_of(error)])
                    if self.on_error == "stop":
                        raise RowError(f"part {part.number}, {row.key}: {reason_of(error)}") from error
                    if self.on_error == "skip":
                        continue
                with clock.of("writing"):
                    writer.add(Made(row.key, row.columns, made))
                rows += 1
            with clock.of("writing"):
                writer.finish()
        return {
            "part": part.number,
            "file": name,
            "digest": part.digest,
            "rows": rows,
            "failed": failed,
            "seconds": {stage: round(clock.seconds[stage], 4) for stage in STAGES},
        }

    def _read(self, part: Part, clock: Clock) -> Iterator[tuple[Row, Exception | None]]:
        """The rows of a part; where reading breaks off, a last one says so."""
        rows = self.source.read(part.place)
        while True:
            try:
                with clock.of("reading"):
                    row = next(rows, None)
            except ImportError:
                raise
            except Exception as error:  # of the library that reads it
                yield Row(f"{part.place}"[:200], None), error
                return
            if row is None:
                return
            yield row, None

    def _made(self, row: Row, clock: Clock) -> dict[str, Any]:
        image = present(row.image)
        if getattr(self.processor, "kind", "Image") == "Image":
            with clock.of("reading"):
                image = _contents(image)
            with clock.of("decoding"):
                image = self.processor.fetch_images(image)
                if isinstance(image, LateImage):
                    image.decode(keep=True)
        with clock.of("pixels"):
            made = self.columns(image)
            self.columns.check(made)
        return made


def _contents(image: Any) -> Any:
    """A file's bytes, wherever they are; an image as it is."""
    image = unpacked(image)
    if is_valid_image(image) or is_collection(image):
        return image
    file, _ = open_source(image, get_decode_limits())
    if isinstance(file, BytesIO):
        return file
    with open(file, "rb") as stream:
        return BytesIO(stream.read())


@dataclass
class Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """What runs meanwhile belongs to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start


def reason_of(error: BaseException) -> str:
    """An error in one line, without the place that is told beside it."""
    text = " ".join(bare_reason(error).split()) or type(error).__name__
    return text if isinstance(error, (ValueError, TypeError, OSError)) else f"{type(error).__name__}: {text}"
