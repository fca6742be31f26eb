"""A data set from end to end: `map` reads a source, makes shards of tensors, and can be gone on with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from ..auto import processor_named
from .columns import Columns
from .files import joined, opened
from .manifest import Manifest, read_manifest
from .rows import Part, Source, total_rows
from .runners import runner_of
from .sinks import sink_of
from .sinks.sink import Made, Sink
from .sources import source_of
from .work import STAGES, OnError, Work

Progress = Callable[[int, int, int | None], None]
"""Told of rows done and failed so far, and of all rows where their number is known."""


@dataclass
class Report:
    """What became of a data set.

    Attributes:
        rows: that are in the shards of this run.
        failed: part, key and reason of each row of this run that could not be processed.
        skipped: rows in shards that an earlier run had made.
        shards: that are there in all.
        seconds: that this run took.
        stages: seconds by stage, summed over workers: reading, decoding, pixels, writing.
    """

    rows: int = 0
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    skipped: int = 0
    shards: int = 0
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    def add(self, entry: Mapping[str, Any], on_error: OnError) -> None:
        """Count a part's shard in."""
        failed = [(entry["part"], key, reason) for key, reason in entry["failed"]]
        self.rows += entry["rows"] - (len(failed) if on_error == "null" else 0)
        self.failed += failed
        for stage, seconds in entry["seconds"].items():
            self.stages[stage] += seconds

    @property
    def limited_by(self) -> str:
        """The stage that took most of the time."""
        return max(self.stages, key=lambda stage: self.stages[stage])

    def __str__(self) -> str:
        speed = self.rows / self.seconds if self.seconds else 0.0
        parts = [f"{self.rows:,} rows in {self.seconds:.1f} s, {speed:,.0f} a second"]
        if self.failed:
            parts.append(f"{len(self.failed):,} failed")
        if self.skipped:
            parts.append(f"{self.skipped:,} were there already")
        busy = sum(self.stages.values())
        if busy:
            shares = (f"{stage} {100 * seconds / busy:.0f} %" for stage, seconds in self.stages.items())
            parts.append(f"limited by {self.limited_by} ({', '.join(shares)})")
        return "; ".join(parts)


