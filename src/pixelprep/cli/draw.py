"""`pixelprep draw`: results on their images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer


def read_result(path: Path) -> Any:
    """A result from a file: JSON, or arrays by their names in `.npz`, or one array in `.npy`.

    Raises:
        OSError: it cannot be read. ValueError: it is none of these.
    """
    import numpy as np

    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            result = {name: arrays[name] for name in arrays.files}
        info = result.get("segments_info")
        return result if info is None or info.shape else {**result, "segments_info": json.loads(str(info))}
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is neither JSON nor .npz nor .npy: {error}") from error


def read_names(path: Path) -> Any:
    """Names of classes: a JSON list or object, or a model's `config.json` with `id2label`.

    Raises:
        OSError: it cannot be read. ValueError: it holds no names.
    """
    names = json.loads(path.read_text())
    names = names.get("id2label", names) if isinstance(names, Mapping) else names
    if not isinstance(names, Mapping | list):
        raise ValueError(f"{path} must hold a list of names, or an object of numbers and names")
    return names


def draw(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="File or URL of the original image.")],
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="File of the result: .json, .npz or .npy.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture to write, by its ending.")],
    second: Annotated[str | None, typer.Option(help="The second image, for matches.")] = None,
    names: Annotated[Path | None, typer.Option(help="JSON of class names, or a model's config.json.")] = None,
    kind: Annotated[str | None, typer.Option(help="boxes, layout, masks, segmentation, depth, poses, ...")] = None,
    scale: Annotated[int | None, typer.Option(min=1, max=64, help="Enlarge by a whole factor.")] = None,
) -> None:
    """Draw a post-processed result on its image: boxes, masks, segmentations, depth, poses, keypoints, matches.

    The result is what post-processing returns for one image, in original pixels; what it is shows in its keys.
    """
    from . import FAILED, errors_as_lines

    with errors_as_lines(FAILED):
        from ..visualize import draw_result

        known = read_names(names) if names is not None else None
        images: Any = image if second is None else (image, second)
        picture = draw_result(images, read_result(result), known, kind, output, scale)
    typer.echo(f"{output}: {picture.height}x{picture.width}")
