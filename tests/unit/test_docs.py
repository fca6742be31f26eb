"""The pages of docs/families are what `make docs` writes now."""

from __future__ import annotations

import importlib.util

import pytest

from needs import ROOT
from pixelprep.registry.families import FAMILIES, written_families

DOCS = ROOT / "docs"

_spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.parametrize("name", written_families())
def test_page_is_current(name: str) -> None:
    family = FAMILIES[name]
    page = DOCS / "families" / f"{family.folder}.md"
    assert page.is_file(), "the family has no page; run: make docs"
    written = page.read_text()
    assert written == generate.page(family), "the page is out of date; run: make docs"
    assert (DOCS / "families" / f"{family.folder}.jpg").stat().st_size > 1000
    if name in generate.RESULTS:
        assert (DOCS / "families" / f"{family.folder}_result.jpg").stat().st_size > 1000
    assert f"[{name}]({family.folder}.md)" in (DOCS / "families" / "README.md").read_text()
