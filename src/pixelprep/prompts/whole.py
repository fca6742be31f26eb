"""Whole prompts of a layout: whose images and videos stand where, and what is written around them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.names import unknown_names
from .forms import Row, VideoRow
from .lookup import UnknownPromptError
from .prompt import ExpandedIds, ExpandedText, Frame, Kind, expand_ids, expand_text, shared_out
from .tokens import Expansion, Run, Vocabulary, expansion

if TYPE_CHECKING:
    from .layout import PromptLayout


class WholePrompts:
    """How whole prompts are written, as `PromptLayout.expand` says it.

    Args:
        layout: whose prompts they are.
        videos: the row of its videos; with those of a call a mark for how long they last.
        row: of its images, and of what stands around all.
    """

    def __init__(self, layout: PromptLayout, videos: VideoRow | None, row: Row) -> None:
        self._layout, self._row = layout, row
        self._marks: dict[str, Kind] = {layout.image_placeholder: "image"}
        if videos is not None:
            self._marks[layout.video_placeholder] = "video"
            if videos.duration:
                self._marks[videos.duration] = "duration"

    def ids(
        self, ids: Sequence[int], given: Mapping[Kind, Sequence[Any]], known: Vocabulary, kwargs: Mapping[str, Any]
    ) -> ExpandedIds:
        """One prompt in token ids."""
        marks = self._marks_with(any(given["video"]))
        marks = {m: kind for m, kind in marks.items() if given.get(kind) or known.token_to_id(m) is not None}
        counts = {kind: list(ids).count(known.ids_of(mark)[0]) for mark, kind in marks.items() if kind in given}
        own = {kind: shared_out(given[kind], [count], kind)[0] for kind, count in counts.items()}
        return expand_ids(ids, marks, self._expansions(own, kwargs), known)

    def _marks_with(self, videos: bool) -> dict[str, Kind]:
        """What each placeholder stands for; how long a video lasts is text where there is none."""
        return {mark: kind for mark, kind in self._marks.items() if videos or kind != "duration"}

    def _expansions(self, own: Mapping[Kind, Sequence[Any]], kwargs: Mapping[str, Any]) -> dict[Kind, list[Expansion]]:
        """What replaces the placeholders of one prompt."""
        images, videos = own.get("image", ()), own.get("video", ())
        for_images, for_videos = self._shared_options(kwargs) if images and videos else (kwargs, kwargs)
        made: dict[Kind, list[Expansion]] = {
            "image": [self._layout.image(size, index, **for_images) for index, size in enumerate(images)],
            "video": [
                self._layout.video(video, index, **self._for(video, for_videos)) for index, video in enumerate(videos)
            ],
        }
        if "duration" in self._marks.values():
            lasting = (self._layout.duration(one, **self._for(one, for_videos)) for one in videos)
            made["duration"] = [expansion([Run(self._lasts(seconds), 1, is_text=True)]) for seconds in lasting]
        return made

    def _lasts(self, seconds: float | None) -> str:
        if seconds is None:
            raise ValueError(f"{self._layout.name} writes how long a video lasts: give its `duration`")
        return str(round(seconds, 2))

    def _for(self, video: Any, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a video is written with: a plan has its options already."""
        if not hasattr(video, "outputs"):
            return kwargs
        return {name: value for name, value in kwargs.items() if name in self._row.numbers}

    def _shared_options(self, kwargs: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Of what both are called with, what each knows.

        Raises:
            TypeError: an option that neither has.
        """
        both = [
            {**self._layout.numbers, **one._options}
            for one in (self._layout.image_processor, self._layout.video_processor)
        ]
        if strange := [name for name in kwargs if not any(name in known for known in both)]:
            raise TypeError(unknown_names(strange, {**both[0], **both[1]}, self._layout.name))
        found = [{name: value for name, value in kwargs.items() if name in known} for known in both]
        return found[0], found[1]

    def texts(
        self, texts: Sequence[str], given: Mapping[Kind, Sequence[Any]], kwargs: Mapping[str, Any]
    ) -> list[ExpandedText]:
        """Prompts in text, each with a list of its images and videos or sharing them out."""
        marks = self._marks_with(any(given["video"]))
        texts = [self._plain(text) for text in texts]
        nested = {kind: bool(own) and all(isinstance(entry, list) for entry in own) for kind, own in given.items()}
        if self._row.prefix:
            for mark, kind in marks.items():
                if not any(mark in text for text in texts):
                    own = given[kind]
                    counts = [len(entry) for entry in own] if nested[kind] else [1] * len(own)
                    counts += [0] * (len(texts) - len(counts))
                    texts = [mark * count + text for text, count in zip(texts, counts, strict=False)]
        if strange := [kind for kind, own in given.items() if any(own) and kind not in marks.values()]:
            raise UnknownPromptError(f"{self._layout.name} writes no {strange[0]}s into prompts")
        shares = []
        for mark, kind in marks.items():
            if kind in given:
                counts = [text.count(mark) for text in texts]
                shares.append([(kind, own) for own in shared_out(given[kind], counts, kind, nested[kind])])
        row = self._row
        front, back, after, fence = map(self._written, (row.front, row.back, row.after_images, (row.fence,)))
        frame = Frame(front, back, after, row.front_behind_images, fence, row.blank)
        numbers = {**self._layout.numbers, **kwargs}
        alone, beside = (self._written(row.tail(numbers, images)) for images in (False, True))
        plain = Frame(front, back + alone) if row.framed else Frame(back=alone)
        frames = plain, replace(frame, back=back + beside)
        return [
            expand_text(text, marks, self._expansions(own, kwargs), frames[any(own.values())])
            for text, own in zip(texts, map(dict, zip(*shares, strict=True)), strict=True)
        ]

    def _plain(self, text: str) -> str:
        """A prompt as it is before images are put in: sentences for tasks, no blanks that are to be dropped.

        Raises:
            ValueError: a task beside other text that takes none.
        """
        if self._row.dropped:
            text = re.sub(self._row.dropped, "", text)
        for task, sentence in self._row.tasks.items():
            if task in text:
                rest = text.replace(task, "")
                if rest and "{input}" not in sentence:
                    raise ValueError(f"{self._layout.name}: {task} is a prompt by itself, not beside {rest!r}")
                return sentence.format(input=rest)
        return text

    def _written(self, pieces: Sequence[str]) -> str:
        return "".join(self._layout.tokens.get(piece, piece) for piece in pieces)
