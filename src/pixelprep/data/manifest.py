"""The book of a destination: how it is made, which shards are there, what went wrong; a second run reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from .files import is_url, joined, local, make_folder, read_text, remove, remove_unfinished, written_whole
from .rows import Part, digest_of

MANIFEST = "manifest.jsonl"
"""A line on how everything is made, then one for each shard that is there."""
ERRORS = "errors.jsonl"
"""A line for each row that is not: its part, key and reason."""


class Manifest:
    """The manifest of a destination, and what it says already.

    Args:
        destination: folder or URL.
        how: what makes the shards, as JSON values.
        parts: of the source.
        overwrite: whether what is there is made anew.

    Raises:
        OSError: nothing can be written there. ValueError: what is there was made in another way, or of other parts.
    """

    def __init__(self, destination: str, how: Mapping[str, Any], parts: list[Part], *, overwrite: bool = False) -> None:
        make_folder(destination)
        remove_unfinished(destination)
        self.destination, self.how = destination, dict(how)
        self.path = joined(destination, MANIFEST)
        self.done: dict[int, dict[str, Any]] = {}
        lines = [] if overwrite else self._lines()
        if overwrite:
            for entry in self._lines()[1:]:
                remove(joined(destination, entry["file"]))
        if lines:
            self._check(lines[0])
            self.done = {entry["part"]: entry for entry in lines[1:]}
            self._check_parts(parts)
        else:
            self._write()

    def _lines(self) -> list[dict[str, Any]]:
        text = read_text(self.path)
        lines = []
        for line in (text or "").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:  # the line on which a killed process stopped
                break
        return lines

    def _check(self, found: Mapping[str, Any]) -> None:
        if found.get("digest") == digest_of(self.how):
            return
        before, now = ({**how, **how.get("settings", {}), "settings": None} for how in (found.get("how", {}), self.how))
        changed = ", ".join(
            f"`{name}` was {json.dumps(before.get(name))[:80]} and is {json.dumps(now.get(name))[:80]}"
            for name in sorted({*before, *now})
            if before.get(name) != now.get(name)
        )
        raise ValueError(
            f"{self.destination!r} was made in another way: {changed}. Name another destination, or pass "
            "overwrite=True (--overwrite) to make everything anew"
        )

    def _check_parts(self, parts: list[Part]) -> None:
        digests = {part.number: part.digest for part in parts}
        changed = [number for number, entry in self.done.items() if digests.get(number) != entry["digest"]]
        if changed:
            raise ValueError(
                f"the source has changed since {self.destination!r} was begun: {len(changed)} of {len(self.done)} "
                f"finished parts are other ones now, the first of them part {min(changed)}. Name another destination, "
                "or pass overwrite=True (--overwrite) to make everything anew"
            )

    def add(self, entry: dict[str, Any]) -> None:
        """Write down that a shard is there."""
        self.done[entry["part"]] = entry
        if is_url(self.path):
            self._write()  # stores of objects cannot append
            return
        with open(local(self.path), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _write(self) -> None:
        head = {"digest": digest_of(self.how), "how": self.how}
        lines = [head, *(self.done[number] for number in sorted(self.done))]
        with written_whole(self.path) as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines).encode())

    def write_errors(self) -> None:
        """Write the report of the rows that are not there, or remove an old one."""
        path = joined(self.destination, ERRORS)
        lines = [
            json.dumps({"part": number, "key": key, "reason": reason}) + "\n"
            for number in sorted(self.done)
            for key, reason in self.done[number]["failed"]
        ]
        if not lines:
            remove(path)
            return
        with written_whole(path) as file:
            file.write("".join(lines).encode())

    def finish(self, parts: list[Part]) -> None:
        """Leave everything in order: the report of errors, and nothing half written."""
        if len(self.done) == len(parts):
            self._write()
        self.write_errors()
        remove_unfinished(self.destination)


def read_manifest(destination: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a destination was made, and its shards in order.

    Raises:
        FileNotFoundError: there is no manifest.
    """
    text = read_text(joined(destination, MANIFEST))
    if text is None:
        raise FileNotFoundError(2, "no manifest of `pixelprep map` is in", destination)
    head, *entries = (json.loads(line) for line in text.splitlines())
    return head["how"], sorted(entries, key=lambda entry: entry["part"])
