"""Formats of shards by name.

Each is a module here, or of a package that announces a `Sink` in the entry point group `pixelprep.sinks`.
"""

from __future__ import annotations

from ...core.extras import found_by_name
from .sink import Sink

SINKS = {
    "parquet": "pixelprep.data.sinks.parquet:Parquet",
    "safetensors": "pixelprep.data.sinks.safetensors:Safetensors",
    "webdataset": "pixelprep.data.sinks.webdataset:WebDataset",
    "zarr": "pixelprep.data.sinks.zarr:Zarr",
}
"""Where each format is."""


def sink_of(sink: str | Sink) -> Sink:
    """The format of a name.

    Raises:
        ValueError: nobody knows it.
    """
    if isinstance(sink, Sink):
        return sink
    found: Sink = found_by_name(sink, SINKS, "pixelprep.sinks", "sink")()
    return found
