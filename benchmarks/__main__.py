"""`python -m benchmarks`: measure everything and write docs/benchmarks.md. See `--help` for less than everything."""

from __future__ import annotations

import os

if __name__ == "__main__":
    # Before anything is imported that reads them: one thread, and nothing fetched.
    one = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "PIXELPREP_NUM_THREADS", "HF_HUB_OFFLINE")
    os.environ.update(dict.fromkeys(one, "1"), TRANSFORMERS_VERBOSITY="error")

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import cases, inside, measure, peer, planning, report, videos
from .results import RESULTS, ResultCase

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SECTIONS = ("time", "inside", "plans", "peer", "results", "threads", "memory", "start", "videos")
Task = tuple[str, Callable[[], None]]
"""What the progress bar shows, and what is done."""


def main(argv: list[str] | None = None) -> int:
    """Run, and write or print the page; 1 if a row failed, 130 if interrupted, the page being left as it was."""
    arguments = _parser().parse_args(argv)
    part = arguments.quick or any((arguments.family, arguments.backend, arguments.input, arguments.only))
    page = arguments.page or (None if part else PAGE)
    try:
        with warnings.catch_warnings(action="ignore"):
            results = run(arguments)
    except KeyboardInterrupt:
        print("interrupted; the page is as it was", file=sys.stderr)
        return 130
    alone = arguments.only == ["videos"]  # a section of the page by itself
    if alone and not (arguments.quick or arguments.family or arguments.backend or arguments.input):
        page = arguments.page or PAGE
    if page is None:
        print(report.render_videos(results) if alone else report.render(results))
        return 1 if results.failures else 0
    if not alone:
        report.write_page(page, report.render(results))
    if results.videos:
        report.write_page(page, report.render_videos(results), report.VIDEOS)
    print(f"written: {page}", file=sys.stderr)
    return 1 if results.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    choose: dict[str, Any] = {"action": "append", "metavar": "NAME"}
    parser.add_argument("--family", choices=cases.measured_families(), help="only this one; may be repeated", **choose)
    parser.add_argument("--backend", choices=cases.usable_backends(), help="only this one; may be repeated", **choose)
    parser.add_argument("--input", choices=list(cases.INPUTS), help="only this one; may be repeated", **choose)
    parser.add_argument("--only", choices=SECTIONS, help="only this section; may be repeated", **choose)
    parser.add_argument("--quick", action="store_true", help="three pairs a row: to see that it works, not how fast")
    parser.add_argument("--page", type=Path, help="write here; partial and quick runs print unless this is given")
    return parser


def run(arguments: argparse.Namespace) -> report.Results:
    """Measure what was asked for, with a progress bar where there is a terminal."""
    import torch

    torch.set_num_threads(1)
    effort = measure.QUICK if arguments.quick else measure.FULL
    families = arguments.family or cases.measured_families()
    backends = arguments.backend or cases.usable_backends()
    inputs = arguments.input or list(cases.INPUTS)
    sections = arguments.only or SECTIONS
    results = report.Results(bandwidth=measure.copy_bandwidth(64 if arguments.quick else 256))
    if "native" in backends:
        from pixelprep_native import isa

        results.instruction_set = isa()
    with tempfile.TemporaryDirectory() as folder:
        makers: dict[str, Callable[[], list[Task]]] = {
            "time": partial(_timings, results, families, backends, inputs, Path(folder), effort),
            "inside": partial(_inside, results, families, backends, Path(folder), effort),
            "plans": partial(_plans, results, families, backends, effort),
            "peer": partial(_peer, results, families, backends, effort),
            "results": partial(_results, results, families, backends, effort),
            "threads": partial(_threads, results, families, backends, Path(folder), effort),
            "memory": partial(_memory, results, families, backends),
            "start": partial(_starts, results, backends, effort),
            "videos": partial(_videos, results, families, backends, Path(folder), effort),
        }
        tasks = [task for section, make in makers.items() if section in sections for task in make()]
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            bar = progress.add_task("", total=len(tasks))
            for name, task in tasks:
                progress.update(bar, description=name)
                try:
                    task()
                except Exception as error:  # one row is not worth the others
                    results.failures.append((name, f"{type(error).__name__}: {error}"))
                progress.advance(bar)
    return results


def _timings(
    results: report.Results,
    families: list[str],
    backends: list[str],
    inputs: list[str],
    folder: Path,
    effort: measure.Effort,
) -> list[Task]:
    def time(case: cases.Case) -> None:
        images = cases.INPUTS[case.input].make(folder)
        ours, reference = case.ours(), case.reference()
        timing = measure.paired(lambda: ours(images), lambda: reference(images), effort)
        floor = None
        if case.input not in ("file", "files"):
            floor = (measure.bytes_in(images) + measure.bytes_out(ours(images))) / results.bandwidth
        results.rows.append(report.Row(case, timing, floor))

    return [
        (f"{case.family} on {case.backend}, {cases.INPUTS[case.input].title}", partial(time, case))
        for case in cases.cases(families, backends, inputs)
    ]


def _inside(
    results: report.Results, families: list[str], backends: list[str], folder: Path, effort: measure.Effort
) -> list[Task]:
    def time(case: inside.Inside, given: str) -> None:
        results.inside.append(inside.row(case, given, folder, effort))

    return [
        (f"{case.family} inside transformers, {cases.INPUTS[given].title}", partial(time, case, given))
        for case in inside.PROCESSORS
        for given in ("photo", "file")
        if case.family in families and "native" in backends
    ]


