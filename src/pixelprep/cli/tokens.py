"""`pixelprep tokens`: how many tokens images and videos take in a model's prompt, and what stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .video import SIZE as VIDEO_SIZE, call_options, is_video

if TYPE_CHECKING:
    from ..prompts import Expansion, PromptLayout

SIZE = re.compile(r"(\d{1,6})[xX](\d{1,6})")


def load_layout(model: str, numbers: dict[str, Any]) -> PromptLayout:
    """The prompt layout of a folder, a model type, a processor's name or a hub id, in this order.

    Raises:
        UnknownPromptError, FileNotFoundError, ConfigError: there is no such model, or its files cannot be used.
        TypeError, ValueError: a number cannot be used.
    """
    from ..prompts import AutoPromptLayout, PromptLayout, UnknownPromptError

    if Path(model).exists():
        return AutoPromptLayout.from_pretrained(model, **numbers)
    try:
        return PromptLayout(model, **numbers)
    except UnknownPromptError:
        if "/" not in model:
            raise
    return AutoPromptLayout.from_pretrained(model, **numbers)


def size_of(argument: str) -> tuple[int, int]:
    """`(height, width)`, as it is written or as the header of an image says.

    Raises:
        ImageLoadError: it is no image.
    """
    from ..images.decoding import read_header

    if pair := SIZE.fullmatch(argument):
        return int(pair[1]), int(pair[2])
    header = read_header(argument)
    return header.height, header.width


def describe(layout: PromptLayout, argument: str, index: int, options: dict[str, Any]) -> dict[str, Any]:
    """What an image takes, as JSON values."""
    height, width = size_of(argument)
    found = layout.image((height, width), index, **options)
    return {"image": argument, "height": height, "width": width, **_told(found)}


def describe_video(layout: PromptLayout, argument: str, index: int, options: dict[str, Any]) -> dict[str, Any]:
    """What a video takes, as JSON values."""
    numbers = {name: value for name, value in options.items() if name in layout.numbers}
    sizes = VIDEO_SIZE.fullmatch(argument)
    plan = layout.plan_video(
        tuple(map(int, sizes.groups())) if sizes else argument,
        **{name: value for name, value in options.items() if name not in numbers},
    )
    (video,), (height, width) = plan.videos, plan.inputs[0][0][-2:]
    found = layout.video(plan, index, **numbers)
    return {"video": argument, "frames": len(video.indices), "height": height, "width": width, **_told(found)}


def _told(found: Expansion) -> dict[str, Any]:
    runs = [{"piece": run.piece, "count": run.count, "text": run.is_text} for run in found.runs]
    return {"features": found.num_features, "tokens": found.num_tokens, "runs": runs}


def tokens(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Folder of a checkpoint, model type or processor class, or hub id.")
    ],
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE|VIDEO|SIZE...", help="Images, videos, HEIGHTxWIDTH or FRAMESxHEIGHTxWIDTH in pixels."
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A number that the model's processor file would hold."),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the image or video processor for this call."),
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Frames to take of each video.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames to take of each second of a video.")] = None,
    rate: Annotated[float | None, typer.Option(help="Frames a second of videos that say none.")] = None,
    expand: Annotated[bool, typer.Option("--expand", help="Print what stands in the prompt, run by run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Tell how many tokens images and videos take in a model's prompt, without making pixels.

    Of images only the headers are read, of videos the list of their frames. `features` are the places that the model
    fills with features, `tokens` all special tokens that stand for it, separators and fences among them.
    """
    from . import USAGE, _print, _table, errors_as_lines, parse_settings

    with errors_as_lines(USAGE):
        layout = load_layout(model, parse_settings(settings or []))
        chosen = parse_settings(options or [])
        taken = {**chosen, **call_options(frames, fps, rate, None)}
        made: dict[str, list[dict[str, Any]]] = {"image": [], "video": []}
        found = []
        for argument in images:
            kind, describes = ("video", describe_video) if is_video(argument) else ("image", describe)
            own = made[kind]
            own.append(describes(layout, argument, len(own), taken if kind == "video" else chosen))
            found.append(own[-1])
    if as_json:
        told = {"processor": layout.name, "placeholder": layout.image_placeholder, "images": made["image"]}
        if made["video"]:
            told |= {"video_placeholder": layout.video_placeholder, "videos": made["video"]}
        typer.echo(json.dumps(told))
        return
    columns = ("frames", "height", "width", "features", "tokens")[not made["video"] :]
    table = _table("video" if not made["image"] else "image", *columns)
    for entry in found:
        table.add_row(_name(entry), *(str(entry.get(key, "")) for key in columns))
    if made["image"]:
        typer.echo(f"{layout.name}: {layout.image_placeholder} stands for an image")
    if made["video"]:
        typer.echo(f"{layout.name}: {layout.video_placeholder} stands for a video")
    _print(table)
    if len(found) > 1:
        total = sum(entry["features"] for entry in found), sum(entry["tokens"] for entry in found)
        typer.echo(f"in all {total[0]} features, {total[1]} tokens")
    for entry in found if expand else ():
        typer.echo(f"\n{_name(entry)}:")
        for run in entry["runs"]:
            typer.echo(f"  {run['count']:6} x {json.dumps(run['piece']) if run['text'] else run['piece']}")


def _name(entry: dict[str, Any]) -> str:
    return str(entry["video"] if "video" in entry else entry["image"])
