"""What of video processors differs from image processors inside transformers: base class, table, metadata."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any


class Unasked(str):
    """The backend that transformers takes where nobody asked for one."""


@cache
def video_auto() -> Any:
    """transformers' module of that name; None where it cannot be imported, for it needs torch."""
    try:
        return importlib.import_module("transformers.models.auto.video_processing_auto")
    except ImportError:
        return None


@cache
def video_base() -> Any:
    """The class that transformers wants its video processors to be of."""
    module = importlib.import_module("transformers.video_processing_utils")
    return getattr(module, "VideoProcessorMixin", None) or module.BaseVideoProcessor


@cache
def _metadata_class() -> Any:
    """transformers' metadata, with the times that the stream itself has."""
    theirs: Any = importlib.import_module("transformers.video_utils").VideoMetadata

    class Known(theirs):  # type: ignore[misc]
        frame_times: Any = None

        @property
        def timestamps(self) -> list[float]:
            own: list[float] = super().timestamps if self.frame_times is None else list(self.frame_times)
            return own

    return Known


def for_transformers(name: str, value: Any) -> Any:
    """An output as transformers has it: its processors set what is not known of a video."""
    if name != "video_metadata":
        return value
    made = []
    for known in value:
        metadata = _metadata_class()(**known)
        metadata.frame_times = known.frame_times
        made.append(metadata)
    return made


def unasked_from_pretrained(original: Any) -> Any:
    """`AutoVideoProcessor.from_pretrained`, which says it where the caller asks for no backend."""

    def from_pretrained(cls: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("backend", Unasked("torchvision"))
        return original.__get__(None, cls)(*args, **kwargs)

    from_pretrained.__doc__ = original.__func__.__doc__
    return classmethod(from_pretrained)


def video_table(table: Any, served: Callable[[Iterable[Any], str], Any]) -> Any:
    """The table of configurations and classes, whose rows know pixelprep's."""

    class Row(dict[str, Any]):
        def get(self, backend: str, default: Any = None) -> Any:
            names = [value.__name__ if isinstance(value, type) else value for value in self.values()]
            return served(names, backend) or super().get(backend, default)

    class Table:
        def __getattr__(self, name: str) -> Any:
            return getattr(table, name)

        def __contains__(self, key: Any) -> bool:
            return key in table

        def __getitem__(self, key: Any) -> Any:
            return Row(table[key])

    return Table()
