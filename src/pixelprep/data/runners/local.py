"""All cores of one machine: threads where the backend lets others run meanwhile, else processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ..rows import Part
from ..work import Stopped, Work

_AGAIN = 3
"""How often the parts of a process that was killed are tried anew."""

Tick = Callable[[int, int], None]


def run(work: Work, parts: list[Part], workers: int | None, tick: Tick) -> Iterator[dict[str, Any]]:
    """Make parts, a few more at a time than there are workers.

    Raises:
        what `Work.make` raises; RuntimeError: processes are killed again and again.
    """
    count = min(workers or cores(), len(parts)) or 1
    if type(work.processor).backend == "native":
        yield from _in_threads(work, parts, count, tick)
    else:
        yield from _in_processes(work, parts, count, tick)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_threads(work: Work, parts: list[Part], workers: int, tick: Tick) -> Iterator[dict[str, Any]]:
    stop, lock = threading.Event(), threading.Lock()

    def told(done: int, failed: int) -> None:
        if stop.is_set():
            raise Stopped
        with lock:
            tick(done, failed)

    _ = work.columns  # made once, before threads share it
    with ThreadPoolExecutor(workers, "pixelprep-data") as pool:
        try:
            for future in _a_few(pool, lambda part: work.make(part, told), parts, workers):
                yield future.result()
        finally:
            stop.set()


def _in_processes(work: Work, parts: list[Part], workers: int, tick: Tick) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")
    left = {part.number: part for part in parts}
    for _ in range(_AGAIN):
        counts = context.Array("Q", 2)
        pool = ProcessPoolExecutor(workers, context, _start, (work, counts))
        seen = (0, 0)
        try:
            for future in _a_few(pool, _make, left.values(), workers):
                now = counts[0], counts[1]
                tick(now[0] - seen[0], now[1] - seen[1])
                seen = now
                if future.done():
                    entry = future.result()
                    del left[entry["part"]]
                    yield entry
            return
        except BrokenProcessPool:
            tick(-counts[0], -counts[1])
            warnings.warn(
                f"a process was killed (by the system, if memory ran out); {len(left)} parts are made again",
                stacklevel=2,
            )
        finally:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(cancel_futures=True)
    raise RuntimeError(
        f"processes that make parts were killed {_AGAIN} times; is there memory for {workers} of them? Try fewer "
        "workers"
    )


def _a_few(pool: Executor, function: Any, parts: Iterable[Part], workers: int) -> Iterator[Future[Any]]:
    """Futures as they are done, with at most twice as many begun as there are workers.

    Every quarter of a second, one that is not done is given too, for its caller to look around.
    """
    waiting: set[Future[Any]] = set()
    todo = iter(list(parts))
    while True:
        while len(waiting) < 2 * workers and (part := next(todo, None)) is not None:
            waiting.add(pool.submit(function, part))
        if not waiting:
            return
        done, waiting = wait(waiting, 0.25, FIRST_COMPLETED)
        if not done and isinstance(pool, ProcessPoolExecutor):
            yield next(iter(waiting))
        yield from done


_work: Work
_counts: Any


def _start(work: Work, counts: Any) -> None:
    """Make ready a process: it leaves Ctrl-C to the first one, ends when that is gone, and uses one core."""
    global _work, _counts
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    _work, _counts = work, counts
    if type(work.processor).backend == "torchvision":
        import torch

        torch.set_num_threads(1)


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _make(part: Part) -> dict[str, Any]:
    def tick(done: int, failed: int) -> None:
        with _counts.get_lock():
            _counts[0] += done
            _counts[1] += failed

    return _work.make(part, tick)
