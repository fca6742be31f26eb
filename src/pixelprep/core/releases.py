"""Which release of transformers the pixels follow, and what changed between those that can be followed.

A change of behaviour is a fact in the table below: families and the pipeline ask for its value, they never compare
versions. Each processor keeps the release that was in force when it was made, as its attribute `reference`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

REFERENCE = "5.24.0"
"""The release that every value is tested against."""
OLDEST = "5.18.0"
"""The first release from which changes are written down."""


@dataclass(frozen=True)
class Fact:
    """What one release changed.

    Args:
        since: the first release known to have it.
        now: the value from then on.
        before: the value before.
        families: values before of families that had a rule of their own.
    """

    since: str
    now: Any
    before: Any
    families: Mapping[str, Any] = field(default_factory=dict)


FACTS: Mapping[str, Fact] = {
    # What becomes of transparency where an image is converted to RGB; see `images.colors.Transparency`.
    "transparency": Fact("5.21", "white", "dropped", {"Chameleon": "darkened", "Idefics2": "white", "Mllama": "white"}),
    # MiniCPM-V 4.6 with downsample_mode="4x": how many patches a side of a slice is a multiple of.
    "patches_merged_by_4x": Fact("5.24", 2, 4),
}

_chosen: str | None = None


def set_reference(release: str | None = None) -> None:
    """Follow another release of transformers, for processors that are made from now on.

    The environment variable `PIXELPREP_REFERENCE` says the same for a whole process.

    Args:
        release: as "5.18" or "5.21.2", from 5.18 to `pixelprep.REFERENCE`; None for the environment's, or the newest.

    Raises:
        ValueError: it is no such release.
    """
    global _chosen
    if release is not None:
        _known(release)
    _chosen = release


def get_reference() -> str:
    """The release that a processor made now follows.

    Raises:
        ValueError: `PIXELPREP_REFERENCE` holds something else.
    """
    given = _chosen or os.environ.get("PIXELPREP_REFERENCE") or REFERENCE
    try:
        _known(given)
    except ValueError as error:
        raise ValueError(f"the environment variable PIXELPREP_REFERENCE: {error}") from None
    return given


def nearest_release(version: str) -> str:
    """The release to follow for an installed version: itself, or the oldest or newest one that is written down."""
    number = _number(version)
    if number < _number(OLDEST):
        return OLDEST
    return REFERENCE if number > _number(REFERENCE) else version


@lru_cache(maxsize=256)
def value_of(fact: str, release: str = "", family: str = "") -> Any:
    """A fact's value in a release, by default the newest, for a family.

    Raises:
        ValueError: the release is none that can be followed.
    """
    found = FACTS[fact]
    if _known(release or REFERENCE) >= _number(found.since):
        return found.now
    return found.families.get(family, found.before)


@lru_cache(maxsize=256)
def _known(release: str) -> tuple[int, ...]:
    number = _number(release)
    if not _number(OLDEST)[:2] <= number[:2] <= _number(REFERENCE)[:2]:
        raise ValueError(
            f"{release!r} is no release of transformers that pixelprep can follow; it knows {OLDEST} to {REFERENCE}"
        )
    return number


def _number(release: str) -> tuple[int, ...]:
    """The first two parts of a version; what comes after them changed no pixels."""
    parts = str(release).split(".")
    try:
        return int(parts[0]), int(parts[1])
    except (IndexError, ValueError):
        raise ValueError(f"a release of transformers is written as '5.18' or '5.18.0', not {release!r}") from None
