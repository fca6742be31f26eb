"""From tiles of features to the runs of an expansion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .counts import Tiles
from .forms import Form, Pieces
from .tokens import Run, Text


def assembled(form: Form, tiles: Tiles, feature: str, named: Mapping[str, str], words: Mapping[str, Any]) -> list[Run]:
    """The runs of one arrangement.

    Args:
        form: what stands around the features.
        tiles: how many features there are, and where.
        feature: the token whose places they take.
        named: tokens by their names in `form`.
        words: values for what stands in braces.
    """

    def pieces(parts: Pieces, **place: int) -> Iterator[Run]:
        for part in parts:
            token = named.get(part, part)
            if "{" in token:
                token = type(token)(token.format(**words, **tiles.words, **place))
            yield Run(token, 1, isinstance(token, Text))

    def features(count: int) -> Run:
        return Run(feature, count, is_feature=True)

    runs: list[Run] = []

    def overview() -> None:
        if tiles.overview is not None:
            runs.extend(pieces(form.overview_label))
            runs.append(features(tiles.overview))
            runs.extend(pieces(form.overview_mark))

    runs.extend(pieces(form.begin))
    if form.overview == "first":
        overview()
    number, last = 0, len(tiles.rows)
    for row, counts in enumerate(tiles.rows, 1):
        for column, count in enumerate(counts, 1):
            number += 1
            place = {"r": row, "c": column, "k": number}
            runs.extend(pieces(form.label, **place))
            runs.append(features(count))
            runs.extend(pieces(form.mark, **place))
            if column < len(counts):
                runs.extend(pieces(form.column))
        runs.extend(pieces(form.row_after))
        runs.extend(pieces(form.last_row if row == last else form.row_between))
    if form.overview == "last":
        overview()
    runs.extend(pieces(form.end))
    return runs


def counter(form: Form, named: Mapping[str, str]) -> Callable[[Tiles], int]:
    """How many special tokens `assembled` writes of an arrangement, told without writing them."""

    def special(*parts: str) -> int:
        tokens = (named.get(part, part) for part in parts)
        return sum(1 for token in tokens if token and not isinstance(token, Text))

    always, last_row = special(*form.begin, *form.end), special(*form.last_row)
    tile, column = special(*form.label, *form.mark), special(*form.column)
    row, between = special(*form.row_after), special(*form.row_between)
    overview = special(*form.overview_label, *form.overview_mark)

    def count(tiles: Tiles) -> int:
        found, rows = tiles.num_features + always, len(tiles.rows)
        if rows:
            columns = sum(map(len, tiles.rows))
            found += columns * (tile + column) - rows * column + rows * (row + between) - between + last_row
        return found + (overview if tiles.overview is not None else 0)

    return count
