"""What two releases' facts and outputs differ in, and the page that says so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .drift_battery import PLAIN, Case, family_of

NAMED = 12
"""Families that a row names; a longer list is written once, at the end, and named by a letter."""
VALUES, LAYOUT, RAISES, ACCEPTS = "other values", "other keys, shapes or types", "raises", "accepts"
SUFFIXES = {"": "torchvision", "Pil": "pil", "Native": "native"}


@dataclass(frozen=True)
class Finding:
    """One case of one class whose outputs differ."""

    name: str
    topic: str
    change: str
    largest: float = 0.0
    mean: float = 0.0
    share: float = 0.0
    detail: str = ""


@dataclass
class Comparison:
    """Everything found out about the outputs of two sides."""

    findings: list[Finding] = field(default_factory=list)
    compared: int = 0
    raised_in_both: int = 0
    classes: list[str] = field(default_factory=list)
    topics: dict[str, None] = field(default_factory=dict)
    """In the order of the battery."""
    problems: dict[str, str] = field(default_factory=dict)
    """Class -> why it could not be compared."""


# ------------------------------------------------------------------------------------------------------------ outputs


def changed(old: Mapping[str, Any], new: Mapping[str, Any], kinds: bool = True) -> str | None:
    """The kind of change between two digests of a case, None if there is none.

    Args:
        kinds: whether a tensor is something else than an array.
    """
    if "error" in old or "error" in new:
        return None if "error" in old and "error" in new else RAISES if "error" in new else ACCEPTS
    first, second = old["outputs"], new["outputs"]
    if sorted(first) != sorted(second):
        return LAYOUT
    types = [[type_of(side[key][0], kinds) for key in first] for side in (first, second)]
    if types[0] != types[1]:
        return LAYOUT
    return VALUES if any(first[key][1] != second[key][1] for key in first) else None


def type_of(text: str, kinds: bool) -> str:
    return text if kinds else text.removeprefix("tensor ").removeprefix("array ")


def describe(case: Case, change: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What differs, in a few words: the error, or the first output that differs."""
    if change in (RAISES, ACCEPTS):
        return str((new if change == RAISES else old)["error"])
    first, second = old["outputs"], new["outputs"]
    for key in [*first, *(key for key in second if key not in first)]:
        one, other = first.get(key, ["absent", ""]), second.get(key, ["absent", ""])
        if one != other:
            parts = [
                f"{side[0]} {side[1]}" if side[0][:3] in ("int", "lis", "str", "flo") else side[0]
                for side in (one, other)
            ]
            return f"{key}: {parts[0]} → {parts[1]}" if parts[0] != parts[1] else key
    return ""


def differences(first: Any, second: Any) -> tuple[float, float, float]:
    """Largest and mean distance between two arrays of one shape, and the share of values that differ."""
    if first.size == 0 or first.dtype.kind not in "biuf":
        return 0.0, 0.0, 0.0
    first, second = first.astype(np.float64), second.astype(np.float64)
    apart = ~((first == second) | (np.isnan(first) & np.isnan(second)))
    with np.errstate(invalid="ignore"):
        distance = np.where(apart, np.abs(first - second), 0.0)
    return float(np.max(distance)), float(np.mean(distance)), float(np.mean(apart))


def findings(
    name: str,
    cases: Sequence[Case],
    old: Sequence[Mapping[str, Any]],
    new: Sequence[Mapping[str, Any]],
    arrays: Mapping[int, Mapping[str, tuple[Any, Any]]],
    kinds: bool = True,
) -> list[Finding]:
    """The cases of a class that differ.

    Args:
        arrays: case -> output -> its values on both sides, for those cases whose values differ.
    """
    found = []
    for index, (case, one, other) in enumerate(zip(cases, old, new, strict=True)):
        change = changed(one, other, kinds)
        if change is not None:
            numbers = [differences(*pair) for pair in arrays.get(index, {}).values()]
            worst = max(numbers, default=(0.0, 0.0, 0.0))
            found.append(Finding(name, case["topic"], change, *worst, describe(case, change, one, other)))
    return found


