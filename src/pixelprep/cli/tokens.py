"""`pixelprep tokens`: how many tokens images take in a model's prompt, and what stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..prompts import PromptLayout

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
    return {
        "image": argument,
        "height": height,
        "width": width,
        "features": found.num_features,
        "tokens": found.num_tokens,
        "runs": [{"piece": run.piece, "count": run.count, "text": run.is_text} for run in found.runs],
    }


def tokens(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Folder of a checkpoint, model type or processor class, or hub id.")
    ],
    images: Annotated[list[str], typer.Argument(metavar="IMAGE|HEIGHTxWIDTH...", help="Images, or sizes in pixels.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A number that the model's processor file would hold."),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the image processor for this call."),
    ] = None,
    expand: Annotated[bool, typer.Option("--expand", help="Print what stands in the prompt, run by run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Tell how many tokens images take in a model's prompt, without making pixels.

    Of files only the headers are read. `features` are the places that the model fills with features of the image,
    `tokens` all special tokens that stand for it, separators and fences among them.
    """
    from . import USAGE, _print, _table, errors_as_lines, parse_settings

    with errors_as_lines(USAGE):
        layout = load_layout(model, parse_settings(settings or []))
        chosen = parse_settings(options or [])
        found = [describe(layout, image, index, chosen) for index, image in enumerate(images)]
    if as_json:
        typer.echo(json.dumps({"processor": layout.name, "placeholder": layout.image_placeholder, "images": found}))
        return
    table = _table("image", "height", "width", "features", "tokens")
    for entry in found:
        table.add_row(entry["image"], *(str(entry[key]) for key in ("height", "width", "features", "tokens")))
    typer.echo(f"{layout.name}: {layout.image_placeholder} stands for an image")
    _print(table)
    if len(found) > 1:
        total = sum(entry["features"] for entry in found), sum(entry["tokens"] for entry in found)
        typer.echo(f"in all {total[0]} features, {total[1]} tokens")
    for entry in found if expand else ():
        typer.echo(f"\n{entry['image']}:")
        for run in entry["runs"]:
            typer.echo(f"  {run['count']:6} x {json.dumps(run['piece']) if run['text'] else run['piece']}")
