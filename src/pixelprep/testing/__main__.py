"""`python -m pixelprep.testing --backend NAME`: run the conformance suite and print a table."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from .conformance import NotOfferedError, checks


def main(
    backend: Annotated[str, typer.Option(help="Name of a registered backend.")],
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List every check, not only failures.")] = False,
) -> None:
    """Show that a backend does what pixelprep's families rely on. The exit status is 1 if a check fails."""
    from rich.console import Console
    from rich.table import Table

    from ..ops import MissingBackendError, UnknownBackendError

    console = Console()
    try:
        todo = list(checks(backend))
    except (UnknownBackendError, MissingBackendError) as error:
        console.print(str(error), style="red", highlight=False)
        raise typer.Exit(2) from None
    table = Table("group", "check", "result", title=f"conformance of {backend!r}")
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


if __name__ == "__main__":
    typer.run(main)
