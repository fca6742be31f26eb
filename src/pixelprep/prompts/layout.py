"""What a model's prompt holds in place of its images: counted, written out, put into prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from .arranging import Arranged, Arrangements
from .assemble import assembled, counter
from .clips import made_video, planned_video
from .counts import Tiles
from .forms import Form, Pieces, VideoRow
from .lookup import UnknownPromptError, default_processor, default_video_processor, row_of, shapes
from .prompt import ExpandedIds, ExpandedText, Kind
from .steps import MadeVideo
from .tokens import Expansion, Run, Vocabulary, expansion
from .whole import WholePrompts

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor
    from ..plans.plan import Plan
    from ..video_processing_utils import BaseVideoProcessor


class PromptLayout:
    """What stands in a prompt in place of an image, for the checkpoints of one kind.

    Attributes:
        name: the reference's processor class whose prompts these are.
        image_processor: what counts the patches, tiles and rows; it makes no pixels here.
        video_processor: what takes frames and counts the patches of videos.
        numbers: what the prompt side needs beside it, as `processor_config.json` has it.
        tokens: the tokens of the checkpoint by the names of its tokenizer.
    """

    def __init__(
        self,
        name: str,
        image_processor: BaseImageProcessor | None = None,
        *,
        video_processor: BaseVideoProcessor | Callable[[], BaseVideoProcessor] | None = None,
        tokens: Mapping[str, str] | None = None,
        **numbers: Any,
    ) -> None:
        """Lay out prompts as one of the reference's processors does.

        Args:
            name: a processor class or model type: "Qwen2VLProcessor", "qwen2_vl".
            image_processor: the checkpoint's; the model type's own with its defaults if None.
            video_processor: likewise, or what gives it when a video comes.
            tokens: tokens that are not the usual ones, by name: `{"image_token": "<img>"}`.
            numbers: arguments of the processor, such as `patch_size`; see `processor_config.json`.

        Raises:
            UnknownPromptError: nothing is known by that name.
            TypeError: an argument that this processor does not have.
        """
        self.name, self._row = row_of(name)
        unknown = numbers.keys() - self._row.numbers.keys()
        if unknown:
            raise TypeError(
                f"{self.name} has no {', '.join(f'`{n}`' for n in sorted(unknown))}. "
                f"Allowed: {', '.join(sorted(self._row.numbers)) or 'none'}"
            )
        self.image_processor = (image_processor or default_processor(self._row)).with_ops(shapes())
        self.numbers = {**self._row.numbers, **numbers}
        self.tokens = {**self._row.tokens, **(tokens or {})}
        self._arrangements = Arrangements(self._row.count, self.image_processor, self.name)
        self._video_processor = video_processor

    @cached_property
    def video_processor(self) -> BaseVideoProcessor:
        """What takes frames and counts the patches of videos; it makes no pixels here.

        Raises:
            UnknownPromptError: this model takes no videos.
        """
        row, given = self._video_row, self._video_processor
        if given is None:
            given = default_video_processor(row)
        made: Any = given if hasattr(given, "with_ops") else given()
        found: BaseVideoProcessor = made.with_ops(shapes())
        return found

    @property
    def _video_row(self) -> VideoRow:
        if self._row.video is None:
            raise UnknownPromptError(f"{self.name} writes no videos into prompts")
        return self._row.video

    @property
    def image_token(self) -> str:
        """The token whose places take the features of an image."""
        return self._named(self._row.feature)

    @property
    def image_placeholder(self) -> str:
        """What stands for an image in a prompt that is not expanded yet."""
        return self._named(self._row.placeholder or self._row.feature)

    @property
    def video_token(self) -> str:
        """The token whose places take the features of a video; "" where the model takes none."""
        return "" if self._row.video is None else self._named(self._row.video.feature)

    @property
    def video_placeholder(self) -> str:
        """What stands for a video in a prompt that is not expanded yet; "" where the model takes none."""
        return "" if self._row.video is None else self._named(self._row.video.placeholder or self._row.video.feature)

    @property
    def default_prompt(self) -> str:
        """The prompt that the reference makes of an image without text; "" where it makes none."""
        return self._row.default_prompt.replace("{image}", self.image_placeholder)

    @property
    def type_ids_name(self) -> str:
        """The output that marks the places of images, where the reference makes it unasked; "" elsewhere."""
        return self._row.type_ids

    @property
    def mask_name(self) -> str:
        """The mask that the reference makes beside the ids, a function of `masks`; "" where it makes none."""
        return self._row.mask

    @property
    def mask_beside(self) -> int:
        """What that mask has on the tokens of an expansion beside its features."""
        return self._row.mask_beside

    @property
    def asked(self) -> dict[str, Any]:
        """What the reference's processor asks of the image processor, made from its own arguments."""
        return dict(self._row.asks(self.numbers))

    @property
    def asked_of_videos(self) -> dict[str, Any]:
        """What it asks of the video processor; nothing where the model takes no videos."""
        return {} if self._row.video is None else dict(self._row.video.asks)

    def image(self, size: Any, /, index: int = 0, **kwargs: Any) -> Expansion:
        """What replaces the placeholder of an image.

        Args:
            size: `(height, width)` of the image in pixels, upright; a Pillow image; a `Plan` of one image, with the
                options that `asked` says; or what the image processor made of this one image, as a mapping, with the
                key "size" beside it where a count needs it. GOT-OCR 2 takes a list of these, the pages of a document.
            index: which image of its prompt it is; some models number them.
            kwargs: options of the image processor and of the prompt side for this call. They act on both.

        Raises:
            TypeError: an option that neither has.
            MissingNumberError: the count needs a number that the checkpoint's files have and nobody gave.
            ValueError: the image processor refuses the size.
        """
        if self._row.pages and isinstance(size, list) and not all(isinstance(side, int) for side in size):
            return expansion(run for page in size for run in self.image(page, index, **kwargs).runs)
        numbers, options = self._parted(kwargs)
        words = {"index": index}
        forms = self._row.form if isinstance(self._row.form, tuple) else (self._row.form,)
        runs: list[Run] = []
        if self._row.number_in_front and self._option("use_image_id", options):
            runs += self._pieces(self._row.number_in_front, words)
        for form, tiles in zip(forms, self._tiles([size], numbers, options)[0], strict=True):
            chosen = self._row.alone if self._row.alone and not tiles.rows else form
            runs += assembled(chosen, tiles, self.image_token, self.tokens, words)
        if numbers.get("use_image_special_tokens") is False:
            runs = [run for run in runs if run.is_feature]
        if self._row.following:
            runs = [replace(run, following=run.is_feature) for run in runs]
        return expansion(runs)

    def video(self, video: Any, /, index: int = 0, **kwargs: Any) -> Expansion:
        """What replaces the placeholder of a video.

        Args:
            video: a clip as the video processor takes it, of which only what tells its length, rate and size is read;
                its `VideoMetadata` (frames that it says were taken are these); `(frames, height, width)`; a `Plan` of
                one video; or what the video processor made of this one video, as a mapping, "video_metadata" beside.
            index: which video of its prompt it is; some models number them.
            kwargs: options of the video processor and of the prompt side for this call, of a plan the latter alone.

        Raises:
            UnknownPromptError: the model takes no videos.
            TypeError: an option that neither has. ValueError: a plan of no video or of several; as the video processor.
            MissingNumberError: the count needs a number that the checkpoint's files have and nobody gave.
            NeedsPixelsError: how many features are kept depends on what is on the frames.
        """
        numbers, options = self._parted(kwargs)
        row, made = self._video_row, self._made_video(video, options, numbers)
        steps = row.count(made)
        told = row.told(made, len(steps))
        form = row.form if told or row.untold is None else row.untold
        told = told or [{}] * len(steps)
        runs: list[Run] = []
        if made.options.get("use_image_id"):
            runs += self._pieces(row.number_in_front, {"index": index})
        for step, (tiles, words) in enumerate(zip(steps, told, strict=True)):
            runs += self._pieces(row.between if step else row.begin, words)
            runs += assembled(form, tiles, self.video_token, self.tokens, words)
        return expansion(runs + self._pieces(row.end, {}))

    def seconds_per_grid(self, video: Any, /, **kwargs: Any) -> float | None:
        """Seconds from one step of a video's grid to the next, which `positions` takes; None where no model is told.

        Arguments and errors as `video`.
        """
        numbers, options = self._parted(kwargs)
        seconds = self._video_row.seconds
        return None if seconds is None else seconds(self._made_video(video, options, numbers))

    def duration(self, video: Any, /, **kwargs: Any) -> float | None:
        """Seconds that a video lasts; None if nobody says it. Arguments and errors as `video`."""
        numbers, options = self._parted(kwargs)
        return self._made_video(video, options, numbers).duration

    @property
    def renamed(self) -> dict[str, str]:
        """Outputs of the video processor that the model takes by other names."""
        return {} if self._row.video is None else dict(self._row.video.renamed)

    @property
    def seconds_name(self) -> str:
        """The output that tells `seconds_per_grid` of each video; "" where there is none."""
        return "" if self._row.video is None else self._row.video.seconds_name

    def plan_video(self, video: Any, /, **kwargs: Any) -> Plan:
        """What the video processor will make of a video, with the options that the reference's processor hands to it.

        Args:
            video: as `video` takes it, no plan and no outputs.
            kwargs: options of the video processor.

        Raises:
            as `video`.
        """
        return planned_video(video, self.video_processor, {**self._video_row.asks, **kwargs})

    def num_features(self, sizes: Iterable[Any], /, **kwargs: Any) -> list[int]:
        """How many features each image takes in the language model; arguments and errors as `image`."""
        numbers, options = self._parted(kwargs)
        return [sum(one.num_features for one in tiles) for tiles in self._tiles(sizes, numbers, options)]

    def num_tokens(self, sizes: Iterable[Any], /, **kwargs: Any) -> list[int]:
        """How many special tokens stand for each image, features, separators and fences; see `Expansion.num_tokens`."""
        numbers, options = self._parted(kwargs)
        arranged = self._tiles(sizes, numbers, options)
        if numbers.get("use_image_special_tokens") is False:
            return [sum(one.num_features for one in tiles) for tiles in arranged]
        row = self._row
        forms = row.form if isinstance(row.form, tuple) else (row.form,)
        counters = [(counter(form, self.tokens), counter(row.alone or form, self.tokens)) for form in forms]
        front = 0
        if row.number_in_front and self._option("use_image_id", options):
            front = counter(Form(begin=row.number_in_front), self.tokens)(Tiles(()))
        return [
            front + sum(count[not one.rows](one) for count, one in zip(counters, tiles, strict=True))
            for tiles in arranged
        ]

    def largest_size(
        self, max_tokens: int | None = None, *, longest_side: int = 4096, **kwargs: Any
    ) -> tuple[int, int]:
        """The size of image that takes most features, within a bound.

        Engines reserve memory for it. Squares, and strips as the model's tiles allow, up to `longest_side`, are tried.

        Args:
            max_tokens: no more features than this; None: the most that the model takes.
            longest_side: the largest height and width that come into question.
            kwargs: as `image`.

        Raises:
            ValueError: even the smallest image takes more.
        """
        sides = sorted({longest_side, *range(28, min(longest_side, 1024), 28), *range(64, longest_side, 64)})
        shapes = [(side, side) for side in sides]
        shapes += [(long, short) for long in sides[-1:] for short in sides] + [
            (s, h) for h in sides[-1:] for s in sides
        ]
        counted: list[tuple[int, int, tuple[int, int]]] = []
        for shape in shapes:
            try:
                features = self.num_features([shape], **kwargs)[0]
            except ValueError:  # too elongated for this model
                continue
            if max_tokens is None or features <= max_tokens:
                counted.append((features, -shape[0] * shape[1], shape))
        if not counted:
            raise ValueError(
                f"{self.name}: no image of up to {longest_side} pixels a side takes {max_tokens} features or fewer; "
                f"the smallest takes {min(self.num_features([(28, 28)], **kwargs))}"
            )
        return max(counted)[2]

    # ------------------------------------------------------------------------------------------------ whole prompts

    @overload
    def expand(
        self, text: str, images: Sequence[Any] = (), videos: Sequence[Any] = (), **kwargs: Any
    ) -> ExpandedText: ...
    @overload
    def expand(
        self, text: Sequence[str], images: Sequence[Any] = (), videos: Sequence[Any] = (), **kwargs: Any
    ) -> list[ExpandedText]: ...
    @overload
    def expand(
        self,
        text: Sequence[int],
        images: Sequence[Any] = (),
        videos: Sequence[Any] = (),
        *,
        vocabulary: Any,
        **kwargs: Any,
    ) -> ExpandedIds: ...
    def expand(
        self,
        text: Any,
        images: Sequence[Any] = (),
        videos: Sequence[Any] = (),
        *,
        vocabulary: Any = None,
        **kwargs: Any,
    ) -> Any:
        """A whole prompt, or several, with every placeholder replaced.

        Args:
            text: a prompt, a list of prompts, or the token ids of one prompt.
            images: the sizes of its images, as `image` takes them. For several prompts a list for each, or one
                flat list that the placeholders share out.
            videos: its videos, as `video` takes them, likewise.
            vocabulary: for ids: what gives ids for tokens and text, as `Expansion.ids` takes it.
            kwargs: as `image` and `video`; an option goes to each of them that knows it.

        Returns:
            The text with the place of each replacement before and after, or the ids with theirs; a list for a list.

        Raises:
            PlaceholderError: placeholders and images or videos do not agree in number; the message names every prompt.
            UnknownPromptError: videos of a model that takes none.
            TypeError: ids without a vocabulary.
        """
        given: dict[Kind, Sequence[Any]] = {"image": images, "video": videos}
        whole = WholePrompts(self, self._video_row if videos else self._row.video, self._row)
        if isinstance(text, str):
            return whole.texts([text], {kind: [list(own)] for kind, own in given.items()}, kwargs)[0]
        if text and all(isinstance(entry, str) for entry in text):
            return whole.texts(text, given, kwargs)
        if vocabulary is None:
            raise TypeError("token ids are expanded with a vocabulary: pass vocabulary=, a mapping or a tokenizer")
        return whole.ids(text, given, Vocabulary.of(vocabulary), kwargs)

    def type_ids(self, expanded: ExpandedIds) -> list[int]:
        """1 for each token of a prompt that the model is told belongs to an image, 2 to a video, 0 for text.

        The features are marked; of some models the tokens around them too, and videos as images, as the reference does.
        """
        row, found = self._row, [0] * len(expanded.ids)
        for made in expanded.replacements:
            start, end = made.after
            kind, marked = (
                (1, row.marked) if row.video is None or made.kind == "image" else (row.video.type_id, row.video.marked)
            )
            beside = set(map(self._named, marked))
            if "*" in beside:
                found[start:end] = [kind] * (end - start)
                continue
            for run, first, last in made.placed():
                if run.is_feature or run.piece in beside:
                    found[first:last] = [kind] * (last - first)
        return found

    def expert_type_ids(self, expanded: ExpandedIds, vocabulary: Any) -> list[int] | None:
        """The same for a model whose experts are told by it, with the fences of the prompt (ERNIE); None for others."""
        if not self._row.type_fences:
            return None
        known = Vocabulary.of(vocabulary).token_to_id
        fences = {known(self._named(name)): kind for name, kind in self._row.type_fences.items()}
        return [fences.get(token, kind) for token, kind in zip(expanded.ids, self.type_ids(expanded), strict=True)]

    # ----------------------------------------------------------------------------------------------------- inside

    def _made_video(self, video: Any, options: dict[str, Any], numbers: Mapping[str, Any]) -> MadeVideo:
        if not hasattr(video, "outputs"):  # a plan has its options already
            options = {**self._video_row.asks, **options}
        return made_video(video, self.video_processor, options, numbers, self.name)

    def _named(self, piece: str) -> str:
        return self.tokens.get(piece, piece)

    def _pieces(self, pieces: Pieces, words: Mapping[str, Any]) -> list[Run]:
        return assembled(Form(begin=pieces), Tiles(()), "", self.tokens, words)

    def _parted(self, kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Numbers of the prompt side, and options of the image processor."""
        mine = {name: value for name, value in kwargs.items() if name in self._row.numbers}
        return {**self.numbers, **mine}, {name: value for name, value in kwargs.items() if name not in mine}

    def _option(self, name: str, options: Mapping[str, Any]) -> Any:
        return self.image_processor._resolve({**self.asked, **options}).get(name)

    def _tiles(self, sizes: Iterable[Any], numbers: Mapping[str, Any], options: dict[str, Any]) -> list[Arranged]:
        return self._arrangements.of(sizes, numbers, {**self._row.asks(numbers), **options})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, placeholder {self.image_placeholder!r})"
