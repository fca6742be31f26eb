"""Whole prompts: every placeholder replaced, with the place of each replacement before and after."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .tokens import Expansion, Run, Vocabulary

Kind = Literal["image", "video", "duration"]
Span = tuple[int, int]


class PlaceholderError(ValueError):
    """The placeholders of a prompt and the images or videos given for it do not agree in number."""


@dataclass(frozen=True)
class Replacement:
    """One placeholder and what replaced it.

    Attributes:
        kind: "image" or "video"; "duration" is a text that tells how long a video lasts.
        index: which image or video of the prompt this is.
        before, after: start and end of the placeholder and of its replacement, in characters of a text or in ids.
        expansion: the replacement.
        lengths: how many ids each of its runs makes; empty for a text.
    """

    kind: Kind
    index: int
    before: Span
    after: Span
    expansion: Expansion
    lengths: tuple[int, ...] = ()

    def placed(self) -> list[tuple[Run, int, int]]:
        """Every run with its start and end in ids; of an expansion in ids alone."""
        place, found = self.after[0], []
        for run, length in zip(self.expansion.runs, self.lengths, strict=True):
            found.append((run, place, place + length))
            place += length
        return found


@dataclass(frozen=True)
class ExpandedText:
    """A prompt with its placeholders replaced."""

    text: str
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True)
class ExpandedIds:
    """Token ids of a prompt with its placeholders replaced."""

    ids: list[int]
    replacements: tuple[Replacement, ...]

    def feature_spans(self) -> list[Span]:
        """Start and end of every run of places that take features."""
        runs = (placed for made in self.replacements for placed in made.placed())
        return [(start, end) for run, start, end in runs if run.is_feature]


@dataclass(frozen=True)
class Frame:
    """What a processor writes around whole prompts that have images.

    Attributes:
        front, back: before and after the prompt.
        after_images: behind the last replacement.
        behind: `front` stands behind the replacements that lead the prompt.
        fence: a token that neighbouring replacements share.
        blank: a blank parts replacements from a text that begins with neither a blank nor a token.
    """

    front: str = ""
    back: str = ""
    after_images: str = ""
    behind: bool = False
    fence: str = ""
    blank: bool = False


def expand_text(
    text: str, placeholders: dict[str, Kind], expansions: dict[Kind, list[Expansion]], frame: Frame
) -> ExpandedText:
    """One pass from left to right: the i-th placeholder of a kind becomes its i-th expansion."""
    pattern = "|".join(re.escape(token) for token in sorted(placeholders, key=len, reverse=True))
    found = list(re.finditer(pattern, text)) if pattern else []
    front = frame.front
    if front and found and text.startswith(front):  # the prompt has it already
        front = ""
    leading = 0
    for place in found if frame.behind else ():
        leading = place.end() if place.start() == leading else leading
    out, end = "" if leading else front, 0
    made: list[Replacement] = []
    used: Counter[Kind] = Counter()
    for place in found:
        kind = placeholders[place.group()]
        expansion = _next(expansions, kind, used[kind])
        out += text[end : place.start()]
        written = expansion.text()
        if frame.fence and place.start() == end and made and written.startswith(frame.fence):
            expansion, written = Expansion(expansion.runs[1:]), written.removeprefix(frame.fence)
        made.append(Replacement(kind, used[kind], place.span(), (len(out), len(out) + len(written)), expansion))
        out += written
        used[kind] += 1
        end = place.end()
        if end == leading:
            out += front
        if frame.blank and text[end : end + 1] not in ("", " ", "<"):
            out += " "
    if made:
        out += frame.after_images
    return ExpandedText(out + text[end:] + frame.back, tuple(made))


def expand_ids(
    ids: Sequence[int],
    placeholders: dict[str, Kind],
    expansions: dict[Kind, list[Expansion]],
    vocabulary: Vocabulary,
) -> ExpandedIds:
    """The same with token ids, each placeholder being one of them."""
    kinds = {vocabulary.ids_of(token)[0]: kind for token, kind in placeholders.items()}
    found: list[int] = []
    made: list[Replacement] = []
    used: Counter[Kind] = Counter()
    for place, token in enumerate(ids):
        kind = kinds.get(token)
        if kind is None:
            found.append(token)
            continue
        expansion = _next(expansions, kind, used[kind])
        start, pieces = len(found), [one.ids(vocabulary) for one in expansion.each_run()]
        found += [token for piece in pieces for token in piece]
        lengths = tuple(map(len, pieces))
        made.append(Replacement(kind, used[kind], (place, place + 1), (start, len(found)), expansion, lengths))
        used[kind] += 1
    return ExpandedIds(found, tuple(made))


def _next(expansions: dict[Kind, list[Expansion]], kind: Kind, number: int) -> Expansion:
    known = expansions.get(kind, [])
    if number == len(known):
        raise PlaceholderError(f"the prompt has more than {number} placeholders for {_counted(number, kind)}")
    return known[number]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def shared_out(items: Sequence[Any], counts: Sequence[int], kind: str, nested: bool = False) -> list[list[Any]]:
    """The images of each prompt: a flat list is split by the placeholders, a nested one is taken as it is.

    Raises:
        PlaceholderError: numbers do not agree; the message names every prompt with its placeholders and images.
    """
    given = [list(item) for item in items] if nested else None
    if given is None and sum(counts) == len(items):
        rest = iter(items)
        return [[next(rest) for _ in range(count)] for count in counts]
    if given is not None and [len(own) for own in given] == list(counts):
        return given
    if given is None:
        raise PlaceholderError(
            f"{_numbered(counts)} for {_counted(len(items), kind)}; "
            f"write one placeholder where each {kind} belongs, or give each prompt its own list"
        )
    lines = [
        f"prompt {index} has {_counted(count, 'placeholder')} for {_counted(len(own), kind)}"
        for index, (count, own) in enumerate(zip(counts, given, strict=False))
        if count != len(own)
    ]
    if len(given) != len(counts):
        lines.append(f"there are {len(counts)} prompts and {len(given)} lists of {kind}s")
    raise PlaceholderError("; ".join(lines))


def _numbered(counts: Sequence[int]) -> str:
    if len(counts) == 1:
        return f"prompt 0 has {_counted(counts[0], 'placeholder')}"
    return "the prompts have " + ", ".join(map(str, counts)) + " placeholders"