def distinct(found: Sequence[Finding]) -> list[Finding]:
    """Without what only repeats: the same with `do_convert_rgb=True` as without, values of a class that are others on
    plain images already, unless the distance is more than twice as large."""
    plain: dict[str, float] = defaultdict(float)
    seen = {(finding.name, finding.topic, finding.change) for finding in found}
    for finding in found:
        if finding.topic == PLAIN and finding.change == VALUES:
            plain[finding.name] = max(plain[finding.name], finding.largest)
    kept = []
    for finding in found:
        without, forced, _ = finding.topic.partition(", do_convert_rgb=True")
        repeats = bool(forced) and (finding.name, without, finding.change) in seen
        if finding.topic != PLAIN and finding.change == VALUES and finding.name in plain:
            option = finding.topic.startswith(("option", "return_tensors", "batch", "built"))
            repeats = repeats or option or finding.largest <= 2 * plain[finding.name]
        if not repeats:
            kept.append(finding)
    return kept


# -------------------------------------------------------------------------------------------------------------- facts


def compare_mappings(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Key -> what became of it: new, gone or changed."""
    found = {key: f"gone (was {show(old[key])})" for key in old if key not in new}
    for key in new:
        if key not in old:
            found[key] = f"new: {show(new[key])}"
        elif old[key] != new[key]:
            found[key] = f"{show(old[key])} → {show(new[key])}"
    return found


def show(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {part}" for key, part in value.items())
    return f"`{value}`" if isinstance(value, (str, list)) else str(value)


def changes_of_facts(old: Mapping[str, Any], new: Mapping[str, Any], kind: str) -> dict[tuple[str, str], list[str]]:
    """(name, what became of it) -> the classes in which it did, for `defaults`, `keywords` or `methods`."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(set(old["classes"]) & set(new["classes"])):
        one, other = old["classes"][name], new["classes"][name]
        if kind in one and kind in other:
            if kind == "defaults":  # of keyword arguments that both have; the others are told among those
                both = set(one["defaults"]) & set(other["defaults"])
                one, other = ({kind: {k: v for k, v in side[kind].items() if k in both}} for side in (one, other))
            for key, change in compare_mappings(one[kind], other[kind]).items():
                found[key, change].append(name)
    return found


# -------------------------------------------------------------------------------------------------------------- page


class Names:
    """Lists of classes in few words: `CLIP` is all its classes, `CLIP (pil)` one; long lists get a letter."""

    def __init__(self, everything: Iterable[str]) -> None:
        self.everything = by_family(everything)
        self.count = sum(map(len, self.everything.values()))
        self.lists: list[set[str]] = []

    def __call__(self, found: Iterable[str]) -> str:
        here = set(found)
        if len(here) == self.count > 2:
            return f"all {self.count}"
        if len(by_family(here)) <= NAMED:
            return self.words(here)
        near = min(self.lists, key=lambda known: len(known ^ here), default=set())
        if not near or len(near ^ here) > NAMED:
            self.lists.append(here)
            near = here
        text = f"list {letter(self.lists.index(near))}"
        text += f" without {self.words(near - here)}" if near - here else ""
        return text + (f" and {self.words(here - near)}" if here - near else "")

    def words(self, found: Iterable[str]) -> str:
        """The list in full."""
        parts = []
        for family, backends in sorted(by_family(found).items()):
            whole = backends == self.everything.get(family, backends)
            parts.append(family if whole else f"{family} ({', '.join(sorted(backends))})")
        return ", ".join(parts)

    def legend(self) -> list[str]:
        """The long lists, one paragraph each."""
        return [
            line
            for index, known in enumerate(self.lists)
            for line in (f"List {letter(index)}, {len(known)} classes: {self.words(known)}.", "")
        ]


def letter(index: int) -> str:
    """A, B, ..., Z, A1, ..."""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")


def by_family(names: Iterable[str]) -> dict[str, set[str]]:
    """Family -> the backends whose classes are among the names."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        family, _, suffix = name.partition("ImageProcessor")
        found[family].add(SUFFIXES.get(suffix, suffix))
    return found


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """The lines of a Markdown table, or one that says there is nothing."""
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns), *lines, ""] if lines else ["None.", ""]


def number(value: float) -> str:
    return f"{value:.2g}" if value else "-"


def outputs_by_topic(comparison: Comparison, words: Mapping[str, str], names: Names) -> list[str]:
    """One row for each topic and kind of change."""
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in distinct(comparison.findings):
        groups[finding.topic, finding.change].append(finding)
    rows = []
    for topic in comparison.topics:
        for change in words:
            group = groups.get((topic, change), [])
            if group:
                classes = {finding.name for finding in group}
                worst = max(group, key=lambda finding: finding.largest)
                measured = number(worst.largest) + (f" ({names.words([worst.name])})" if len(classes) > 1 else "")
                mean = number(float(np.median([finding.mean for finding in group])))
                example, times = Counter(finding.detail for finding in group).most_common(1)[0]
                example = f"`{example[:100]}`" + (f" ({times} of {len(group)})" if times < len(group) else "")
                numbers = (measured, mean, "") if worst.largest else ("", "", example)
                rows.append((topic, words[change], len(classes), *numbers, names(classes)))
    columns = ("input or option", "change", "classes", "largest", "median of means", "for example", "which")
    return table(columns, rows)


def outputs_by_class(comparison: Comparison, words: Mapping[str, str], names: Names) -> list[str]:
    """What only few classes show; classes with the same findings stand together."""
    found = distinct(comparison.findings)
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in found:
        groups[finding.topic, finding.change].add(finding.name)
    few = max(6, len(comparison.classes) // 10)
    rare = [finding for finding in found if len(groups[finding.topic, finding.change]) <= few]
    topics: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    largest: dict[str, float] = defaultdict(float)
    for finding in rare:
        listed = topics[finding.name][words[finding.change]]
        if finding.topic not in listed:
            listed.append(finding.topic)
        largest[finding.name] = max(largest[finding.name], finding.largest)
    patterns: dict[str, list[str]] = defaultdict(list)
    for name, changes in sorted(topics.items()):
        patterns["; ".join(f"{change}: {', '.join(listed)}" for change, listed in changes.items())].append(name)
    rows = [(names.words(same), number(max(map(largest.__getitem__, same))), text) for text, same in patterns.items()]
    return table(("classes", "largest", "what"), rows)


def section(title: str, comparison: Comparison, words: Mapping[str, str], note: str) -> list[str]:
    """The part of the page about the outputs of two sides."""
    names = Names(comparison.classes)
    lines = [f"## {title}", "", note, "", *outputs_by_topic(comparison, words, names)]
    lines += ["### What only few classes show", "", *outputs_by_class(comparison, words, names)]
    if names.lists:
        lines += ["### Lists", "", *names.legend()]
    if comparison.problems:
        lines += ["### Not compared", ""]
        lines += [f"- {names.words([name])}: {reason}" for name, reason in sorted(comparison.problems.items())]
        lines += [""]
    return lines


def summary(title: str, comparison: Comparison | None) -> list[str]:
    """One line of the list at the top."""
    if comparison is None:
        return []
    differing = {finding.name for finding in comparison.findings}
    plain = sorted({finding.name for finding in comparison.findings if finding.topic == PLAIN})
    text = f"- {title}: {comparison.compared} cases of {len(comparison.classes)} classes; "
    text += (
        f"{len(comparison.findings)} cases differ, in {len(differing)} classes; {comparison.raised_in_both} raise on "
    )
    text += f"both sides; on plain RGB images at default settings differ {len(plain)} classes"
    return [text + (f": {Names(comparison.classes).words(plain)}" if plain else "")]


def page(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    releases: Comparison | None,
    ours: Comparison | None,
    our_names: Iterable[str],
) -> str:
    """The whole page, Markdown.

    Args:
        old, new: the facts of the releases, as `drift_probe.facts`.
        releases, ours: what running them showed, None if they were not run.
        our_names: pixelprep's classes.
    """
    before, after = (side["versions"]["transformers"] for side in (old, new))
    lines = [f"# Image processors of transformers {before} and {after}", ""]
    lines += [f"Written by `python -m pixelprep.testing drift {before} {after}`.", ""]
    for side in (old, new):
        lines += ["- " + ", ".join(f"{name} {version}" for name, version in side["versions"].items())]
    lines += ["", "## Summary", "", *summary_of_facts(old, new)]
    lines += summary(f"{before} against {after}", releases) + summary(f"pixelprep against {after}", ours)
    lines += ["", *facts_sections(old, new, {family_of(name) for name in our_names})]
    if releases is not None:
        words = {VALUES: VALUES, LAYOUT: LAYOUT, RAISES: "raises now", ACCEPTS: "accepted now"}
        note = (
            "A class whose values differ on plain RGB is listed again only where they differ more than twice as much."
        )
        lines += section(f"Outputs of {before} against {after}", releases, words, note)
    if ours is not None:
        words = {VALUES: VALUES, LAYOUT: LAYOUT, RAISES: "pixelprep alone raises", ACCEPTS: "pixelprep alone accepts"}
        note = f"torchvision and native against the class of {after} without a suffix, pil against its PIL class."
        lines += section(f"pixelprep against {after}", ours, words, note)
    return "\n".join(lines).rstrip() + "\n"


def summary_of_facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The lines of the list at the top that need no run."""
    lines = []
    for what, sides in (
        ("model types", (set(old["model_types"]), set(new["model_types"]))),
        ("families", ({family_of(name) for name in old["classes"]}, {family_of(name) for name in new["classes"]})),
        ("classes", (set(old["classes"]), set(new["classes"]))),
    ):
        fresh, gone = sides[1] - sides[0], sides[0] - sides[1]
        lines.append(f"- {what}: {len(sides[0])} → {len(sides[1])}, {len(fresh)} new, {len(gone)} gone")
    counts = (f"{kind} {len(changes_of_facts(old, new, kind))}" for kind in KINDS)
    return [*lines, f"- changes in classes that both have: {', '.join(counts)}"]


KINDS = {"defaults": "Class defaults", "keywords": "Keyword arguments", "methods": "Public methods"}


def facts_sections(old: Mapping[str, Any], new: Mapping[str, Any], ours: set[str]) -> list[str]:
    """What the releases declare, and which families pixelprep (`ours`) lacks."""
    everything = Names(set(old["classes"]) & set(new["classes"]))
    types = sorted(compare_mappings(old["model_types"], new["model_types"]).items())
    families = [{family_of(name) for name in side["classes"]} for side in (old, new)]
    gone, absent = (", ".join(sorted(found)) or "none" for found in (families[0] - families[1], families[1] - ours))
    lines = ["## Model types", "", *table(("model type", "what"), types), "## Families", ""]
    lines += table(
        ("new family", "classes", "own keyword arguments", "in pixelprep"),
        [(f, *new_family(new, f), "yes" if f in ours else "no") for f in sorted(families[1] - families[0])],
    )
    lines += [f"Gone: {gone}. Not in pixelprep: {absent}.", ""]
    for kind, title in KINDS.items():
        rows = sorted(changes_of_facts(old, new, kind).items())
        cells = [(f"`{key}`", change, everything(found)) for (key, change), found in rows]
        lines += [f"## {title}", "", *table(("name", "what", "classes"), cells)]
    lines += everything.legend()
    lines += ["## Code", "", "Functions with other code; docstrings, annotations and decorators do not count.", ""]
    return lines + table(("module", "functions"), changed_code(old, new))


def new_family(new: Mapping[str, Any], family: str) -> tuple[str, str]:
    """The classes of a family, and the keyword arguments, with defaults, that hardly any other has."""
    usual = Counter(name for facts in new["classes"].values() for name in facts.get("keywords", ()))
    classes = {name: facts for name, facts in new["classes"].items() if family_of(name) == family}
    own = {
        name: facts["defaults"][name]
        for facts in classes.values()
        for name in facts.get("keywords", ())
        if usual[name] < len(new["classes"]) * 0.8
    }
    return ", ".join(classes), ", ".join(f"`{name}={value!r}`" for name, value in own.items())


def changed_code(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A row for each module of both releases with a function that is new, gone or another."""
    rows = []
    for module in sorted(set(old["code"]) & set(new["code"])):
        one, other = old["code"][module], new["code"][module]
        words = [f"`{name}`" for name in one if name in other and one[name] != other[name]]
        words += [f"`{name}` (new)" for name in other if name not in one]
        words += [f"`{name}` (gone)" for name in one if name not in other]
        if words:
            rows.append((module.rpartition(".")[2], ", ".join(words)))
    return rows
