"""`python -m pixelprep.testing COMMAND`: conformance of a backend, the battery of a family, drift between releases.

`python -m pixelprep.testing --backend NAME` is short for the command `conformance`.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .conformance import Check

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
INTERRUPTED = 130

Backend = Annotated[str, typer.Option(help="Name of a registered backend.")]
Only = Annotated[str | None, typer.Option(help='Names of checks: "crop", "verb: resize*", "family: Qwen*".')]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="List every check, not only failures.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    backend: Annotated[str | None, typer.Option(help="Short for `conformance --backend NAME`.")] = None,
    only: Only = None,
    verbose: Verbose = False,
) -> None:
    """Check backends and families, and follow the reference from one release to the next."""
    if context.invoked_subcommand is None:
        if backend is None:
            typer.echo(context.get_help())
            raise typer.Exit(2)
        conformance(backend, only, verbose)


@app.command()
def conformance(backend: Backend, only: Only = None, verbose: Verbose = False) -> None:
    """Show that a backend does what pixelprep's families rely on. The exit status is 1 if a check fails."""
    from rich.console import Console

    from ..ops import MissingBackendError, UnknownBackendError
    from .conformance import checks

    try:
        todo = list(checks(backend, only))
    except (UnknownBackendError, MissingBackendError) as error:
        Console().print(str(error), style="red", highlight=False)
        raise typer.Exit(2) from None
    if not todo:
        message = f"no check is called {only!r}; --verbose without --only lists all"
        Console().print(message, style="red", highlight=False)
        raise typer.Exit(2)
    _run(todo, f"conformance of {backend!r}", verbose)


@app.command()
def family(
    name: Annotated[str, typer.Argument(help="A family, class or model type, for example CLIP or qwen2_vl.")],
    backend: Annotated[
        list[str] | None, typer.Option(help="Only on this backend. Repeatable.  [default: all that can run here]")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Run the battery for one family, as its `cases.py` says. Needs neither transformers nor torch.

    The exit status is 1 if a check fails. `pytest tests/reference -k NAME` shows whether values are the reference's.
    """
    from rich.console import Console

    from ..ops import MissingBackendError, UnknownBackendError, get_ops
    from ..registry import UnknownFamilyError, find_family
    from .battery import family_checks

    try:
        found = find_family(name).name
        for tried in backend or ():
            get_ops(tried)
        todo = list(family_checks(found, backend))
    except (UnknownFamilyError, UnknownBackendError, MissingBackendError) as error:
        Console().print(str(error), style="red", highlight=False)
        raise typer.Exit(2) from None
    _run(todo, f"battery of {found}", verbose)


def _run(todo: list[Check], title: str, verbose: bool) -> None:
    """Run checks, print those that did not pass, or all, and exit."""
    from rich.console import Console
    from rich.table import Table

    from .conformance import NotOfferedError

    console = Console()
    table = Table("group", "check", "result", title=title)
    count: Counter[str] = Counter()
    with console.status("running") as status:
        for check in todo:
            status.update(f"{check.group}: {check.name}")
            try:
                check.run()
                result = "passed"
            except NotOfferedError as error:
                result = f"not offered: {error}"
            except Exception as error:
                result = f"failed: {type(error).__name__}: {error}"
            kind = result.partition(":")[0]
            count[kind] += 1
            if verbose or kind != "passed":
                table.add_row(check.group, check.name, result, style="red" if kind == "failed" else None)
    if table.row_count:
        console.print(table)
    console.print(", ".join(f"{number} {kind}" for kind, number in sorted(count.items())))
    raise typer.Exit(1 if count["failed"] else 0)


@app.command(
    epilog="\b\nExamples:\n"
    "  python -m pixelprep.testing drift 5.18.0 5.24.0 -o docs/drift.md\n"
    "  python -m pixelprep.testing drift 5.18.0 5.24.0 --run CLIP,Qwen2VL\n"
    "  python -m pixelprep.testing drift 5.23.0 5.24.0 --new-python .venv/bin/python\n\n"
    "The exit status is 0 if the page was written, 1 if not, 2 for a wrong command, 130 after Ctrl-C."
)
def drift(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Version of transformers, for example 5.18.0.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The version to follow.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write; replaced whole.")] = Path(
        "docs/drift.md"
    ),
    only: Annotated[str, typer.Option(metavar="FAMILIES", help="Only these, for example CLIP,Qwen2VL.")] = "",
    run: Annotated[
        str,
        typer.Option(metavar="FAMILIES", help="Run the battery for these alone; facts are listed for all."),
    ] = "",
    battery: Annotated[bool, typer.Option(help="Run both releases, or only list what they declare.")] = True,
    ours: Annotated[bool, typer.Option(help="Compare pixelprep's own classes with NEW as well.")] = True,
    old_python: Annotated[Path | None, typer.Option(help="An interpreter that has OLD; else one is made.")] = None,
    new_python: Annotated[Path | None, typer.Option(help="An interpreter that has NEW; else one is made.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for environments.  [default: the user's cache]")] = None,
    extra: Annotated[
        list[str] | None, typer.Option("--with", metavar="PACKAGE", help="Install this too. Repeatable.")
    ] = None,
) -> None:
    """Tell what changed in the image processors between two releases of transformers, as a Markdown page.

    Model types, families, class defaults, keyword arguments, public methods, code; then the outputs of both releases
    on a battery of inputs and options, each release in a process and environment of its own; then the outputs of
    pixelprep's families on torchvision, native and pil against NEW, which needs them all here.

    Environments are made by venv and pip with the torch and torchvision that pixelprep pins, and kept for the next
    time. pip heeds its own settings (PIP_INDEX_URL and so on). Progress goes to stderr.
    """
    from rich.console import Console

    from ..core.files import write_atomically
    from .drift import DriftError, default_cache, drift as compare, environment

    if not output.parent.is_dir():
        raise typer.BadParameter(f"{str(output.parent)!r} is no folder", param_hint="--output")
    console = Console(stderr=True, highlight=False, markup=False)
    try:
        with console.status("") as status:

            def say(text: str) -> None:
                status.update(text) if sys.stderr.isatty() else typer.echo(text, err=True)

            pythons = [
                python or environment(version, cache or default_cache(), extra or [], say)
                for version, python in ((old, old_python), (new, new_python))
            ]
            listed, tried = ([name.strip() for name in names.split(",") if name.strip()] for names in (only, run))
            text = compare(old, new, pythons, listed, tried, battery, ours, say)
            write_atomically(output, text.encode())
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (DriftError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{output} was written", err=True)


@app.command()
def fuzz(
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Number of the first case; each next case has the next number.")] = 0,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="settings, arrays, files, annotations or results. Repeatable.  [default: all]"),
    ] = None,
    backend: Backend = "pil",
) -> None:
    """Throw hostile input at everything that takes input. The exit status is 1 if a case ends wrongly."""
    from .fuzz import CASES, fuzz as run

    if unknown := set(kind or ()) - CASES.keys():
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: kinds are {', '.join(CASES)}", param_hint="--kind")
    try:
        found = run(seconds, seed, tuple(kind or ()), backend)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    for name, number, what in found.faults:
        typer.echo(f"FAULT {name}, seed {number}: {what}")
    for name, count in found.cases.items():
        typer.echo(f"{name}: {count} cases, {found.refused[name]} refused")
    typer.echo(f"{found.cases.total()} cases from seed {seed}, {len(found.faults)} faults")
    raise typer.Exit(1 if found.faults else 0)


if __name__ == "__main__":
    app(prog_name="python -m pixelprep.testing")
