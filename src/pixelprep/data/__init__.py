"""Data sets: from folders, tables and shards to tensors, with bounded memory, on one machine or a Ray cluster.

map               a source into shards of tensors; a second call goes on where the first stopped
read              the rows of what `map` wrote
BatchProcessor    the same step for datasets, Ray Data, pandas, polars, Arrow, torch and webdataset
stats             sizes, tokens and bytes from the headers alone
pack              images into batches of bounded tokens
"""

from typing import Any

_EXPORTS = {
    "BatchProcessor": "batches",
    "Made": "sinks.sink",
    "Report": "mapping",
    "Row": "rows",
    "RowError": "work",
    "Sink": "sinks.sink",
    "Source": "rows",
    "Statistics": "statistics",
    "Writer": "sinks.sink",
    "map": "mapping",
    "pack": "packing",
    "read": "mapping",
    "source_of": "sources",
    "stats": "statistics",
}

__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
