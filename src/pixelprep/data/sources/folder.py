"""Image or video files of a folder, in depth, or those that a pattern names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ...core.kinds import IMAGE_ENDINGS, VIDEO_ENDINGS
from ..files import glob, is_folder, local, walk
from .paths import Paths

ENDINGS = {"Image": IMAGE_ENDINGS, "Video": (*VIDEO_ENDINGS, ".gif")}
"""By what is looked for: the endings of file names that are taken."""


class Folder(Paths):
    """Files by name.

    Args:
        path: a folder, or a pattern with `*`, `?`, `[...]`; `**` goes in depth.
        kind: "Image" or "Video".
    """

    def __init__(self, path: str, kind: str = "Image") -> None:
        super().__init__([])
        self.path, self.kind = local(path), kind

    def __str__(self) -> str:
        return f"{self.path!r}, where files ending in {', '.join(ENDINGS[self.kind])} are looked for"

    def _listed(self) -> list[str]:
        if is_folder(self.path):
            return [path for path in walk(self.path) if path.lower().endswith(ENDINGS[self.kind])]
        if any(sign in self.path for sign in "*?["):
            return glob(self.path)
        if os.path.isfile(self.path):
            return [self.path]
        raise FileNotFoundError(2, "there is no such folder or file", self.path)

    def _row_key(self, path: Any) -> str:
        """The path from the folder on: the same when the folder has moved."""
        return os.path.relpath(path, self.path) if os.path.isdir(self.path) else str(path)

    def read(self, place: Any) -> Iterator[Any]:
        for row in super().read(place):
            row.key = self._row_key(row.key)
            yield row
