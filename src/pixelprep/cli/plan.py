"""`pixelprep plan`: what a model will see of an image: tokens, outputs, tiles, and a drawing of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .outputs import outputs_table, told_output
from .tokens import SIZE, size_of
from .video import call_options, is_video, plan_video

if TYPE_CHECKING:
    from ..plans import Plan

MOST_TILES = 40
"""Rows of the table of tiles."""


def describe_plan(plan: Plan, image: str) -> dict[str, Any]:
    """What a plan of one image says, as JSON values."""
    _, height, width = plan.inputs[0][0]
    found: dict[str, Any] = {"image": image, "height": height, "width": width, "tokens": _tokens(plan)}
    found["outputs"] = {name: told_output(output) for name, output in plan.outputs.items()}
    if plan.withheld:
        return {**found, "withheld": plan.withheld}
    canvases, found["key"] = plan.canvases(), plan.key
    found["canvases"] = {name: list(view.size) for name, view in canvases.items()}
    found["tiles"] = [
        {"name": name, "size": list(view.size), "box": _box(plan, name, view.size)}
        for name, view in canvases.items()
        if name == "model" or name.startswith("tile")
    ]
    return found


def _tokens(plan: Plan) -> dict[str, Any]:
    try:
        (tokens,) = plan.image_tokens
    except ValueError as error:  # no language model, or a number that is missing
        return {"unknown": str(error)}
    parts = [{name: value for name, value in vars(part).items() if value not in (None, False)} for part in tokens.parts]
    return {"count": tokens.count, "tiles": list(tokens.tiles), "extra": tokens.extra, "parts": parts}


def _box(plan: Plan, name: str, size: tuple[int, int]) -> list[float]:
    """The part of the original that a tile shows."""
    box = plan.to_original([0, 0, size[1], size[0]], name)
    return [round(float(side), 2) for side in box]


def plan(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder, JSON file, family or hub id.")],
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE|VIDEO|SIZE", help="An image or video, or HEIGHTxWIDTH or FRAMESxHEIGHTxWIDTH in pixels."
        ),
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the processor.")
    ] = None,
    numbers: Annotated[
        list[str] | None,
        typer.Option("--number", metavar="KEY=VALUE", help="A number that the model's processor file would hold."),
    ] = None,
    output: Annotated[str | None, typer.Option(help="The output that is drawn; the first that shows images.")] = None,
    patch: Annotated[int | None, typer.Option(min=1, help="Side of the patches that the model cuts itself.")] = None,
    merge: Annotated[int, typer.Option(min=1, help="So many patches each way become one token.")] = 1,
    draw: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the regions on the image, or the frames of the video.")
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Frames to take of a video.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames to take of each second of a video.")] = None,
    rate: Annotated[float | None, typer.Option(help="Frames a second of a video that says none.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Tell what a model will see of an image or video, without making tensors: tokens, outputs, tiles, frames, times.

    Of images only the header is read, of videos the list of their frames. The drawing shows the regions of an output
    with their numbers over the image, or a contact sheet of the frames that a model sees.
    """
    from . import FAILED, USAGE, _print, _table, errors_as_lines, load_processor, parse_settings

    if is_video(image):
        chosen = parse_settings(settings or [])
        options = call_options(frames, fps, rate, None)
        plan_video(lambda backend: load_processor(model, backend, chosen, "Video"), image, options, draw, as_json)
        return
    with errors_as_lines(USAGE):
        processor = load_processor(model, "shape", parse_settings(settings or []))
        what: Any = size_of(image) if SIZE.fullmatch(image) else image
        made = processor.plan(what, numbers=parse_settings(numbers or []), return_tensors="np")
        found = describe_plan(made, image)
    if draw is not None:
        with errors_as_lines(FAILED):
            _draw(made, what, draw, output, patch, merge)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    tokens = found["tokens"]
    counted = f"{tokens['count']} feature tokens{_grid(tokens)}" if "count" in tokens else tokens["unknown"]
    typer.echo(f"{processor.plain_name()}, {image}: {found['height']}x{found['width']}\n{counted}")
    _print(outputs_table(found["outputs"]))
    if made.withheld:
        typer.echo(f"no tiles: {made.withheld}")
        return
    table = _table("shown", "height", "width", "x0", "y0", "x1", "y1")
    for tile in found["tiles"][:MOST_TILES]:
        table.add_row(tile["name"], *map(str, tile["size"]), *(f"{side:.1f}" for side in tile["box"]))
    _print(table)
    if len(found["tiles"]) > MOST_TILES:
        typer.echo(f"and {len(found['tiles']) - MOST_TILES} more; --json lists all")
    if draw is not None:
        typer.echo(f"{draw}: the regions of {output or 'the first output that shows images'}")


def _grid(tokens: dict[str, Any]) -> str:
    rows, columns = tokens["tiles"]
    if rows:
        return f", {rows}x{columns} tiles"
    part = tokens["parts"][0]
    return f", {part['rows']}x{part['columns']}" if "rows" in part and len(tokens["parts"]) == 1 else ""


def _draw(made: Plan, image: Any, path: Path, output: str | None, patch: int | None, merge: int) -> None:
    """On the image, or on grey where only its size is known."""
    import PIL.Image

    from ..visualize import draw_plan

    picture = image if isinstance(image, str) else PIL.Image.new("RGB", image[::-1], (200, 200, 200))
    draw_plan(picture, made, output, patch=patch, merge=merge, path=path)
