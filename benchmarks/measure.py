"""How it is measured: paired times in one process, peaks and cold starts in fresh ones, and the bandwidth of memory."""

from __future__ import annotations

import compileall
import gc
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .cases import PHOTOS, Case

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Effort:
    """How long to measure one row: pairs of calls until the seconds are over, within these numbers of pairs."""

    seconds: float
    least: int
    most: int
    processes: int


FULL = Effort(seconds=1.0, least=5, most=200, processes=3)
QUICK = Effort(seconds=0.0, least=1, most=3, processes=1)


@dataclass(frozen=True)
class Timing:
    """Median seconds of both sides, and the median over the pairs of how many times faster ours is."""

    ours: float
    reference: float
    faster: float


def paired(ours: Callable[[], Any], reference: Callable[[], Any], effort: Effort) -> Timing:
    """Time two calls in turns, so that what slows the machine for a while slows both."""
    sides = (ours, reference)
    for call in sides:
        call()
    pairs: list[tuple[float, float]] = []
    start = time.perf_counter()
    gc.collect()
    gc.disable()
    try:
        while len(pairs) < effort.least or (len(pairs) < effort.most and time.perf_counter() - start < effort.seconds):
            taken = [0.0, 0.0]
            for side in (0, 1) if len(pairs) % 2 else (1, 0):
                before = time.perf_counter()
                sides[side]()
                taken[side] = time.perf_counter() - before
            pairs.append((taken[0], taken[1]))
    finally:
        gc.enable()
    return Timing(
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[1] / pair[0] for pair in pairs),
    )


def median_seconds(call: Callable[[], Any], effort: Effort) -> float:
    """The median of calls of one kind."""
    call()
    taken: list[float] = []
    start = time.perf_counter()
    while len(taken) < effort.least or (len(taken) < effort.most and time.perf_counter() - start < effort.seconds):
        before = time.perf_counter()
        call()
        taken.append(time.perf_counter() - before)
    return statistics.median(taken)


def threads_gain(case: Case, images: Any, effort: Effort) -> Timing:
    """The native backend on two threads (`ours`) against itself on one (`reference`)."""
    from pixelprep_native import num_threads, set_num_threads

    call, before = case.ours(), num_threads()

    def on(threads: int) -> Callable[[], Any]:
        def run() -> None:
            set_num_threads(threads)
            call(images)

        return run

    try:
        return paired(on(2), on(1), effort)
    finally:
        set_num_threads(before)


def threads_ceiling() -> float:
    """How many times faster two threads add up vectors that lie in their caches than one does: what this machine gives.

    Two cores give two; two hyperthreads of one core share its vector units and give less.
    """
    numbers = np.broadcast_to(np.linspace(0, 1, 4096, dtype=np.float32), (20_000, 4096))

    def work(_: int) -> None:
        np.add.reduce(numbers, axis=0)

    with ThreadPoolExecutor(2) as pool:
        timing = paired(lambda: list(pool.map(work, range(2))), lambda: list(map(work, range(2))), FULL)
    return timing.faster


def bytes_in(images: Any) -> int:
    """Bytes that the pixels of an input take where they lie; Pillow keeps four for each pixel of an RGB image."""
    if isinstance(images, list):
        return sum(map(bytes_in, images))
    return int(images.nbytes) if isinstance(images, np.ndarray) else 4 * images.width * images.height


def bytes_out(outputs: Any) -> int:
    """Bytes of all arrays of an output."""
    if hasattr(outputs, "items"):
        return sum(bytes_out(value) for value in outputs.values())
    if isinstance(outputs, (list, tuple)):
        return sum(map(bytes_out, outputs))
    return int(getattr(outputs, "nbytes", 0))


def copy_bandwidth(megabytes: int = 256) -> float:
    """Bytes read plus bytes written per second by a plain copy on one thread, of more than any cache holds."""
    source = np.ones(megabytes * MEGABYTE, dtype=np.uint8)
    target = np.zeros_like(source)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - start)
    return 2 * source.nbytes / statistics.median(seconds)


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    seconds: float
    megabytes: float


# The peak of this program alone: ru_maxrss, which serves elsewhere, counts the parent's before `exec` on Linux.
_PEAK = """
import json, resource, sys
def peak():
    try:
        with open("/proc/self/status") as status:
            return int(status.read().partition("VmHWM:")[2].split()[0]) / 2**10
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
"""
# A small image first, so that what a library sets up on first use is not taken for the memory of an image.
_MEMORY = """
from benchmarks.cases import Case, photograph
image, call = photograph(1800, 1200), Case({family!r}, {backend!r}, {against!r}, "photo").{side}()
call(photograph(64, 64))
before = peak()
call(image)
print(json.dumps([peak() - before, peak()]))
"""
_COLD = """
{code}
assert {torch} or "torch" not in sys.modules, "torch was imported"
print(json.dumps(peak()))
"""
_OURS = "import pixelprep; pixelprep.CLIPImageProcessor{suffix}()({photo!r}, return_tensors={tensors!r})"
_REFERENCE = (
    "import PIL.Image, transformers; "
    "transformers.CLIPImageProcessor{suffix}()(PIL.Image.open({photo!r}), return_tensors={tensors!r})"
)


def in_process(code: str, environment: Mapping[str, str] | None = None) -> Any:
    """Run code in a new process, where `peak` and `json` stand ready; what it prints last, read as JSON."""
    command, root = [sys.executable, "-c", _PEAK + code], Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2])
    return json.loads(done.stdout.splitlines()[-1])


def peak_memory(family: str, backend: str, side: str) -> tuple[float, float]:
    """Megabytes of one call on a 1800x1200 photograph in a fresh process: above the state before it, and in all."""
    against = "torchvision" if backend == "native" else backend
    above, total = in_process(_MEMORY.format(family=family, backend=backend, against=against, side=side))
    return above, total


def import_time(effort: Effort) -> Cost:
    """`import pixelprep` in a running interpreter."""
    code = "import time; start = time.perf_counter(); import pixelprep; taken = time.perf_counter() - start\n"
    results = [in_process(code + "print(json.dumps([taken, peak()]))") for _ in range(effort.processes)]
    return Cost(*(statistics.median(column) for column in zip(*results, strict=True)))


def compile_sources() -> None:
    """Write the bytecode that an installed package has; a checkout has none where PYTHONDONTWRITEBYTECODE is set."""
    for package in ("pixelprep", "pixelprep_native"):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            compileall.compile_dir(folder, quiet=1)


def cold_start(side: str, backend: str, effort: Effort) -> Cost:
    """A new process until it has made its first CLIP tensor from a JPEG file and ended."""
    suffix, tensors = {"torchvision": ("", "pt"), "pil": ("Pil", "np"), "native": ("Native", "np")}[backend]
    line = _OURS if side == "ours" else _REFERENCE
    code = line.format(suffix=suffix, tensors=tensors, photo=str(PHOTOS / "astronaut.jpg"))
    costs = []
    for _ in range(effort.processes):
        start = time.perf_counter()
        megabytes = in_process(_COLD.format(code=code, torch=side != "ours" or backend == "torchvision"))
        costs.append((time.perf_counter() - start, megabytes))
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))
