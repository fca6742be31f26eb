"""The fastest other library known, hf-processors-rs from PyPI, on the families it has: in processes of their own.

What it takes hangs on malloc: with glibc's thresholds the memory of an output goes back to the system and is asked for
anew, page by page. Both settings are measured.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .measure import Effort, Timing, in_process, paired

PACKAGE = "hf-processors-rs"
FAMILIES = ("CLIP", "Siglip", "ViT", "ConvNext", "Blip", "Qwen2VL")
SIDES = (64, 224, 512)
GIGABYTE = str(1 << 30)
ALLOCATORS: Mapping[str, Mapping[str, str]] = {
    "malloc's own thresholds": {},
    "memory kept": {"MALLOC_MMAP_THRESHOLD_": GIGABYTE, "MALLOC_TRIM_THRESHOLD_": GIGABYTE},
}


@dataclass(frozen=True)
class PeerRow:
    """One family on one square PIL image: the peer is the other side of the timing."""

    family: str
    side: int
    allocator: str
    timing: Timing

    @property
    def target(self) -> float:
        """How many times faster than the peer ours should be, at least."""
        return 1.5 if self.side == 64 else 2.0


def installed() -> bool:
    return importlib.util.find_spec(PACKAGE.replace("-", "_")) is not None


def rows(family: str, allocator: str, effort: Effort) -> list[PeerRow]:
    """A family on every size, in a new process with the settings of an allocator."""
    numbers = {one.name: getattr(effort, one.name) for one in fields(effort)}
    code = f"from benchmarks.peer import measure\nprint(json.dumps(measure({family!r}, {numbers!r})))"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    found = in_process(code, {**plain, **ALLOCATORS[allocator]})
    return [PeerRow(family, side, allocator, Timing(*timing)) for side, timing in zip(SIDES, found, strict=True)]


def measure(family: str, effort: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    """The times of ours and the peer's, whose pixels are checked to be the same, and the ratio; for each size."""
    import hf_processors_rs
    import numpy as np

    from pixelprep.registry.families import FAMILIES as OURS

    from .cases import photograph

    ours: Any = OURS[family].load().on("native")()
    peer = hf_processors_rs.AutoImageProcessor.from_dict({"image_processor_type": f"{family}ImageProcessor"})
    found = []
    for side in SIDES:
        image = photograph(side, side)
        made = peer.preprocess(image, num_threads=1)["pixel_values"]
        assert np.array_equal(ours(image, return_tensors="np")["pixel_values"], made)
        calls = (lambda x=image: ours(x, return_tensors="np")), (lambda x=image: peer.preprocess(x, num_threads=1))
        timing = paired(*calls, Effort(**effort))
        found.append((timing.ours, timing.reference, timing.faster))
    return found
