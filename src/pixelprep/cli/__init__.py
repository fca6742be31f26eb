"""The command line: photographs in, a file of tensors out; shapes without pixels; what can run here.

Everything heavy is imported inside the commands, so that `--help` is there at once.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.kinds import IMAGE_ENDINGS
from ..core.version import __version__
from .draw import draw
from .map import MAP_EXAMPLES, STATS_EXAMPLES, map_data, stats
from .plan import plan
from .tensor_files import Format, Processed, process_images
from .tokens import tokens
from .video import video

if TYPE_CHECKING:
    from rich.table import Table

    from ..image_processing_utils import BaseImageProcessor

MAX_ROWS = 40
PYTHON_LITERALS = {"True": True, "False": False, "None": None}

# Statuses: 0 all is well, 1 something could not be done, 2 the command makes no sense, 130 interrupted.
FAILED, USAGE, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich's help takes twice as long to appear
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


# ------------------------------------------------------------------------------------------------------- arguments


def load_processor(
    model: str, backend: str | None, settings: Mapping[str, Any], kind: str = "Image"
) -> BaseImageProcessor:
    """The image (or video) processor of a folder, a JSON file, a family's name or a hub id, in this order.

    Raises:
        UnknownFamilyError, FileNotFoundError, ConfigError: there is no such model, or its files cannot be used.
        UnknownBackendError: there is no such backend. TypeError, ValueError: a setting cannot be used.
    """
    from ..auto import processor_named

    processor: BaseImageProcessor = processor_named(model, backend, settings, kind)
    return processor


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Settings from `key=value` and `key.part=value`; values are JSON, Python's True, False and None, or text."""
    settings: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        name, dot, part = key.partition(".")
        if not (equals and name) or (dot and not isinstance(settings.setdefault(name, {}), dict)):
            raise typer.BadParameter(f"{text!r} is not of the form key=value", param_hint="--set")
        try:
            parsed = PYTHON_LITERALS[value] if value in PYTHON_LITERALS else json.loads(value)
        except (ValueError, RecursionError):
            parsed = value
        if dot:
            settings[name][part] = parsed
        else:
            settings[name] = parsed
    return settings


def expand_folders(arguments: Sequence[str]) -> list[str]:
    """The images named on the command line, a folder standing for the image files in it, by name."""
    images: list[str] = []
    for argument in arguments:
        if not os.path.isdir(argument):
            images.append(argument)
            continue
        found = sorted(str(path) for path in Path(argument).iterdir() if path.suffix.lower() in IMAGE_ENDINGS)
        if not found:
            raise typer.BadParameter(f"there are no image files in the folder {argument!r}", param_hint="IMAGE...")
        images += found
    return images


MOST_VALUES = 10_000
"""Integers of an output that are listed; masks of pixels are not."""


def describe_shapes(processor: BaseImageProcessor, height: int, width: int) -> dict[str, Any]:
    """Every output for one image of a size, and what the family says about its number of patches, as JSON values."""
    description: dict[str, Any] = {"height": height, "width": width}
    count = getattr(processor, "get_number_of_image_patches", None)
    if count is not None:
        description["patches"] = count(height, width, {})
    outputs = processor.output_shapes(height, width)
    description["outputs"] = {
        name: {"shape": list(array.shape), "dtype": array.dtype}
        | ({} if math.prod(array.shape) > MOST_VALUES or array.values is None else {"values": array.values})
        for name, array in outputs.items()
    }
    return description