def _plans(results: report.Results, families: list[str], backends: list[str], effort: measure.Effort) -> list[Task]:
    def time(family: str) -> None:
        results.plans += planning.rows(family, effort)

    chosen = [family for family in planning.FIRST if family in families and "native" in backends]
    return [(f"plans of {family}", partial(time, family)) for family in chosen]


def _peer(results: report.Results, families: list[str], backends: list[str], effort: measure.Effort) -> list[Task]:
    found: list[peer.PeerRow] = []

    def time(family: str, allocator: str) -> None:
        found.extend(peer.rows(family, allocator, effort))

    if "native" not in backends:
        return []
    whole = families == cases.measured_families()
    results.peers = found if peer.installed() else None
    chosen = [family for family in peer.FAMILIES if whole or family in families] if peer.installed() else []
    return [
        (f"{family} beside {peer.PACKAGE}, {allocator}", partial(time, family, allocator))
        for allocator in peer.ALLOCATORS
        for family in chosen
    ]


def _results(results: report.Results, families: list[str], backends: list[str], effort: measure.Effort) -> list[Task]:
    def time(case: ResultCase) -> None:
        results.results.append((case.title, measure.paired(case.ours(), case.reference(), effort)))

    whole = len(families) == len(cases.measured_families()) and "torchvision" in backends
    return [(case.title, partial(time, case)) for case in RESULTS if whole or case.family in families]


def _threads(
    results: report.Results, families: list[str], backends: list[str], folder: Path, effort: measure.Effort
) -> list[Task]:
    longer = replace(effort, seconds=5 * effort.seconds)  # neighbours on the machine disturb two threads most

    def gain(case: cases.Case) -> None:
        timing = measure.threads_gain(case, cases.INPUTS[case.input].make(folder), longer)
        results.threads.append((case, timing))

    def ceiling() -> None:
        results.threads_ceiling = measure.threads_ceiling()

    if "native" not in backends or "CLIP" not in families:
        return []
    return [
        ("2 threads, arithmetic", ceiling),
        *(
            (f"2 threads, {cases.INPUTS[name].title}", partial(gain, cases.Case("CLIP", "native", "native", name)))
            for name in ("mixed", "files")
        ),
    ]


def _memory(results: report.Results, families: list[str], backends: list[str]) -> list[Task]:
    def peak(family: str, backend: str, side: str) -> None:
        column = backend if side == "ours" else f"the reference's {backend}"
        results.memory.setdefault(family, {})[column] = measure.peak_memory(family, backend, side)

    return [
        (f"memory of {family} on {backend}", partial(peak, family, backend, side))
        for family in families
        if family in cases.MEASURED_IN_MEMORY
        for backend in backends
        for side in ("ours", "reference")
        if side == "ours" or (backend != "native" and cases.reference_class(family, backend) is not None)
    ]


def _starts(results: report.Results, backends: list[str], effort: measure.Effort) -> list[Task]:
    measure.compile_sources()
    targets = {"native": "0.3 s, 80 MB", "pil": "0.5 s, 100 MB"}

    def importing() -> None:
        results.starts.append(("`import pixelprep`", measure.import_time(effort), "0.05 s"))

    def first(side: str, backend: str) -> None:
        name = f"first CLIP tensor: {backend if side == 'ours' else f'the reference, {backend}'}"
        target = targets.get(backend, "") if side == "ours" else ""
        results.starts.append((name, measure.cold_start(side, backend, effort), target))

    chosen = [("ours", name) for name in backends] + [("reference", name) for name in backends if name != "native"]
    tasks = [(f"start of {backend}", partial(first, side, backend)) for side, backend in chosen]
    return [("import", importing), *tasks]


def _videos(
    results: report.Results, families: list[str], backends: list[str], folder: Path, effort: measure.Effort
) -> list[Task]:
    def frames(case: videos.VideoCase) -> None:
        given, ours, reference = videos.drawn(case.frames), case.ours(), case.reference()
        timing = measure.paired(lambda: ours(given), lambda: reference(given), effort)
        results.videos.append((f"{case.title}; transformers", timing, case.target))

    def file(group: int) -> None:
        results.videos += videos.file_rows(folder, group, effort)

    def threads() -> None:
        results.videos.append(videos.threads_row(folder, effort))

    def memory(family: str, count: int, size: tuple[int, int], sides: tuple[str, ...]) -> None:
        path = videos.clip(folder, 30, max(count, 300), size)
        small = videos.clip(folder, 30, 8)
        for side in sides:
            peak, made = videos.peak_memory(side, family, path, small, count)
            title = f"{family}, {count} x {size[0]}p"
            results.video_memory.append((title, side, peak, made, 8 * 3 * size[0] * size[1] / 2**20))

    if "native" not in backends or families != cases.measured_families():
        return []
    quick = effort is measure.QUICK
    rows = videos.MEMORY if quick else (*videos.MEMORY, videos.LONG)
    return [
        *((case.title, partial(frames, case)) for case in videos.written()[: 2 if quick else None]),
        *((f"files, keyframe each {group}", partial(file, group)) for group in ((30,) if quick else (250, 30))),
        ("2 threads, 4 files", threads),
        *((f"memory of {row[0]}", partial(memory, *row)) for row in rows),
    ]


if __name__ == "__main__":
    sys.exit(main())
