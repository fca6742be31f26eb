"""Sources by name, and the one that a text stands for.

Each is a module here, or of a package that announces a `Source` in the entry point group `pixelprep.sources`.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ...core.extras import found_by_name
from ..files import is_folder, is_url, local
from ..rows import Source

SOURCES = {
    "folder": "pixelprep.data.sources.folder:Folder",
    "paths": "pixelprep.data.sources.paths:Paths",
    "table": "pixelprep.data.sources.table:Table",
    "webdataset": "pixelprep.data.sources.webdataset:WebDataset",
    "datasets": "pixelprep.data.sources.datasets:Datasets",
}
"""Where each source is."""

TABLES = (".parquet", ".arrow", ".feather", ".ipc")
_SAVED = ("dataset_info.json", "dataset_dict.json", "state.json")


def source_of(source: Any, *, column: str | None = None, kind: str = "Image") -> Source:
    """The source that a text, a list of paths or a data set stands for.

    Args:
        source: a `Source`; a list of paths or URLs; a `datasets.Dataset`; or a text: a folder, a pattern such as
            `photos/**/*.jpg` or `shards/{000..009}.tar`, a parquet, Arrow or feather file, a tar file, a `.txt` file
            with a path or URL in each line, `-` for such lines on standard input, a folder that
            `datasets.save_to_disk` wrote, `datasets:NAME` or `datasets:NAME:SPLIT` for `datasets.load_dataset`, or
            `SOURCE_NAME:...` of a package that announces one.
        column: of a table, the one with images; else the only one that can be.
        kind: "Image" or "Video": which files of a folder are taken.

    Raises:
        ValueError: it stands for none. OSError: it cannot be read.
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, (list, tuple)):
        return _of("paths", list(source))
    if not isinstance(source, (str, os.PathLike)):
        if type(source).__module__.startswith("datasets."):
            return _of("datasets", source, column=column)
        raise TypeError(f"a source is a text, a list of paths, a data set or a `Source`, not {type(source).__name__}")
    text = os.fspath(source)
    scheme, colon, rest = text.partition(":")
    if colon and not is_url(text) and re.fullmatch(r"[a-z_]{2,}", scheme) and not os.path.exists(text):
        return _of(scheme, rest, **({"column": column} if scheme in ("datasets", "table") else {}))
    plain = local(text)
    if text == "-" or plain.endswith(".txt"):
        return _of("paths", text)
    if plain.endswith(TABLES):
        return _of("table", text, column=column)
    if re.search(r"\.tar(\.gz)?$", plain):
        return _of("webdataset", text, column=column)
    if is_folder(plain) and any(os.path.exists(os.path.join(plain, name)) for name in _SAVED):
        return _of("datasets", plain, column=column)
    return _of("folder", text, kind=kind)


def _of(name: str, *args: Any, **kwargs: Any) -> Source:
    found: Source = found_by_name(name, SOURCES, "pixelprep.sources", "source")(*args, **kwargs)
    return found
