"""`pixelprep map` and `pixelprep stats`: a data set into shards of tensors, and what it would cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from ..data import Report, Statistics

MAP_EXAMPLES = (
    "\b\nExamples:\n"
    "  pixelprep map clip photos/ -o shards/\n"
    "  pixelprep map qwen2_vl 'data/*.parquet' -o shards/ --column image --sink safetensors\n"
    "  pixelprep map siglip 'shards/{000..127}.tar' -o s3://bucket/out --dtype uint8\n"
    "  find photos -name '*.jpg' | pixelprep map clip - -o shards/ --on-error null\n"
    "  pixelprep map clip photos/ -o /shared/shards --runner ray --address auto\n\n"
    "\b\nRead it back:\n"
    "  from pixelprep import data; rows = data.read('shards/')\n\n"
    "The exit status is 0 if all rows are there, 1 if some failed or it could not be written, 2 for a wrong command, "
    "130 after Ctrl-C."
)
STATS_EXAMPLES = (
    "\b\nExamples:\n  pixelprep stats qwen2_vl photos/\n  pixelprep stats qwen2_vl 'data/*.parquet' --draw tokens.png"
)
MOST_FAILED = 10
"""Rows that failed and are printed; all of them are in `errors.jsonl`."""
BAR = 40

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Folder, JSON file, family, model type or hub id.")]
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder, in depth; a pattern such as 'photos/**/*.jpg'; parquet, Arrow, feather or tar files; a .txt "
        "file of paths or URLs, or - for such lines; a saved data set, or datasets:NAME. fsspec URLs too.",
    ),
]
Column = Annotated[str | None, typer.Option(help="Column of a table, or ending of a tar's members, with the images.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Replace a setting of the processor. Repeatable.")
]
Progress = Callable[[int, int, int | None], None]


def map_data(
    model: Model,
    source: Source,
    output: Annotated[str, typer.Option("--output", "-o", metavar="DEST", help="Folder or fsspec URL of the shards.")],
    sink: Annotated[str, typer.Option(help="parquet, safetensors, webdataset, zarr.")] = "parquet",
    runner: Annotated[str, typer.Option(help="local, or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster; one of this machine if not given.")] = None,
    backend: Annotated[str | None, typer.Option(help="native, torchvision, pil, ...")] = None,
    column: Column = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads or processes; one for each core.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Rows that a worker keeps before they are written.")] = 64,
    shard: Annotated[int, typer.Option(min=1, help="Rows of a shard; a tar file becomes one shard.")] = 500,
    on_error: Annotated[
        str, typer.Option(metavar="skip|stop|null", help="What becomes of a row that cannot be processed.")
    ] = "skip",
    dtype: Annotated[
        str | None, typer.Option(help="Of the floats; or uint8: a quarter of the size, finished when read.")
    ] = None,
    video: Annotated[bool, typer.Option("--video", help="Take the model's video processor, and video files.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make everything anew.")] = False,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Turn a data set into shards of tensors, what a call gives for each image alone.

    Memory follows the workers and the batch, not the data set. Shards are written whole or not at all; started again,
    the command goes on where it stopped. An image that cannot be read costs its row, which errors.jsonl tells of.
    """
    from . import FAILED, USAGE, errors_as_lines, parse_settings

    with errors_as_lines(USAGE):
        from ..data import map as map_source
        from ..data.mapping import processor_of

        kind = "Video" if video else "Image"
        processor = processor_of(model, backend, parse_settings(settings or []) | _typed(dtype), kind)
    with errors_as_lines(FAILED, "what is finished is kept: run the same command to go on"), _bar() as progress:
        report = map_source(
            processor,
            source,
            output,
            sink=sink,
            runner=runner,
            column=column,
            workers=workers,
            batch=batch,
            shard=shard,
            on_error=_on_error(on_error),
            dtype=dtype if dtype == "uint8" else None,
            overwrite=overwrite,
            address=address,
            progress=progress,
        )
    _print_report(report, output, as_json)
    if report.failed:
        raise typer.Exit(FAILED)


def _typed(dtype: str | None) -> dict[str, Any]:
    return {} if dtype in (None, "uint8") else {"dtype": dtype}


def _on_error(text: str) -> Literal["skip", "stop", "null"]:
    if text not in ("skip", "stop", "null"):
        raise typer.BadParameter(f"{text!r} is neither skip, stop nor null", param_hint="--on-error")
    return text  # type: ignore[return-value]