# --------------------------------------------------------------------------------------------------------- commands

Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="Folder or JSON file of a configuration, family or model type, or hub id."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a setting; the value is JSON, else text. Repeatable. `size.height=336` sets one part of a size "
        "that is given anew.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback(
    epilog="\b\nExamples:\n"
    "  pixelprep process clip photo.jpg -o photo.safetensors\n"
    "  pixelprep shapes qwen2_vl 1080x1920\n"
    "  pixelprep backends\n\n"
    "Errors are one line; PIXELPREP_DEBUG=1 shows where they arise. PIXELPREP_BACKEND chooses the default backend."
)
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda asked: _print_version(asked), is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Turn images into the tensors that vision and vision-language models expect."""


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pixelprep {__version__}")
        raise typer.Exit


@app.command(
    epilog="\b\nExamples:\n"
    "  pixelprep process clip cat.jpg dog.png -o batch.safetensors\n"
    "  pixelprep process qwen2_vl photos/ -o photos.npz --backend pil\n"
    "  pixelprep process ./my-checkpoint cat.jpg -o cat.safetensors --set 'size={\"shortest_edge\": 336}'\n"
    "  pixelprep process openai/clip-vit-base-patch32 https://example.org/cat.jpg -o cat.safetensors\n\n"
    "\b\nRead it back:\n"
    "  from safetensors.numpy import load_file; load_file('batch.safetensors')['pixel_values']\n"
    "  numpy.load('photos.npz')['pixel_values']\n\n"
    "The exit status is 0 if all images are in the file, 1 if some are not or it could not be written, 2 for a wrong "
    "command, 130 after Ctrl-C."
)
def process(
    model: Model,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Files, URLs, or folders of image files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; an older one is replaced.")],
    backend: Annotated[
        str | None, typer.Option(help="torchvision, native, pil, ...; see `pixelprep backends`.")
    ] = None,
    settings: Settings = None,
    format: Annotated[
        Format | None, typer.Option(help="File format; told from the ending of the output if not given.")
    ] = None,
    each: Annotated[
        bool,
        typer.Option("--each", help="Process each image alone; needs memory for one image, however many there are."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Turn images into a file of tensors.

    All images go through the processor in one call, as in Python, and the file holds what that returns: one array for
    each output, `pixel_values` and so on, or `pixel_values.0`, `pixel_values.1`, ... where the images' parts differ
    in shape. With --each there is one call for each image, and every output is numbered. The metadata (in an npz file
    the text `metadata`, a JSON object) lists `images` in that order, and the settings as `image_processor`.

    An image that cannot be read or processed is reported, and the others go on. The file is written whole or not at
    all; a link's target is replaced, a device or FIFO written into.
    """
    chosen = _check_output(output, format)
    names = expand_folders(images)
    with errors_as_lines(USAGE):
        processor = load_processor(model, backend, parse_settings(settings or []))
    with errors_as_lines(FAILED):
        result = _write_tensors(processor, names, output, chosen, each)
    for name, reason in result.failures:
        typer.echo(f"pixelprep: {name}: {reason}", err=True)
    if not result.images:
        typer.echo("pixelprep: no image could be processed; nothing was written", err=True)
    elif not as_json:
        typer.echo(f"{output}: {_count(len(result.images), 'image')} by {_describe(processor)}")
        _print_tensors(result)
    if as_json:
        report = {
            "output": str(output) if result.images else None,
            "format": chosen.value,
            "image_processor": type(processor).plain_name(),
            "backend": type(processor).backend,
            "images": result.images,
            "failures": [{"image": name, "reason": reason} for name, reason in result.failures],
            "tensors": {
                name: {"shape": tensor.shape, "dtype": tensor.dtype, "bytes": tensor.nbytes}
                for name, tensor in result.tensors.items()
            },
        }
        typer.echo(json.dumps(report, indent=2))
    if result.failures:
        raise typer.Exit(FAILED)


