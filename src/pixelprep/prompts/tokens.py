"""What stands for an image in a prompt: runs of tokens and pieces of text, and which places take features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

Encode = Callable[[str], Sequence[int]]
"""Turns plain text into token ids, adding no special tokens."""


class Text(str):
    """A piece of an expansion that is plain text, not one token: how many tokens it makes is the tokenizer's matter."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A token, or a piece of text, so many times over.

    Attributes:
        piece: the token, or the text (`is_text`).
        count: how often.
        is_text: the piece is plain text.
        is_feature: the model puts features of the image in these places.
        following: its ids are those that follow the token's, one after the other (Kosmos-2); as text it is the token.
    """

    piece: str
    count: int
    is_text: bool = False
    is_feature: bool = False
    following: bool = False


@dataclass(frozen=True)
class Expansion:
    """What replaces one placeholder, as runs in their order.

    `num_features` and `num_tokens` are two things: the places that take features, and every special token, separators
    and fences among them. Text in an expansion is in neither: `len(expansion.ids(...))` counts everything.
    """

    runs: tuple[Run, ...]

    @property
    def num_features(self) -> int:
        """How many features of the model's vision side this takes."""
        return sum(run.count for run in self.runs if run.is_feature)

    @property
    def num_tokens(self) -> int:
        """How many special tokens this is; text is not counted."""
        return sum(run.count for run in self.runs if not run.is_text)

    @cached_property
    def pieces_of_text(self) -> tuple[str, ...]:
        """The pieces of plain text, which only the model's own tokenizer can count."""
        return tuple(run.piece for run in self.runs if run.is_text)

    def text(self) -> str:
        """The expansion as it stands in a prompt before it is tokenised."""
        return "".join(run.piece * run.count for run in self.runs)

    def ids(self, token_to_id: Any, encode: Encode | None = None) -> list[int]:
        """The expansion as token ids.

        Args:
            token_to_id: a mapping of tokens to ids, a callable, or a tokenizer: of `tokenizers` or of transformers.
            encode: turns text into ids; taken from the tokenizer where one is given.

        Raises:
            KeyError: a token is not in the vocabulary.
            ValueError: the expansion has text, and nothing that encodes it was given.
        """
        vocabulary = Vocabulary.of(token_to_id, encode)
        found: list[int] = []
        for run in self.runs:
            if run.is_text:
                found += vocabulary.encoded(run.piece) * run.count
            elif run.following:
                first = vocabulary.ids_of(run.piece)[0] + 1
                found += range(first, first + run.count)
            else:
                found += vocabulary.ids_of(run.piece) * run.count
        return found

    def feature_spans(self, token_to_id: Any = None, encode: Encode | None = None) -> list[tuple[int, int]]:
        """Start and end of every run of places that take features, counted in tokens.

        Raises:
            KeyError, ValueError: as `ids`, where the expansion has text and nothing that encodes it was given.
        """
        vocabulary = Vocabulary.of({} if token_to_id is None else token_to_id, encode)
        spans, place = [], 0
        for run in self.runs:
            length = run.count * (len(vocabulary.encoded(run.piece)) if run.is_text else 1)
            if run.is_feature:
                spans.append((place, place + length))
            place += length
        return spans

    def each_run(self) -> list[Expansion]:
        """Each run as an expansion of its own."""
        return [Expansion((run,)) for run in self.runs]

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Each run as `(token or text, count)`."""
        return iter((run.piece, run.count) for run in self.runs)


def expansion(runs: Iterable[Run]) -> Expansion:
    """An expansion of these runs, equal neighbours joined and empty ones left out."""
    joined: list[Run] = []
    for kind, group in groupby(runs, lambda run: replace(run, count=1)):
        count = sum(run.count for run in group)
        if count > 0 and kind.piece:
            piece = kind.piece * count
            if kind.is_text and joined and joined[-1].is_text:
                joined[-1] = Run(joined[-1].piece + piece, 1, True)
            else:
                joined.append(Run(piece, 1, True) if kind.is_text else replace(kind, count=count))
    return Expansion(tuple(joined))


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer of whatever kind: a mapping, a callable, an object of `tokenizers` or of transformers."""

    token_to_id: Callable[[str], int | None]
    encode: Encode | None = None

    @classmethod
    def of(cls, given: Any, encode: Encode | None = None) -> Vocabulary:
        """What is known of a tokenizer by what it can do.

        Raises:
            TypeError: it is nothing that gives ids for tokens.
        """
        if isinstance(given, Vocabulary):
            return given if encode is None else cls(given.token_to_id, encode)
        if isinstance(given, Mapping):
            return cls(given.get, encode)
        if hasattr(given, "token_to_id"):  # tokenizers.Tokenizer
            return cls(given.token_to_id, encode or (lambda text: given.encode(text, add_special_tokens=False).ids))
        if hasattr(given, "convert_tokens_to_ids"):  # a tokenizer of transformers
            known = given.get_vocab()
            return cls(known.get, encode or (lambda text: list(given.encode(text, add_special_tokens=False))))
        if callable(given):
            return cls(given, encode)
        raise TypeError(
            f"token ids come from a mapping, a callable, or a tokenizer with `token_to_id`, not {type(given).__name__}"
        )

    def ids_of(self, token: str) -> list[int]:
        """The id of a token; a label that the vocabulary lacks is plain text, where text can be encoded.

        Raises:
            KeyError: the vocabulary lacks the token.
        """
        found = self.token_to_id(token)
        if found is not None:
            return [found]
        if self.encode is None:
            raise KeyError(f"the vocabulary has no token {token!r}; give the model's own tokenizer, or add the token")
        return list(self.encode(token))

    def encoded(self, text: str) -> list[int]:
        """The ids of plain text.

        Raises:
            ValueError: nothing was given that encodes text.
        """
        if self.encode is None:
            raise ValueError(
                f"the expansion has text, {text!r}: pass encode=, a function from text to ids, or a whole tokenizer"
            )
        return list(self.encode(text))
