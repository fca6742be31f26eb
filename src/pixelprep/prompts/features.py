"""What a plan answers about the language model: the feature tokens of each of its images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.names import unknown_names
from ..core.tokens import ImageTokens, TokenPart
from .counts import Made, Outputs, Tiles
from .drafts import Draft, Integers
from .forms import Row
from .lookup import UnknownPromptError, row_of
from .rows import ROWS

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor
    from ..plans.outputs import Output

CHOICES = ("processor_class", "model_type")
ASKS = "pass numbers={{'{name}': ...}} to `plan`"


def image_tokens(
    processor: BaseImageProcessor,
    sizes: Sequence[tuple[int, int]],
    several: Sequence[bool],
    options: Mapping[str, Any],
    numbers: Mapping[str, Any],
    given: Mapping[str, Any],
    planned: Mapping[str, Output],
) -> tuple[ImageTokens, ...]:
    """The feature tokens of images, each by itself.

    Args:
        processor: what counts the patches, tiles and rows.
        sizes: (height, width) of each image.
        several: for each image whether its sample has others.
        options: of the image processor, for the call.
        numbers: what the checkpoint's files say; `processor_class` chooses among models of one image processor.
        given: what the caller says in its place.
        planned: the outputs of the plan, which of a single image tell all.

    Raises:
        UnknownPromptError: the family feeds no language model, or several, and nothing says which.
        MissingNumberError: a number that no image processor has is not known; the message names it.
        TypeError: a number that this model does not have.
    """
    family = type(processor).family or type(processor)
    numbers = {**numbers, **given}
    name, row = _row(family.__name__, numbers)
    if strange := [key for key in given if key not in (*row.numbers, *CHOICES)]:
        raise TypeError(unknown_names(strange, {**row.numbers, **dict.fromkeys(CHOICES)}, name))
    known = {**row.numbers, **{key: value for key, value in numbers.items() if key in row.numbers}}
    resolved = processor._resolve(dict(options))
    told = {name: value for name, value in TOLD.items() if name in resolved}
    if len(sizes) == 1 and all(resolved[name] == value for name, value in told.items()):
        outputs = {output: made.as_array() for output, made in planned.items()}
        shapes: Mapping[str, Sequence[int]] = {output: array.shape for output, array in outputs.items()}
        drafts: list[tuple[Any, Any]] = [(shapes, Outputs(outputs))]
    else:
        alone = [Draft(processor, [size], {**options, **told}) for size in sizes]
        drafts = [(draft.shapes, Integers(draft)) for draft in alone]
    found = []
    for size, beside, (shapes, values) in zip(sizes, several, drafts, strict=True):
        if "in_sample_of_several" in row.numbers:
            known["in_sample_of_several"] = beside
        tiles = row.count(Made(size, shapes, values, resolved, known, name, ASKS))
        found.append(answer(row, tiles if isinstance(tiles, tuple) else (tiles,)))
    return tuple(found)


# Options that add an output or name it otherwise, and change none.
TOLD = {"return_row_col_info": True, "return_legacy_image_output": False}


def _row(family: str, numbers: Mapping[str, Any]) -> tuple[str, Row]:
    """The processor class that writes the images of a family into prompts, and its row."""
    from ..registry.families import FAMILIES

    reasons = []
    for chosen in (numbers.get(choice) for choice in CHOICES):
        if isinstance(chosen, str):
            try:
                return row_of(chosen)
            except UnknownPromptError as error:
                reasons.append(str(error))
    if f"{family}Processor" in ROWS:
        return f"{family}Processor", ROWS[f"{family}Processor"]
    folder = FAMILIES[family].folder if family in FAMILIES else ""
    own = {name: row for name, row in ROWS.items() if folder in row.types}
    if len(own) == 1:
        return next(iter(own.items()))
    users = [name for name, row in ROWS.items() if row.family == family]
    if users:
        raise UnknownPromptError(
            f"{family} counts no tokens by itself; these processors make tokens of its images: {', '.join(users)}. "
            f"Load the checkpoint, or pass numbers={{'processor_class': {users[0]!r}}} to `plan`"
        )
    why = f" ({reasons[0]})" if reasons else ""
    raise UnknownPromptError(f"{family} feeds no language model: no processor writes its images into a prompt{why}")


def answer(row: Row, arrangements: tuple[Tiles, ...]) -> ImageTokens:
    """Arrangements of features as one answer."""
    parts = [part for tiles in arrangements for part in _parts(row, tiles)]
    if len(arrangements) > 1:  # Molmo 2: an overview, then the whole at full size
        parts[0] = replace(parts[0], what="overview")
    places = [part.tile for part in parts if part.tile is not None]
    grid = (1 + max(row for row, _ in places), 1 + max(column for _, column in places)) if places else (0, 0)
    return ImageTokens(sum(tiles.num_features for tiles in arrangements), tuple(parts), grid)


def _parts(row: Row, tiles: Tiles) -> list[TokenPart]:
    if tiles.parts:
        return list(tiles.parts)
    if tiles.of_features:
        columns = tiles.rows[0][0] if tiles.rows else 0
        return [TokenPart("image", len(tiles.rows) * columns, len(tiles.rows), columns)]
    alone = sum(map(len, tiles.rows)) + (tiles.overview is not None) == 1
    parts = [
        TokenPart("image" if alone else "tile", count, tile=None if alone else (r, c))
        for r, counts in enumerate(tiles.rows)
        for c, count in enumerate(counts)
    ]
    if tiles.overview is not None:
        overview = TokenPart("image" if alone else "overview", tiles.overview)
        form = row.form[0] if isinstance(row.form, tuple) else row.form
        parts.insert(0 if form.overview == "first" else len(parts), overview)
    return parts
