"""How long it takes to say what a call will do: `processor.plan`, for sizes never seen and for one seen before."""

from __future__ import annotations

from dataclasses import dataclass

from pixelprep.registry.families import FAMILIES

from .measure import Effort, median_seconds

SIZE = (1080, 1920)
# Microseconds to reach for a size never seen; families that cut images into tiles have more to say.
FIRST = {"CLIP": 100, "Qwen2VL": 100, "LlavaOnevision": 300, "Idefics3": 300}
AGAIN = 2


@dataclass(frozen=True)
class PlanRow:
    """Median seconds of a plan, and the seconds to reach."""

    title: str
    seconds: float
    target: float


def rows(family: str, effort: Effort) -> list[PlanRow]:
    """A family's plans of sizes beside 1080x1920, each asked for once, and of 1080x1920 again."""
    processor = FAMILIES[family].load().on("native")()
    height, width = SIZE
    sizes = ((height + n // 16, width + n % 16) for n in range(1, effort.most + 2))
    first = median_seconds(lambda: processor.plan(next(sizes)), effort)
    again = median_seconds(lambda: processor.plan(SIZE), effort)
    return [
        PlanRow(f"{family}, a new size", first, FIRST[family] / 1e6),
        PlanRow(f"{family}, the same size again", again, AGAIN / 1e6),
    ]
