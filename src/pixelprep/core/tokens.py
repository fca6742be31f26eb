"""How many feature tokens an image takes in a language model, and in which order: one answer for all families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TokenPart:
    """Feature tokens that stand together in the sequence.

    Attributes:
        what: the whole image, a tile of it, or an overview (a thumbnail) beside tiles.
        count: how many tokens.
        rows, columns: where the tokens show the part row by row, how many each way; None where their order is another,
            or is the model's own.
        newline: each row ends in one token more, which shows nothing.
        tile: row and column of a tile among the tiles; None for others.
    """

    what: Literal["image", "tile", "overview"]
    count: int
    rows: int | None = None
    columns: int | None = None
    newline: bool = False
    tile: tuple[int, int] | None = None


@dataclass(frozen=True)
class ImageTokens:
    """The feature tokens of one image.

    Attributes:
        count: how many places of the language model's sequence take features of the image; tokens of text around them
            are not counted.
        parts: in the order in which they stand in the sequence.
        tiles: rows and columns of tiles, (0, 0) for an image that is not cut; one row where the sequence is a list of
            tiles that does not tell their grid.
        extra: tokens of `count` beyond those of the parts: a class token, separators. Negative where one is taken away.
    """

    count: int
    parts: tuple[TokenPart, ...]
    tiles: tuple[int, int] = (0, 0)

    @property
    def extra(self) -> int:
        return self.count - sum(part.count for part in self.parts)
