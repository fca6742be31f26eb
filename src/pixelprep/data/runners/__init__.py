"""What runs the work by name.

Each is a function here, or of a package that announces one in the entry point group `pixelprep.runners`:

    run(work, parts, workers, tick, **options) -> iterator of what the manifest says of each part, in any order

`tick(done, failed)` is told of rows while they are made, as far as the runner hears of them.
"""

from __future__ import annotations

from typing import Any

from ...core.extras import found_by_name

RUNNERS = {
    "local": "pixelprep.data.runners.local:run",
    "ray": "pixelprep.data.runners.ray:run",
}
"""Where each runner is."""


def runner_of(name: str) -> Any:
    """The runner of a name.

    Raises:
        ValueError: nobody knows it.
    """
    return found_by_name(name, RUNNERS, "pixelprep.runners", "runner")
