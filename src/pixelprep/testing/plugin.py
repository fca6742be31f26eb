"""The conformance suite as pytest tests: `pytest -p pixelprep.testing.plugin --pixelprep-backend NAME`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conformance import Check, NotOfferedError, checks


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pixelprep-backend", action="append", default=[], help="run the conformance suite on a backend")


class ConformanceItem(pytest.Item):
    """One check of one backend."""

    check: Check

    def runtest(self) -> None:
        try:
            self.check.run()
        except NotOfferedError as error:
            pytest.skip(f"not offered: {error}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        return f"{self.name}: {excinfo.value}"


def conformance_items(session: pytest.Session) -> Iterator[ConformanceItem]:
    """The items of every backend asked for."""
    for backend in session.config.getoption("--pixelprep-backend"):
        for check in checks(backend):
            item = ConformanceItem.from_parent(session, name=f"{backend}: {check.group}: {check.name}")
            item.check = check
            yield item


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    items.extend(conformance_items(session))
