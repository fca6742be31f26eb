"""Paths and URLs of images, as a list, or one in each line of a file or of standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from ..files import is_url, local, opened, stamp
from ..rows import Row, Source, cut

_WEB = ("http://", "https://", "data:")


class Paths(Source):
    """Images by path or URL, in the order of the list.

    Args:
        paths: a list; a text file's path; or "-" for standard input.
    """

    def __init__(self, paths: list[Any] | str) -> None:
        self.paths = paths

    def __str__(self) -> str:
        return "the list of paths" if isinstance(self.paths, list) else repr(self.paths)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "paths": []}  # each part has its own

    def _listed(self) -> list[str]:
        if isinstance(self.paths, list):
            return [local(path) for path in self.paths]
        if self.paths == "-":
            lines: Iterable[str] = sys.stdin
        else:
            with opened(self.paths) as file:
                lines = file.read().decode().splitlines()
        return [local(line.strip()) for line in lines if line.strip()]

    def places(self, rows: int) -> Iterator[tuple[Any, Any, int | None]]:
        for paths in cut(self._listed(), rows):
            yield paths, [_stamp(path) for path in paths], len(paths)

    def read(self, place: Any) -> Iterator[Row]:
        for path in place:
            if is_url(path) and not path.startswith(_WEB):
                yield Row(path, _bytes(path))
            else:
                yield Row(path if len(path) < 2000 else f"{path[:100]}...", path)


def _stamp(path: str) -> Any:
    if path.startswith(_WEB):
        return path
    try:
        return stamp(path)
    except OSError:  # the row's own error, when it is read
        return path


def _bytes(path: str) -> Any:
    try:
        with opened(path) as file:
            return file.read()
    except (OSError, ValueError) as error:  # the row's error, not the part's
        return error
