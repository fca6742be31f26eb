"""The page: a summary, the targets, then every row; written between two markers, the text around them kept."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pixelprep.core.files import write_atomically

from .cases import BACKENDS, INPUTS, THREADS_TARGET, Case
from .inside import InsideRow
from .measure import Cost, Timing
from .peer import PACKAGE, SIDES, PeerRow
from .planning import PlanRow

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
VIDEOS = "<!-- videos: begin -->", "<!-- videos: end -->"


@dataclass(frozen=True)
class Row:
    """A case, its times, and how long memory alone would take to read the input and write the output."""

    case: Case
    timing: Timing
    floor: float | None = None

    @property
    def reached(self) -> bool:
        return self.case.target is None or self.timing.faster >= self.case.target


@dataclass
class Results:
    """Everything that one run measured."""

    rows: list[Row] = field(default_factory=list)
    threads: list[tuple[Case, Timing]] = field(default_factory=list)
    results: list[tuple[str, Timing]] = field(default_factory=list)
    inside: list[InsideRow] = field(default_factory=list)
    plans: list[PlanRow] = field(default_factory=list)
    peers: list[PeerRow] | None = field(default_factory=list)
    """None where the peer is not installed."""
    memory: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    starts: list[tuple[str, Cost, str]] = field(default_factory=list)
    videos: list[tuple[str, Timing, float]] = field(default_factory=list)
    video_memory: list[tuple[str, str, float, float, float]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    bandwidth: float = 0.0
    threads_ceiling: float = 0.0
    instruction_set: str = ""


def render(results: Results) -> str:
    """The Markdown between the markers."""
    parts = [_conditions(results), _summary(results.rows), _targets(results), _starts(results.starts)]
    for backend in BACKENDS:
        for against in ("torchvision", "pil"):
            rows = [row for row in results.rows if (row.case.backend, row.case.against) == (backend, against)]
            parts.append(_details(backend, against, rows))
    parts += [_inside(results.inside), _plans(results.plans), _peers(results.peers)]
    parts += [_results(results.results), _floors(results.rows), _memory(results.memory)]
    if results.failures:
        parts.append("## Not measured\n\n" + "\n".join(f"- {name}: {error}" for name, error in results.failures))
    return "\n\n".join(part for part in parts if part)


def render_videos(results: Results) -> str:
    """The Markdown between the markers of the videos."""
    parts = [_conditions(results, "av")]
    if results.videos:
        head = ("what; beside", "ours, ms", "theirs, ms", "times faster", "target", "reached")
        lines = [[title, *_reached(timing, round(target, 2))] for title, timing, target in results.videos]
        parts.append(f"### Time\n\nFrames of 720p, decoded or in files of H.264; native.\n\n{_table(head, lines)}")
    if results.video_memory:
        head = ("from a file", "side", "peak, MiB", "outputs, MiB", "8 frames, MiB", "peak over outputs")
        lines = [
            [title, side, f"{peak:.0f}", f"{made:.0f}", f"{eight:.0f}", f"{peak / made:.2f}"]
            for title, side, peak, made, eight in results.video_memory
        ]
        text = "Above the state before the call, in a fresh process. To reach: 1.3 times the outputs and 8 frames."
        parts.append(f"### Memory\n\n{text}\n\n{_table(head, lines)}")
    if results.failures:
        parts.append("### Not measured\n\n" + "\n".join(f"- {name}: {error}" for name, error in results.failures))
    return "\n\n".join(parts)


def write_page(path: Path, body: str, markers: tuple[str, str] = (BEGIN, END)) -> None:
    """Put a text between two markers of a page; the rest of the page stays as it is.

    Raises:
        ValueError: the page has not both markers, in this order.
    """
    page = path.read_text(encoding="utf-8")
    head, begin, rest = page.partition(markers[0])
    _, end, tail = rest.partition(markers[1])
    if not begin or not end:
        raise ValueError(f"{path} needs the lines {markers[0]} and {markers[1]}, around where the tables go")
    write_atomically(path, f"{head}{begin}\n\n{body}\n\n{end}{tail}".encode())


def cpu_name() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} (from the checkout)"


def _conditions(results: Results, *more: str) -> str:
    names = ("pixelprep", "transformers", "torch", "torchvision", "pillow", "numpy", *more)
    native = f" The native backend uses {results.instruction_set}." if results.instruction_set else ""
    return (
        f"{', '.join(map(_version, names))}; Python {platform.python_version()}; {cpu_name()}; one thread unless said "
        f"otherwise. Memory copies at {results.bandwidth / 1e9:.1f} GB/s (read plus written).{native}\n\n"
        '"Times faster" is the reference\'s time over ours, the median over pairs of calls in turns in one process. '
        "**Bold**: short of its target."
    )


def _faster(row: Row | None) -> str:
    if row is None:
        return ""
    text = f"{row.timing.faster:.2f}" if row.timing.faster < 10 else f"{row.timing.faster:.0f}"
    return text if row.reached else f"**{text}**"


def _time(seconds: float) -> str:
    milliseconds = seconds * 1000
    return (
        f"{milliseconds:.2f}"
        if milliseconds < 10
        else f"{milliseconds:.1f}"
        if milliseconds < 100
        else f"{milliseconds:.0f}"
    )


def _label(case: Case) -> str:
    return f"{case.family} {case.dtype}".rstrip()


def _summary(rows: list[Row]) -> str:
    wanted = [
        (backend, against, name)
        for backend, against in (
            ("torchvision", "torchvision"),
            ("pil", "pil"),
            ("native", "torchvision"),
            ("native", "pil"),
        )
        for name in ("photo", "tiny", "off")
        if backend != "native"
        or (against, name) in {("torchvision", "photo"), ("torchvision", "tiny"), ("pil", "photo")}
    ]
    found = {(_label(r.case), r.case.backend, r.case.against, r.case.input): r for r in rows}
    wanted = [column for column in wanted if any(key[1:] == column for key in found)]
    if not wanted:
        return ""
    titles = [f"{b}{'' if b == a else f' / {a}'}, {INPUTS[i].title.removeprefix('PIL ')}" for b, a, i in wanted]
    lines = [
        [family, *(_faster(found.get((family, *column))) for column in wanted)]
        for family in dict.fromkeys(key[0] for key in found)
    ]
    text = "Times faster than the reference's class on the same backend, or on the backend after the slash."
    return f"## Summary\n\n{text}\n\n{_table(['family', *titles], lines)}"


def _targets(results: Results) -> str:
    lines = [
        [_label(row.case), INPUTS[row.case.input].title, row.case.against, *_reached(row.timing, row.case.target)]
        for row in results.rows
        if row.case.backend == "native" and row.case.target is not None
    ]
    lines += [
        [_label(case), INPUTS[case.input].title, "itself, 1 against 2 threads", *_reached(timing, THREADS_TARGET)]
        for case, timing in results.threads
    ]
    if not lines:
        return ""
    head = ["native", "input", "against", "ours, ms", "theirs, ms", "times faster", "target", "reached"]
    ceiling = (
        f"Sums of vectors in its caches, which need nothing but arithmetic, this machine makes "
        f"{results.threads_ceiling:.2f} times faster on two threads than on one.\n\n"
        if results.threads
        else ""
    )
    return f"## Targets of the native backend\n\n{ceiling}{_table(head, lines)}"


def _reached(timing: Timing, target: float | None) -> list[str]:
    wanted = target or 0.0
    numbers = [_time(timing.ours), _time(timing.reference), f"{timing.faster:.2f}", f"{wanted:g}"]
    return [*numbers, _yes(timing.faster >= wanted)]


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _starts(starts: list[tuple[str, Cost, str]]) -> str:
    lines = [[name, f"{cost.seconds:.3f}", f"{cost.megabytes:.0f}", target] for name, cost, target in starts]
    return f"## Cold start\n\n{_table(['what', 's', 'peak MB', 'target'], lines)}" if lines else ""


def _details(backend: str, against: str, rows: list[Row]) -> str:
    if not rows:
        return ""
    inputs = [name for name in INPUTS if any(row.case.input == name for row in rows)]
    found = {(_label(row.case), row.case.input): row for row in rows}

    def cell(family: str, name: str) -> str:
        row = found.get((family, name))
        return f"{_time(row.timing.ours)} · {_faster(row)}" if row else ""

    lines = [
        [family, *(cell(family, name) for name in inputs)] for family in dict.fromkeys(_label(row.case) for row in rows)
    ]
    note = "Our milliseconds · times faster."
    if backend != "native":
        note += " Target: 1, and 2 with the steps off (no resizing, cropping, scaling), which leaves the overhead."
    table = _table(["family", *(INPUTS[name].title for name in inputs)], lines)
    return f"## {backend} against the reference's {against} class\n\n{note}\n\n{table}"


def _inside(rows: list[InsideRow]) -> str:
    if not rows:
        return ""
    head = (
        "processor, input",
        "ours, ms",
        "theirs, ms",
        "times faster",
        "target",
        "reached",
        "decoding, ms",
        "of ours",
    )
    lines = [[row.title, *_reached(row.timing, row.target), *_share(row.decoding, row.timing.ours)] for row in rows]
    text = (
        'A whole call of transformers\' own processor, text and image in, tensors out: after `install("native")`, and '
        "without. Decoding is what ours takes to open and decode the file alone."
    )
    return f"## Inside a transformers processor\n\n{text}\n\n{_table(head, lines)}"


def _share(part: float | None, whole: float) -> tuple[str, str]:
    return ("", "") if part is None else (_time(part), f"{part / whole:.0%}")


def _plans(rows: list[PlanRow]) -> str:
    if not rows:
        return ""
    lines = [
        [row.title, f"{1e6 * row.seconds:.1f}", f"{1e6 * row.target:.0f}", _yes(row.seconds <= row.target)]
        for row in rows
    ]
    text = "`processor.plan((1080, 1920))`, in microseconds."
    return f"## Plans\n\n{text}\n\n{_table(['what', 'µs', 'target', 'reached'], lines)}"


def _peers(rows: list[PeerRow] | None) -> str:
    title = "## Beside the fastest peer"
    if rows is None:
        return f"{title}\n\nNot measured: {PACKAGE} is not installed (`pip install {PACKAGE}`)."
    if not rows:
        return ""
    found = {(row.allocator, row.family, row.side): row for row in rows}

    def cell(row: PeerRow) -> str:
        text = f"{row.timing.faster:.2f}"
        return f"{1e6 * row.timing.ours:.0f} · {text if row.timing.faster >= row.target else f'**{text}**'}"

    lines = [
        [f"{family}, {allocator}", *(cell(found[allocator, family, side]) for side in SIDES)]
        for allocator, family in dict.fromkeys(key[:2] for key in found)
    ]
    text = (
        f"Native beside {_version(PACKAGE)}, whose pixels are the same; square PIL images. Our microseconds · the "
        "peer's time over ours. Target: 2, and 1.5 at 64x64. Each with glibc's own thresholds, and with "
        "MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ of 1 GiB, under which the memory of outputs is kept."
    )
    head = ["family, allocator", *(f"{side}x{side}" for side in SIDES)]
    return f"{title}\n\n{text}\n\n{_table(head, lines)}"


def _results(rows: list[tuple[str, Timing]]) -> str:
    if not rows:
        return ""
    head = ("outputs", "ours, ms", "reference, ms", "times faster", "target", "reached")
    lines = [(title, *_reached(timing, 1.0)) for title, timing in rows]
    text = "Torch tensors on the CPU on both sides, unless the row says otherwise."
    return f"## Post-processing\n\n{text}\n\n{_table(head, lines)}"


def _floors(rows: list[Row]) -> str:
    inputs = [name for name in INPUTS if any(row.floor and row.case.input == name for row in rows)]
    found = {
        (f"{_label(row.case)}, {row.case.backend}", row.case.input): row.timing.ours / row.floor
        for row in rows
        if row.floor
    }
    if not found:
        return ""
    lines = [
        [name, *(f"{found[name, i]:.1f}" if (name, i) in found else "" for i in inputs)]
        for name in dict.fromkeys(key[0] for key in found)
    ]
    text = (
        "How many times longer a call takes than memory needs to read the input once and write the output once, at the "
        "measured copy bandwidth. Files are left out: they are read compressed."
    )
    return f"## Distance to the floor\n\n{text}\n\n{_table(['family', *(INPUTS[i].title for i in inputs)], lines)}"


def _memory(memory: dict[str, dict[str, tuple[float, float]]]) -> str:
    if not memory:
        return ""
    columns = list(dict.fromkeys(name for entry in memory.values() for name in entry))
    lines = [
        [family, *(f"{entry[c][0]:.0f} · {entry[c][1]:.0f}" if c in entry else "" for c in columns)]
        for family, entry in memory.items()
    ]
    text = (
        "Megabytes of a fresh process for one photograph of 1800x1200: its peak above the state before the call · its "
        "peak in all."
    )
    return f"## Peak memory\n\n{text}\n\n{_table(['family', *columns], lines)}"