def map(
    model: Any,
    source: Any,
    destination: str | os.PathLike[str],
    *,
    sink: str | Sink = "parquet",
    runner: str = "local",
    backend: str | None = None,
    column: str | None = None,
    workers: int | None = None,
    batch: int = 64,
    shard: int = 500,
    on_error: OnError = "skip",
    dtype: Literal["uint8"] | str | None = None,
    overwrite: bool = False,
    address: str | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Report:
    """Turn a data set into shards of tensors: what a call gives for each image alone, to the bit.

    Shards are written whole or not at all, in the order of the source, and do not depend on workers or runner. A second
    call goes on where the first stopped.

    Args:
        model: image or video processor; or a folder, JSON file, family, model type or hub id, which mean the image
            processor.
        source: see `sources.source_of`.
        destination: folder or fsspec URL; gets the shards, `manifest.jsonl` and, if rows failed, `errors.jsonl`.
        sink: "parquet", "safetensors", "webdataset", "zarr", or one that a package announces.
        runner: "local" or "ray".
        backend: that runs a model given by name; "native" where it is installed if not given.
        column: of a table, the one with images.
        workers: threads, processes or actors; one for each core if not given.
        batch: rows that a worker may keep before they are written; 16 MB of them are written whatever their number.
        shard: rows of a shard, where the source can be cut anywhere.
        on_error: what becomes of a row that cannot be processed: "skip" leaves it out, "null" keeps it without
            outputs, "stop" ends it all.
        dtype: of the floats; or "uint8" for the first half of each call, which is a quarter as large:
            `read(finish=True)` and `Plan.finish` make values of it.
        overwrite: make everything anew, whatever is there.
        address: of a Ray cluster.
        progress: see `Progress`.
        settings: of a model given by name.

    Raises:
        ValueError: nothing is in the source; or the destination was made in another way, or of another source.
        RowError: a row cannot be processed, and `on_error` is "stop". OSError: nothing can be written there.
        SplitError: "uint8" of a family whose bytes are not the last word. ImportError: a package is missing.
    """
    began = time.perf_counter()
    _check(batch=batch, shard=shard, workers=1 if workers is None else workers)
    processor = processor_of(model, backend, settings | ({} if dtype in (None, "uint8") else {"dtype": dtype}))
    chosen: Source = source_of(source, column=column, kind=processor.kind)
    work = Work(processor, chosen, sink_of(sink), os.fspath(destination), on_error, batch, dtype == "uint8")
    run = partial(runner_of(runner), **({} if address is None else {"address": address}))
    parts = chosen.parts(shard)
    manifest = Manifest(work.destination, how_of(work), parts, overwrite=overwrite)
    report = Report(skipped=sum(entry["rows"] for entry in manifest.done.values()))
    todo = [part for part in parts if part.number not in manifest.done]
    try:
        for entry in run(work, todo, workers, _told(progress, todo)):
            manifest.add(entry)
            report.add(entry, on_error)
    finally:
        manifest.finish(parts)
    report.failed.sort()
    report.shards, report.seconds = len(manifest.done), time.perf_counter() - began
    return report


def _check(**numbers: Any) -> None:
    for name, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ValueError(f"`{name}` is a whole number from 1, not {number!r}")


def _told(progress: Progress | None, parts: list[Part]) -> Callable[[int, int], None]:
    """What runners tell of rows, summed up."""
    total, seen = total_rows(parts), [0, 0]

    def tick(done: int, failed: int) -> None:
        seen[0] += done
        seen[1] += failed
        if progress is not None:
            progress(seen[0], seen[1], total)

    return tick


def processor_of(model: Any, backend: str | None, settings: dict[str, Any], kind: str = "Image") -> Any:
    """A processor, or the one that a model's name or files mean, on native where it is installed.

    Raises:
        TypeError: settings beside a processor, which has its own. Else as `processor_named`.
    """
    if isinstance(model, (str, os.PathLike)):
        from ..ops import why_not

        if backend is None and not os.environ.get("PIXELPREP_BACKEND") and why_not("native") is None:
            backend = "native"
        return processor_named(os.fspath(model), backend, settings, kind)
    if settings or backend is not None:
        raise TypeError(
            f"{type(model).__name__} has its settings and its backend; backend= and other settings are for models that "
            "are given by name"
        )
    return model


def how_of(work: Work) -> dict[str, Any]:
    """What decides about the shards, as JSON values.

    Raises:
        SplitError, NeedsPixelsError: bytes of a family whose bytes are not the last word.
    """
    _ = work.columns  # what cannot be done at all is said before anything is written
    from ..core.version import __version__

    processor = work.processor
    return {
        "pixelprep": __version__,
        "processor": type(processor).plain_name(),
        "kind": processor.kind,
        "settings": processor.to_dict(),
        "backend": type(processor).backend,
        "sink": type(work.sink).__name__,
        "bytes": work.in_bytes,
        "on_error": work.on_error,
    }


def read(destination: str | os.PathLike[str], *, finish: bool = False, sink: Sink | None = None) -> Iterator[Made]:
    """The rows of a destination, in order.

    Args:
        destination: that `map` wrote.
        finish: whether bytes of `dtype="uint8"` become the values that the call would have given.
        sink: that reads a format of which no package here knows.

    Yields:
        Rows: `key`, `columns` (what passed through), and `outputs`, NumPy arrays by name; None for a row that failed.

    Raises:
        FileNotFoundError: no manifest is there.
    """
    folder = os.fspath(destination)
    how, entries = read_manifest(folder)
    reads = sink or sink_of(how["sink"].lower())
    again = _Finish(how) if finish and how["bytes"] else None
    for entry in entries:
        with opened(joined(folder, entry["file"])) as file:
            for row in reads.read(file):
                yield row if again is None else again(row)


class _Finish:
    """The second half of the calls that a destination holds the first half of."""

    def __init__(self, how: dict[str, Any]) -> None:
        self.processor = processor_named(how["processor"], how["backend"], {}, how["kind"]).from_dict(how["settings"])
        self.columns = Columns(self.processor)
        self.plans: dict[tuple[int, int], Any] = {}

    def __call__(self, row: Made) -> Made:
        if row.outputs is None:
            return row
        outputs = dict(row.outputs)
        size = int(outputs.pop("height")), int(outputs.pop("width"))
        if size not in self.plans:
            self.plans[size] = self.processor.plan([size])
        plan = self.plans[size]
        given = {
            name: outputs[name]
            if name not in self.columns.counted
            else [outputs[name]]
            if told.entries
            else outputs[name][None]
            for name, told in plan.outputs.items()
        }
        made = plan.finish(given)
        values = {name: value[0] if name in self.columns.counted else value for name, value in made.items()}
        return Made(row.key, row.columns, values)
