"""The row of a processor or model type, and the processors of a checkpoint that names none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.names import did_you_mean
from .forms import Row, VideoRow
from .rows import ROWS

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor
    from ..video_processing_utils import BaseVideoProcessor


class UnknownPromptError(ValueError):
    """No prompt layout is known for a model type or processor class."""


def row_of(name: str) -> tuple[str, Row]:
    """A processor class and its row, by the class's name or by a model type.

    Raises:
        UnknownPromptError: nothing is known by that name; the message has the nearest.
    """
    if name in ROWS:
        return name, ROWS[name]
    for known, row in ROWS.items():
        if name in row.types:
            return known, row
    known_names = [*ROWS, *(kind for row in ROWS.values() for kind in row.types)]
    raise UnknownPromptError(f"no prompt layout is known for {name!r}{did_you_mean(name, known_names)}")


def default_processor(row: Row) -> BaseImageProcessor:
    from ..registry.families import FAMILIES

    return FAMILIES[row.family].load().on("pil")(**row.built_with)


def default_video_processor(row: VideoRow) -> BaseVideoProcessor:
    from ..registry.videos import VIDEO_FAMILIES

    made: Any = VIDEO_FAMILIES[row.family].load().on("pil")
    found: BaseVideoProcessor = made(**row.built_with)
    return found


def shapes() -> Any:
    from ..ops import get_ops

    return get_ops("shape")
