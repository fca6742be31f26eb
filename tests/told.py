"""Pages that tests write: a test tells what it found for its cell, and fails where the page says something else.

`make matrix` (`pytest --write-pages`) writes what was told into `docs`; cells of tests that did not run stay.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pytest

from needs import ROOT

PROPERTY = "told"
_LINK = re.compile(r"\[(.*)\]\(.*\)")
Cells = dict[tuple[str, str], str]


def tell(request: pytest.FixtureRequest, page: str, row: str, column: str, text: str) -> None:
    """What was found for a cell of `docs/<page>.md`, in words.

    Raises:
        AssertionError: the page says something else, and is not being written.
    """
    request.node.user_properties.append((PROPERTY, (page, row, column, text)))
    if request.config.getoption("--write-pages"):
        return
    written = cells(page).get((row, column))
    assert text == written, (
        f"docs/{page}.md says {written!r} of {row}, {column}; this run says {text!r}. If that is right: make matrix"
    )


@cache
def cells(page: str) -> Cells:
    """The cells of a page's table by the first of their row and the name of their column."""
    path = ROOT / "docs" / f"{page}.md"
    lines = path.read_text().splitlines() if path.exists() else []
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {
        (_LINK.sub(r"\1", row[0]), column): cell
        for row in table[2:]
        for column, cell in zip(table[0][1:], row[1:], strict=True)
    }


def write(passed: Iterable[Any]) -> list[str]:
    """Write the pages that reports of tests tell of; their names."""
    told: dict[str, Cells] = {}
    for report in passed:
        for name, value in report.user_properties:
            if name == PROPERTY:
                page, row, column, text = value
                told.setdefault(page, {})[row, column] = text
    for page, found in told.items():
        (ROOT / "docs" / f"{page}.md").write_text(_renderers()[page]({**cells(page), **found}))
    return sorted(told)


def _renderers() -> Mapping[str, Any]:
    spec = importlib.util.spec_from_file_location("told_pages", ROOT / "docs" / "told_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: Mapping[str, Any] = module.PAGES
    return pages
