"""How many features images take and how they are arranged, for many sizes at once; remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.kinds import is_pil_image
from .counts import Count, Made, Outputs, Tiles
from .drafts import ApartError, Draft, Integers

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor

MOST_SIZES = 65536
"""So many sizes a layout remembers the tiles of, for each choice of options."""
TOGETHER = 32
"""Sizes of one draft: what a call costs beside its images is shared by so many."""
Arranged = tuple[Tiles, ...]


class Arrangements:
    """The arrangements that a count makes of what an image processor gives.

    Args:
        count: of the prompt's row.
        processor: gives the shapes and the integers.
        who: whose count it is, for errors.
    """

    def __init__(self, count: Count, processor: BaseImageProcessor, who: str) -> None:
        self._count, self._processor, self._who = count, processor, who
        self._remembered: dict[str, dict[Any, Arranged]] = {}
        self._together = TOGETHER

    def of(self, sizes: Iterable[Any], numbers: Mapping[str, Any], options: dict[str, Any]) -> list[Arranged]:
        """The features of each image, and how they are arranged.

        Args:
            sizes: of each image, as `PromptLayout.image` takes it.
            numbers: of the prompt side.
            options: of the image processor.

        Raises:
            as `PromptLayout.image`.
        """
        remembered = self._remembered.setdefault(repr((options, numbers)), {})
        if len(remembered) > MOST_SIZES:
            remembered.clear()
        found = [_size_of(size) or size for size in sizes]
        wanted = [size for size in dict.fromkeys(s for s in found if isinstance(s, tuple)) if size not in remembered]
        while wanted:
            some = wanted[: self._together]
            try:
                remembered.update(zip(some, self._drafted(some, numbers, options), strict=True))
            except ApartError:
                self._together = 1
                continue
            except ValueError:  # one of them is refused; which?
                remembered.update((size, self._drafted([size], numbers, options)[0]) for size in some)
            del wanted[: len(some)]
        return [remembered[one] if isinstance(one, tuple) else self._counted(one, numbers, options) for one in found]

    def _drafted(
        self, sizes: Sequence[tuple[int, int]], numbers: Mapping[str, Any], options: Mapping[str, Any]
    ) -> list[Arranged]:
        draft = Draft(self._processor, sizes, options)
        return [
            self._arranged(Made(size, draft.shapes, Integers(draft, index), draft.options, numbers, self._who))
            for index, size in enumerate(sizes)
        ]

    def _counted(self, made: Any, numbers: Mapping[str, Any], options: Mapping[str, Any]) -> Arranged:
        """Of what the image processor made, or planned, of one image."""
        if hasattr(made, "outputs"):
            if len(made.inputs) != 1:
                raise ValueError(f"{self._who} counts one image at a time, and this plan is of {len(made.inputs)}")
            size, chosen = made.inputs[0][0][-2:], made.call.options
            outputs = {name: output.as_array() for name, output in made.outputs.items()}
        else:
            size, chosen, outputs = made.get("size", (0, 0)), self._processor._resolve(dict(options)), made
        shapes = {name: tuple(output.shape) for name, output in outputs.items() if hasattr(output, "shape")}
        return self._arranged(Made(size, shapes, Outputs(outputs), chosen, numbers, self._who))

    def _arranged(self, made: Made) -> Arranged:
        tiles = self._count(made)
        return tiles if isinstance(tiles, tuple) else (tiles,)


def _size_of(given: Any) -> tuple[int, int] | None:
    """Height and width of what is a size or a Pillow image; None of what was made or planned of an image.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(given, Sequence) and len(given) == 2 and all(isinstance(side, int) for side in given):
        return int(given[0]), int(given[1])
    if is_pil_image(given):
        return int(given.height), int(given.width)
    if isinstance(given, Mapping) or hasattr(given, "outputs"):
        return None
    raise TypeError(f"a size is (height, width) in pixels, not {given!r}")
