"""Pages whose tables are what tests found, by `make matrix`: each function makes one of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pixelprep import REFERENCE
from pixelprep.ops import backends
from pixelprep.registry.families import FAMILIES, PIL_FAMILIES, written_families
from pixelprep.registry.videos import VIDEO_FAMILIES
from pixelprep.testing.family import COMMON_EXCEPTIONS, Except
from pixelprep.testing.videos import COMMON_EXCEPTIONS as VIDEO_EXCEPTIONS

Cells = Mapping[tuple[str, str], str]
HOW = {
    "ours alone": "only pixelprep takes it",
    "reference alone": "only transformers takes it",
    "other values": "other values",
}


def matrix(cells: Cells) -> str:
    """Families and backends: what agrees with the reference, and why the rest does not."""
    known = [name for name in backends() if any(column == name for _, column in cells)]
    lines = [
        "# What agrees with transformers",
        "",
        f"Written by `make matrix` from the run of the tests, against transformers {REFERENCE}; a test whose cell",
        "says something else fails. Each family is tried with some hundred calls, its `cases.py` and those common to",
        "all: every option, sizes, kinds of images, batches, label maps and annotations.",
        "",
        "- *exact*: every call gives the keys, types, shapes and values of the reference's class for that backend (for",
        "  native, of its torchvision class), at a difference of 0.0, or both refuse it. *But for n calls*: see below.",
        "- *exact, by the oracle*, *within n levels*: the reference has no class to compare with, or the backend",
        "  promises no more. Outputs are those of the plain backend `reference`, whose arithmetic is torchvision's,",
        "  within n of 255 grey levels. `pil` follows Pillow's arithmetic there; that it does so exactly is shown by",
        "  the other families.",
        "- *not offered*: the backend says so in its error.",
        "",
        f"| family | {' | '.join(known)} |",
        "|---|" + "---|" * len(known),
    ]
    for name in written_families():
        row = [cells.get((name, backend), "not tried") for backend in known]
        lines.append(f"| [{name}](families/{FAMILIES[name].folder}.md) | {' | '.join(row)} |")
    exceptions = {name: FAMILIES[name].cases().exceptions for name in written_families()}
    lines += ["", "## Why values or refusals differ", "", *differences(COMMON_EXCEPTIONS, exceptions), ""]
    names = ", ".join(sorted(PIL_FAMILIES))
    lines += [f"The reference has one class of {names}, which resizes with Pillow: it is what `pil` is compared with."]
    return "\n".join(lines) + "\n"


def video_matrix(cells: Cells) -> str:
    """Video families and the backends that promise the reference's bits."""
    families = {name: family for name, family in VIDEO_FAMILIES.items() if family.written}
    known = [name for name in backends() if any(column == name for _, column in cells)]
    lines = [
        "# What of videos agrees with transformers",
        "",
        f"Written by `make matrix` from the run of the tests, against transformers {REFERENCE}; a test whose cell",
        "says something else fails. Each family is tried with some hundred calls, its `video_cases.py` and those",
        "common to all: every option, samplings of clips of several lengths, layouts, kinds of frames, batches.",
        "",
        "- *exact*: every call takes the frames that the reference's class takes and gives its keys, types, shapes and",
        "  values, at a difference of 0.0, or both refuse it. *But for n calls*: see below.",
        "- `pil` and `mlx` give the same keys, shapes and integers; values differ by what their filters round.",
        "",
        f"| family | {' | '.join(known)} |",
        "|---|" + "---|" * len(known),
    ]
    lines += [f"| {name} | {' | '.join(cells.get((name, on), 'not tried') for on in known)} |" for name in families]
    exceptions = {name: family.cases().exceptions for name, family in families.items()}
    lines += ["", "## Why values or refusals differ", "", *differences(VIDEO_EXCEPTIONS, exceptions)]
    return "\n".join(lines) + "\n"


def differences(common: Sequence[Except], exceptions: Mapping[str, Sequence[Except]]) -> Iterator[str]:
    """The exceptions beside families, those of all families first; the tests fail where one is not needed."""
    yield "In all families whose cases say nothing else:"
    yield ""
    yield from _listed(common)
    for name, entries in exceptions.items():
        listed = list(_listed(entries))
        if listed:
            yield from ("", f"### {name}", "", *listed)


def _listed(entries: Sequence[object]) -> Iterator[str]:
    for entry in entries:
        assert isinstance(entry, Except)
        if entry.how in HOW:
            cases = ", ".join(f"`{name}`" for name in entry.names)
            where = f" on {entry.on}{' alone' if entry.alone else ''}" if entry.on else ""
            yield f"- {cases}{where}: {HOW[entry.how]}. {entry.reason[0].upper()}{entry.reason[1:]}."


def configurations(cells: Cells) -> str:
    """Published configurations: what happens with each, and why."""
    columns = list(dict.fromkeys(column for _, column in cells))
    rows = list(dict.fromkeys(row for row, _ in cells))
    lines = [
        "# Published configurations",
        "",
        f"What happens with {len(rows)} configuration files as model repositories publish them, written by",
        f"`make matrix` from a run of the tests against transformers {REFERENCE}. Each is loaded on `torchvision` and",
        "`pil`, called, saved and loaded again.",
        "",
        "- *same*: the reference's class, and its outputs to the bit.",
        "- *the class meant*, *the filter meant*: the reference does not load the file, or reads a word of it",
        "  otherwise; the outputs are those of its class with what the file means.",
        "- *no such class there*: the reference has the class for the other backend only; see [the matrix](matrix.md).",
        "- *an error*: one that says what is wrong; for a class of code, that it is not run untrusted.",
        "",
        f"| configuration | {' | '.join(columns)} |",
        "|---|" + "---|" * len(columns),
    ]
    lines += [f"| {row} | {' | '.join(cells.get((row, column), '') for column in columns)} |" for row in rows]
    return "\n".join(lines) + "\n"


PAGES = {"configurations": configurations, "matrix": matrix, "video_matrix": video_matrix}
