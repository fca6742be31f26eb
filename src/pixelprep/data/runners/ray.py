"""A Ray cluster: parts go through Ray Data to actors, each of which holds one processor."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ...core.extras import required
from ..rows import Part
from ..work import Work


class MakesParts:
    """An actor. A batch is one part as Ray gives columns: `{"part": array of pickled parts}`."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        import pickle

        return {"entry": [json.dumps(self.work.make(pickle.loads(part))) for part in batch["part"]]}


def run(
    work: Work,
    parts: list[Part],
    workers: int | None,
    tick: Callable[[int, int], None],
    *,
    address: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Make parts on a cluster.

    Args:
        work: how; its destination must be reachable from all machines.
        parts: which.
        workers: actors; as many as the cluster has cores if not given.
        tick: told of the rows of each part when it is done.
        address: of a cluster, or "auto" for the one that runs here; a local one is started if not given.

    Raises:
        ImportError: Ray is not installed. ConnectionError: there is no cluster at the address.
        what `Work.make` raises, as Ray wraps it.
    """
    import pickle

    ray = required("ray", "the runner `ray`")
    required("ray.data", "the runner `ray`")
    started = not ray.is_initialized()
    if started:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        count = min(workers or int(ray.cluster_resources().get("CPU", 1)), len(parts)) or 1
        items = ray.data.from_items([{"part": pickle.dumps(part)} for part in parts], override_num_blocks=len(parts))
        strategy = ray.data.ActorPoolStrategy(size=count)
        made = items.map_batches(MakesParts, fn_constructor_args=(work,), batch_size=1, compute=strategy)
        for row in made.iter_rows():
            entry = json.loads(row["entry"])
            tick(entry["rows"], len(entry["failed"]))
            yield entry
    finally:
        if started:
            ray.shutdown()
