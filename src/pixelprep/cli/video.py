"""`pixelprep video`: videos into a file of tensors; and what `pixelprep plan` tells of a video."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.kinds import VIDEO_ENDINGS
from .outputs import outputs_table, told_output
from .tensor_files import Format

if TYPE_CHECKING:
    from ..plans import Plan

SIZE = re.compile(r"(\d{1,6})[xX](\d{1,6})[xX](\d{1,6})")
MOST_STEPS = 40
"""Rows of the table of frames."""


def is_video(argument: str) -> bool:
    """Whether an argument is a video: FRAMESxHEIGHTxWIDTH, a folder of frames, or what has the ending of one."""
    name = re.split(r"[?#]", argument, maxsplit=1)[0] if "://" in argument else argument
    return bool(SIZE.fullmatch(argument)) or os.path.isdir(argument) or name.lower().endswith(VIDEO_ENDINGS)


def video(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Folder or JSON file of a configuration, model type, or hub id.")
    ],
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="Files, URLs, or folders of frames.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; an older one is replaced.")],
    backend: Annotated[
        str | None, typer.Option(help="torchvision, native, pil, ...; see `pixelprep backends`.")
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Frames to take of each video.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames to take of each second.")] = None,
    rate: Annotated[float | None, typer.Option(help="Frames a second of folders, and of files that say none.")] = None,
    decoder: Annotated[str | None, typer.Option(help="pyav (the default), torchcodec, or an installed one.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Replace a setting; JSON, else text.")
    ] = None,
    format: Annotated[
        Format | None, typer.Option(help="File format; told from the ending of the output if not given.")
    ] = None,
    each: Annotated[
        bool,
        typer.Option("--each", help="Process each video alone; needs memory for one video, however many there are."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Turn videos into a file of tensors.

    The file is that of `pixelprep process`; its metadata hold `videos`, the settings as `video_processor`, and
    `video_metadata`: for each video its length, rate and size, the frames that were taken and when they are shown.
    """
    from . import FAILED, USAGE, _check_output, _write_tensors, errors_as_lines, load_processor, parse_settings

    chosen = _check_output(output, format)
    with errors_as_lines(USAGE):
        processor = load_processor(model, backend, parse_settings(settings or []), "Video")

    def options(count: int) -> dict[str, Any]:
        return {**call_options(frames, fps, rate, decoder, count), "return_metadata": True}

    with errors_as_lines(FAILED), _progress(processor, videos, options(1)):
        result = _write_tensors(processor, videos, output, chosen, each, load=lambda source: source, options=options)
    _report(result, processor, output, chosen, as_json)
    if result.failures:
        raise typer.Exit(FAILED)


def call_options(
    frames: int | None, fps: float | None, rate: float | None, decoder: str | None, count: int = 1
) -> dict[str, Any]:
    """What a call with so many videos gets of the options of a command."""
    given = {"num_frames": frames, "fps": fps, "decoder": decoder}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return options if rate is None else {**options, "video_metadata": [{"fps": rate}] * count}


def _report(result: Any, processor: Any, output: Path, chosen: Format, as_json: bool) -> None:
    from . import _count, _describe, _print_tensors

    for name, reason in result.failures:
        typer.echo(f"pixelprep: {name}: {reason}", err=True)
    if as_json:
        report = {
            "output": str(output) if result.images else None,
            "format": chosen.value,
            "video_processor": type(processor).plain_name(),
            "backend": type(processor).backend,
            "videos": [{"video": name, **known} for name, known in zip(result.images, result.videos, strict=True)],
            "failures": [{"video": name, "reason": reason} for name, reason in result.failures],
            "tensors": {
                name: {"shape": tensor.shape, "dtype": tensor.dtype, "bytes": tensor.nbytes}
                for name, tensor in result.tensors.items()
            },
        }
        typer.echo(json.dumps(report, indent=2))
    elif not result.images:
        typer.echo("pixelprep: no video could be processed; nothing was written", err=True)
    else:
        typer.echo(f"{output}: {_count(len(result.images), 'video')} by {_describe(processor)}")
        for name, known in zip(result.images, result.videos, strict=True):
            typer.echo(f"  {name}: {len(known['frames_indices'])} of {known['total_num_frames']} frames")
        _print_tensors(result)


@contextmanager
def _progress(processor: Any, videos: list[str], options: Mapping[str, Any]) -> Iterator[None]:
    """A bar of the frames that are decoded, on the error output if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..videos.opening import watched

    total = 0
    for source in videos:
        try:
            total += len(processor.plan(source, **options).videos[0].indices)
        except (ValueError, TypeError, ImportError):  # which the call will report
            continue
    columns = TextColumn("Frames"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Frames", total=total or None)
        with watched(lambda: bar.advance(task)):
            yield


# ------------------------------------------------------------------------------------------------------------- plans


def describe_video(plan: Plan, name: str) -> dict[str, Any]:
    """What a plan of one video says, as JSON values."""
    (told,) = plan.videos
    height, width = plan.inputs[0][0][-2:]
    return {
        "video": name,
        "num_frames": told.num_frames,
        "fps": told.fps,
        "height": height,
        "width": width,
        "indices": list(told.indices),
        "timestamps": None if told.timestamps is None else [round(time, 6) for time in told.timestamps],
        "grid": None if told.grid is None else list(told.grid),
        "tokens_per_step": told.tokens_per_step,
        "tokens": told.tokens,
        "outputs": {name: told_output(output) for name, output in plan.outputs.items()},
    }


def plan_video(
    load: Callable[[str | None], Any], argument: str, options: Mapping[str, Any], draw: Path | None, as_json: bool
) -> None:
    """Print what a model will see of a video, and draw the frames.

    Args:
        load: makes the processor on a backend, "shape" or the default one.
        argument: FRAMESxHEIGHTxWIDTH, a file, a URL or a folder.
        options: of the call.
        draw: a file for the contact sheet.
        as_json: print JSON.
    """
    from . import FAILED, USAGE, _print, _table, errors_as_lines

    with errors_as_lines(USAGE):
        asked = SIZE.fullmatch(argument)
        if asked and draw is not None:
            raise typer.BadParameter("a contact sheet needs the video, not its size", param_hint="--draw")
        processor = load("shape" if draw is None else None)
        what: Any = tuple(map(int, asked.groups())) if asked else argument
        made = processor.plan(what, **options, return_tensors="np")
        found = describe_video(made, argument)
    if draw is not None:
        with errors_as_lines(FAILED):
            from ..visualize import draw_clip

            draw_clip(what, made, path=draw)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    rate = "at an unknown rate" if found["fps"] is None else f"at {found['fps']:.6g} frames a second"
    size = f"{found['num_frames']} frames of {found['height']}x{found['width']}"
    typer.echo(f"{processor.plain_name()}, {argument}: {size} {rate}")
    counted = f", {found['tokens']} feature tokens, {found['tokens_per_step']} a step" if found["grid"] else ""
    typer.echo(f"{len(found['indices'])} frames are taken{counted}")
    _print(outputs_table(found["outputs"]))
    table = _table("frame", "number", "second")
    times = found["timestamps"] or [None] * len(found["indices"])
    for place, (index, time) in enumerate(zip(found["indices"][:MOST_STEPS], times, strict=False)):
        table.add_row(str(place), str(index), "" if time is None else f"{time:.3f}")
    _print(table)
    if len(found["indices"]) > MOST_STEPS:
        typer.echo(f"and {len(found['indices']) - MOST_STEPS} more; --json lists all")
    if draw is not None:
        typer.echo(f"{draw}: the frames as the model sees them")