@app.command(
    epilog="\b\nExamples:\n"
    "  pixelprep shapes qwen2_vl 1080x1920\n"
    "  pixelprep shapes llava_onevision 480x640 1080x1920 --json\n"
    "  pixelprep shapes clip 480x640 --set crop_size.height=336 --set crop_size.width=336"
)
def shapes(
    model: Model,
    sizes: Annotated[list[str], typer.Argument(metavar="HEIGHTxWIDTH...", help="Sizes of images in pixels.")],
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Tell what an image of a size becomes, and how many patches, without making pixels."""
    pairs = [re.fullmatch(r"(\d{1,6})[xX](\d{1,6})", size) for size in sizes]
    for size, pair in zip(sizes, pairs, strict=True):
        if pair is None:
            raise typer.BadParameter(f"{size!r} is not of the form 1080x1920", param_hint="HEIGHTxWIDTH...")
    with errors_as_lines(USAGE):
        processor = load_processor(model, "shape", parse_settings(settings or []))
        found = [describe_shapes(processor, int(pair[1]), int(pair[2])) for pair in pairs if pair]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for entry in found:
        patches = entry.get("patches")
        title = f"{entry['height']}x{entry['width']}"
        if patches is not None:
            count, *grid = patches if isinstance(patches, (list, tuple)) else (patches,)
            title += f": {_count(count, 'patch')}" + (f", {'x'.join(map(str, grid))}" if grid else "")
        typer.echo(title)
        table = _table("output", "shape", "dtype", "values")
        for name, output in entry["outputs"].items():
            values = json.dumps(output["values"]) if "values" in output else ""
            table.add_row(name, str(tuple(output["shape"])), output["dtype"], values if len(values) <= 60 else "...")
        _print(table)


@app.command()
def backends(as_json: AsJson = False) -> None:
    """Tell which backends can run here, why others cannot, and how to install them. Each is loaded to be sure."""
    from ..ops import backends as known, choose_backend, get_ops, why_not

    found: dict[str, dict[str, Any]] = {}
    for name, backend in known().items():
        reason = why_not(name)
        versions = {module: _version(module) for module in backend.requires} if reason is None else {}
        about = getattr(get_ops(name), "about", "") if reason is None else ""
        found[name] = {
            "usable": reason is None,
            "versions": versions,
            "about": about,
            "reason": reason,
            "install": backend.install,
        }
    with errors_as_lines(FAILED):
        default = choose_backend(sure=True)
    if as_json:
        typer.echo(json.dumps({"default": default, "backends": found}, indent=2))
        return
    typer.echo(f"The default is {default}.")
    table = _table("backend", "usable", "")
    for name, facts in found.items():
        if facts["usable"]:
            parts = [" ".join(pair) for pair in facts["versions"].items()]
            table.add_row(name, "yes", ", ".join(filter(None, [*parts, facts["about"]])))
        else:
            table.add_row(name, "no", f"{facts['reason']}\n{facts['install']}")
    _print(table)


@app.command()
def families(as_json: AsJson = False) -> None:
    """List the image processors, and the model types that use each."""
    from ..registry.families import FAMILIES, written_families

    found = {name: list(FAMILIES[name].model_types) for name in written_families()}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = _table("family", "model types")
    for name, types in found.items():
        table.add_row(name, " ".join(types))
    _print(table)


app.command(
    epilog="\b\nExamples:\n"
    "  pixelprep draw cat.jpg boxes.json -o drawn.png --names config.json\n"
    "  pixelprep draw street.jpg segmentation.npz -o drawn.png\n"
    "  pixelprep draw left.jpg matches.json --second right.jpg -o drawn.png"
)(draw)


app.command(
    epilog="\b\nExamples:\n"
    "  pixelprep tokens qwen2_vl photo.jpg 1080x1920\n"
    "  pixelprep tokens idefics3 480x640 --expand\n"
    "  pixelprep tokens llava 336x336 --set patch_size=14 --set vision_feature_select_strategy=default"
)(tokens)


app.command(
    epilog="\b\nExamples:\n"
    "  pixelprep video qwen2_vl clip.mp4 -o clip.safetensors --frames 32\n"
    "  pixelprep video ./my-checkpoint a.mp4 b.webm -o clips.npz --fps 2 --each\n"
    "  pixelprep video videomae frames/ -o clip.safetensors --rate 25 --frames 16"
)(video)


app.command(
    epilog="\b\nExamples:\n"
    "  pixelprep plan qwen2_vl photo.jpg\n"
    "  pixelprep plan qwen3_vl clip.mp4 --fps 1 --draw sheet.png\n"
    "  pixelprep plan llava_onevision 1080x1920 --draw tiles.png\n"
    "  pixelprep plan qwen2_vl photo.jpg --merge 2 --draw tokens.png\n"
    "  pixelprep plan llava photo.jpg --number patch_size=14 --number vision_feature_select_strategy=default --json"
)(plan)


app.command("map", epilog=MAP_EXAMPLES)(map_data)
app.command(epilog=STATS_EXAMPLES)(stats)


# --------------------------------------------------------------------------------------------------- the terminal


@contextmanager
def errors_as_lines(status: int, interrupted: str = "nothing was written") -> Iterator[None]:
    """Report an error as one line and leave with a status; PIXELPREP_DEBUG lets it through."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"pixelprep: interrupted; {interrupted}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:
        if os.environ.get("PIXELPREP_DEBUG"):
            raise
        text = " ".join(str(error).split())
        if not isinstance(error, (ValueError, TypeError, OSError, ImportError, NotImplementedError)):
            text = f"unexpected {type(error).__name__}: {text} (PIXELPREP_DEBUG=1 shows where)"
        typer.echo(f"pixelprep: error: {text}", err=True)
        raise typer.Exit(status) from None


class _NothingToWriteError(Exception):
    """No image could be processed, so that the file is not to be made."""


def _write_tensors(
    processor: BaseImageProcessor, names: list[str], output: Path, format: Format, each: bool, **how: Any
) -> Processed:
    """Process images into a file, which is there when all is well and not before."""
    from ..core.files import open_atomically

    try:
        with open_atomically(output) as file, format.writer(file) as tensors:
            images = names if how else _with_progress_bar(names, "Processing" if each else "Loading")
            result = process_images(processor, images, tensors, each=each, **how)
            if not result.images:
                raise _NothingToWriteError
            result.finish(processor)
    except _NothingToWriteError:
        pass
    return result


def _check_output(output: Path, format: Format | None) -> Format:
    """The format to write, or a usage error before any work is done."""
    if output.is_dir() or not output.parent.is_dir():
        what = (
            "is a folder; name a file in it" if output.is_dir() else f"is in no folder: {str(output.parent)!r} is none"
        )
        raise typer.BadParameter(f"{str(output)!r} {what}", param_hint="--output")
    if not os.access(output if output.exists() else output.parent, os.W_OK):
        raise typer.BadParameter(f"{str(output)!r} cannot be written: permission denied", param_hint="--output")
    if format is not None:
        return format
    try:
        return Format(output.suffix.removeprefix(".").lower())
    except ValueError:
        raise typer.BadParameter(
            f"{str(output)!r} ends neither in .safetensors nor in .npz; choose with --format", param_hint="--output"
        ) from None


def _with_progress_bar(names: list[str], description: str) -> Iterable[str]:
    """The names, with a bar on the error output if that is a terminal."""
    if not sys.stderr.isatty():
        return names
    from rich.console import Console
    from rich.progress import track

    return track(names, description, console=Console(stderr=True), transient=True)


def _print_tensors(result: Processed) -> None:
    from rich.filesize import decimal

    table = _table("tensor", "shape", "dtype", "size")
    for name, tensor in list(result.tensors.items())[:MAX_ROWS]:
        table.add_row(name, str(tensor.shape), tensor.dtype, decimal(tensor.nbytes))
    if len(result.tensors) > MAX_ROWS:
        table.add_row(f"... {len(result.tensors) - MAX_ROWS} more", "", "", "")
    _print(table)


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table) -> None:
    from rich.console import Console

    Console(markup=False, highlight=False).print(table)


def _version(module: str) -> str:
    """The version of an imported module, which its distribution knows if it has the module's name."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(module)
    except PackageNotFoundError:
        return str(getattr(sys.modules.get(module), "__version__", ""))


def _describe(processor: BaseImageProcessor) -> str:
    return f"{type(processor).plain_name()} on {type(processor).backend}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{'es' if noun.endswith('ch') else 's'}"


def main() -> None:
    """Run the command line; warnings and log messages become single lines."""
    import logging
    import warnings

    def show(message: Warning | str, *args: Any, **kwargs: Any) -> None:
        typer.echo(f"pixelprep: warning: {' '.join(str(message).split())}", err=True)

    warnings.showwarning = show
    logging.basicConfig(format="pixelprep: %(message)s", level=logging.WARNING)
    try:
        app(prog_name="pixelprep")
    except OSError as error:  # standard output is full, or nobody reads it any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that nothing is written again on the way out
        os.write(2, f"pixelprep: error: standard output: {error.strerror or error}\n".encode())
        sys.exit(FAILED)