def _print_report(report: Report, output: str, as_json: bool) -> None:
    if as_json:
        failed = [{"part": part, "key": key, "reason": reason} for part, key, reason in report.failed]
        told = {**vars(report), "failed": failed, "limited_by": report.limited_by, "output": output}
        typer.echo(json.dumps(told, indent=2))
        return
    for _, key, reason in report.failed[:MOST_FAILED]:
        typer.echo(f"pixelprep: {key}: {reason}", err=True)
    if len(report.failed) > MOST_FAILED:
        typer.echo(f"pixelprep: and {len(report.failed) - MOST_FAILED} more; see {output}/errors.jsonl", err=True)
    typer.echo(f"{output}: {report.shards} shards; {report}")


def stats(
    model: Model,
    source: Source,
    column: Column = None,
    draw: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the histogram into a PNG file.")] = None,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a histogram.")] = False,
) -> None:
    """Tell what a data set would cost, from the headers of its images: sizes, tokens, bytes, and what would fail."""
    from rich.filesize import decimal

    from . import FAILED, USAGE, errors_as_lines, load_processor, parse_settings

    with errors_as_lines(USAGE):
        processor = load_processor(model, "shape", parse_settings(settings or []))
    with errors_as_lines(FAILED), _bar() as progress:
        from ..data import stats as read_headers

        found = read_headers(processor, source, column=column, progress=progress)
        if draw is not None:
            _draw(found, draw)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
        return
    for key, reason in found.failed[:MOST_FAILED]:
        typer.echo(f"pixelprep: {key}: {reason}", err=True)
    typer.echo(f"{found.images:,} images of {len(found.sizes):,} sizes; {len(found.failed):,} would fail")
    typer.echo(f"outputs: {decimal(found.nbytes)}")
    if not found.tokens:
        typer.echo(found.tokens_unknown or "no image, no tokens")
        return
    mean = found.total_tokens / found.images
    typer.echo(f"feature tokens: {found.total_tokens:,} in all, {mean:,.1f} of an image")
    rows = found.histogram()
    most = max(images for *_, images in rows)
    wide = max(len(f"{high:,}") for _, high, _ in rows)
    for low, high, images in rows:
        typer.echo(f"{low:>{wide},} to {high:>{wide},}  {'█' * round(BAR * images / most):<{BAR}} {images:,}")


def _as_json(found: Statistics) -> dict[str, Any]:
    return {
        "images": found.images,
        "sizes": [{"height": h, "width": w, "images": count} for (h, w), count in sorted(found.sizes.items())],
        "tokens": found.total_tokens if found.tokens else None,
        "tokens_unknown": found.tokens_unknown,
        "histogram": [{"from": low, "to": high, "images": count} for low, high, count in found.histogram()],
        "bytes": found.nbytes,
        "failed": [{"key": key, "reason": reason} for key, reason in found.failed],
    }


def _draw(found: Statistics, path: Path) -> None:
    """The histogram as a picture."""
    import PIL.Image
    import PIL.ImageDraw

    rows = found.histogram(40)
    if not rows:
        raise ValueError(f"there is no histogram of tokens to draw: {found.tokens_unknown or 'no image'}")
    picture = PIL.Image.new("RGB", (840, 320), "white")
    pen, most = PIL.ImageDraw.Draw(picture), max(images for *_, images in rows)
    step = 800 // len(rows)
    for number, (_, _, images) in enumerate(rows):
        left = 20 + number * step
        pen.rectangle((left, 280 - 240 * images // most, left + step - 2, 280), fill=(70, 110, 170))
    pen.text((20, 290), f"{rows[0][0]:,} tokens", fill="black")
    pen.text((820, 290), f"{rows[-1][1]:,} tokens", fill="black", anchor="ra")
    pen.text((20, 10), f"{found.images:,} images, at most {most:,} in a bar", fill="black")
    picture.save(path)


@contextmanager
def _bar() -> Iterator[Progress | None]:
    """A bar with rows a second, time left and errors, on the error output if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[errors]} failed"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, speed="0", errors=0)

        def told(done: int, failed: int, total: int | None) -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task, completed=done + failed, total=total, errors=failed, speed=f"{speed:,.0f}" if speed else "-"
            )

        yield told
