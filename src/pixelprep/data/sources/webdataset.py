"""Tar files of samples, as webdataset names them: `KEY.jpg`, `KEY.json`, ..."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core.extras import required
from ...core.kinds import IMAGE_ENDINGS, VIDEO_ENDINGS
from ..files import glob, local, opened, stamp
from ..rows import Row, Source

_TEXT = ("txt", "json", "cls", "text", "caption")


class WebDataset(Source):
    """Samples of tar files; each file is a part, and read as a stream.

    Args:
        path: a tar file, or a pattern: `*`, `?`, or webdataset's `{000..127}`.
        column: the ending of the members that are images, such as "jpg" or "left.png"; else the first that can be.
    """

    def __init__(self, path: str, column: str | None = None) -> None:
        self.path, self.column = local(path), column

    def __str__(self) -> str:
        return repr(self.path)

    def places(self, rows: int) -> Iterator[tuple[Any, Any, int | None]]:
        if "{" in self.path:
            required("webdataset", f"{self.path!r}")
            from webdataset.shardlists import expand_urls

            paths = list(expand_urls(self.path))
        else:
            paths = glob(self.path)
        if not paths:
            raise FileNotFoundError(2, "there is no such file", self.path)
        for path in paths:
            yield path, stamp(path), None

    def read(self, place: Any) -> Iterator[Row]:
        required("webdataset", f"{place!r}")
        from webdataset.tariterators import group_by_keys, tar_file_iterator

        with opened(place) as file:
            members = ({**member, "__url__": place} for member in tar_file_iterator(file))
            for sample in group_by_keys(members):
                key = sample.pop("__key__")
                yield self._row(key, {name: value for name, value in sample.items() if not name.startswith("__")})

    def _row(self, key: str, sample: dict[str, Any]) -> Row:
        endings = IMAGE_ENDINGS + VIDEO_ENDINGS
        able = [self.column] if self.column else [name for name in sample if f".{name}".lower().endswith(endings)]
        image = sample.pop(able[0], None) if able else None
        return Row(key, image, {name: _value(name, value) for name, value in sample.items()})


def _value(name: str, value: Any) -> Any:
    """Text as text, all else as bytes."""
    if name.rpartition(".")[2] not in _TEXT:
        return bytes(value)
    return bytes(value).decode(errors="replace")
