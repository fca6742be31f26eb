"""How a backend likes its files, and threads that callers share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

JpegDecoding = Literal["pillow", "direct", "lazy"]
"""Who decodes JPEG files: Pillow; libjpeg-turbo, into arrays; or libjpeg-turbo too, when somebody looks."""


def _one() -> int:
    return 1


@dataclass(frozen=True)
class Loading:
    """What the loader asks a backend for; a backend that has no `loading` gets these defaults.

    Attributes:
        jpeg: how JPEG files reach `from_image`.
        threads: asked at each call, how many load files.
    """

    jpeg: JpegDecoding = "pillow"
    threads: Callable[[], int] = _one


class LateImage:
    """A file whose pixels are decoded when somebody looks, as a backend that says "lazy" gets it."""

    shape: tuple[int, int, int]
    """(height, width, channels)."""

    pixels: Any | None
    """What a call of `decode` was told to keep."""

    in_order: bool = False
    """Whether this is a frame of a stream, decoded behind those that come before it."""

    def decode(self, keep: bool = False) -> Any:
        """The pixels `(H, W, C)` uint8; those that were kept, else made anew."""
        raise NotImplementedError


class Workers:
    """Threads for those who call at once: they share them, whoever the callers are."""

    def __init__(self) -> None:
        self._start_afresh()
        if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
            os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._callers, self._lock = 0, threading.Lock()

    def run(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], threads: int) -> list[Any]:
        """The function of each tuple of arguments, in order; the first error ends it all.

        Callers in other threads work for themselves: each takes one of the threads away.
        """
        with self._lock:
            threads = min(threads - self._callers, len(arguments))
            self._callers += 1
        try:
            if threads < 2:
                return [function(*some) for some in arguments]
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(threads, "pixelprep") as pool:
                return list(pool.map(lambda some: function(*some), arguments))
        finally:
            with self._lock:
                self._callers -= 1


def ahead(items: Iterator[Any]) -> Iterator[Any]:
    """The same items, each made in a thread while the caller is busy with the one before it."""
    from concurrent.futures import ThreadPoolExecutor

    end = object()
    with ThreadPoolExecutor(1, "pixelprep") as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item
