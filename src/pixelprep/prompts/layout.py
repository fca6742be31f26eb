"""What a model's prompt holds in place of its images: counted, written out, put into prompts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from ..core.names import did_you_mean
from .assemble import assembled
from .counts import Made, Tiles
from .forms import Form, Row
from .prompt import ExpandedIds, ExpandedText, Frame, Kind, expand_ids, expand_text, shared_out
from .rows import ROWS
from .tokens import Expansion, Run, Vocabulary, expansion

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor

MOST_SIZES = 65536
"""So many sizes a layout remembers the tiles of."""


class UnknownPromptError(ValueError):
    """No prompt layout is known for a model type or processor class."""


class PromptLayout:
    """What stands in a prompt in place of an image, for the checkpoints of one kind.

    Attributes:
        name: the reference's processor class whose prompts these are.
        image_processor: what counts the patches, tiles and rows; it makes no pixels here.
        numbers: what the prompt side needs beside it, as `processor_config.json` has it.
        tokens: the tokens of the checkpoint by the names of its tokenizer.
    """

    def __init__(
        self,
        name: str,
        image_processor: BaseImageProcessor | None = None,
        *,
        tokens: Mapping[str, str] | None = None,
        **numbers: Any,
    ) -> None:
        """Lay out prompts as one of the reference's processors does.

        Args:
            name: a processor class or model type: "Qwen2VLProcessor", "qwen2_vl".
            image_processor: the checkpoint's; the model type's own with its defaults if None.
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
        self.image_processor = (image_processor or _default_processor(self._row)).with_ops(_shapes())
        self.numbers = {**self._row.numbers, **numbers}
        self.tokens = {**self._row.tokens, **(tokens or {})}
        self._remembered: dict[Any, tuple[Tiles, ...]] = {}

    @property
    def image_token(self) -> str:
        """The token whose places take the features of an image."""
        return self.tokens.get(self._row.feature, self._row.feature)

    @property
    def image_placeholder(self) -> str:
        """What stands for an image in a prompt that is not expanded yet."""
        name = self._row.placeholder or self._row.feature
        return self.tokens.get(name, name)

    @property
    def type_ids_name(self) -> str:
        """The output that marks the places of images, where the reference makes it unasked; "" elsewhere."""
        return self._row.type_ids

    @property
    def asked(self) -> dict[str, Any]:
        """What the reference's processor asks of the image processor, made from its own arguments."""
        return dict(self._row.asks(self.numbers))

    def image(self, size: Any, /, index: int = 0, **kwargs: Any) -> Expansion:
        """What replaces the placeholder of an image.

        Args:
            size: `(height, width)` of the image in pixels, upright; an opened image or an array; or what the image
                processor made of this one image, as a mapping, with the key "size" beside it where a count needs it.
            index: which image of its prompt it is; some models number them.
            kwargs: options of the image processor and of the prompt side for this call. They act on both.

        Raises:
            TypeError: an option that neither has.
            MissingNumberError: the count needs a number that the checkpoint's files have and nobody gave.
            ValueError: the image processor refuses the size.
        """
        numbers, options = self._parted(kwargs)
        words = {"index": index}
        forms = self._row.form if isinstance(self._row.form, tuple) else (self._row.form,)
        runs: list[Run] = []
        if self._row.number_in_front and self._option("use_image_id", options):
            front = Form(begin=self._row.number_in_front)
            runs += assembled(front, Tiles(()), "", self.tokens, words)
        for form, tiles in zip(forms, self._tiles(size, numbers, options), strict=True):
            chosen = self._row.alone if self._row.alone and not tiles.rows else form
            runs += assembled(chosen, tiles, self.image_token, self.tokens, words)
        if numbers.get("use_image_special_tokens") is False:
            runs = [run for run in runs if run.is_feature]
        return expansion(runs)

    def num_features(self, sizes: Iterable[Any], /, **kwargs: Any) -> list[int]:
        """How many features each image takes in the language model; arguments and errors as `image`."""
        numbers, options = self._parted(kwargs)
        return [sum(tiles.num_features for tiles in self._tiles(size, numbers, options)) for size in sizes]

    def num_tokens(self, sizes: Iterable[Any], /, **kwargs: Any) -> list[int]:
        """How many special tokens stand for each image, features, separators and fences; see `Expansion.num_tokens`."""
        return [self.image(size, **kwargs).num_tokens for size in sizes]

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
    def expand(self, text: str, images: Sequence[Any] = (), **kwargs: Any) -> ExpandedText: ...
    @overload
    def expand(self, text: Sequence[str], images: Sequence[Any] = (), **kwargs: Any) -> list[ExpandedText]: ...
    @overload
    def expand(
        self, text: Sequence[int], images: Sequence[Any] = (), *, vocabulary: Any, **kwargs: Any
    ) -> ExpandedIds: ...
    def expand(self, text: Any, images: Sequence[Any] = (), *, vocabulary: Any = None, **kwargs: Any) -> Any:
        """A whole prompt, or several, with every placeholder replaced.

        Args:
            text: a prompt, a list of prompts, or the token ids of one prompt.
            images: the sizes of its images, as `image` takes them. For several prompts a list for each, or one
                flat list that the placeholders share out.
            vocabulary: for ids: what gives ids for tokens and text, as `Expansion.ids` takes it.
            kwargs: as `image`.

        Returns:
            The text with the place of each replacement before and after, or the ids with theirs; a list for a list.

        Raises:
            PlaceholderError: placeholders and images do not agree in number; the message names every prompt.
            TypeError: ids without a vocabulary.
        """
        if isinstance(text, str):
            return self._expanded_texts([text], [list(images)], nested=True, kwargs=kwargs)[0]
        if text and all(isinstance(entry, str) for entry in text):
            nested = bool(images) and all(isinstance(own, list) for own in images)
            return self._expanded_texts(text, images, nested, kwargs)
        if vocabulary is None:
            raise TypeError("token ids are expanded with a vocabulary: pass vocabulary=, a mapping or a tokenizer")
        known = Vocabulary.of(vocabulary)
        marks: dict[str, Kind] = {self.image_placeholder: "image"}
        place = known.ids_of(self.image_placeholder)[0]
        own = shared_out(images, [list(text).count(place)], "image", nested=False)[0]
        expansions = [self.image(size, index, **kwargs) for index, size in enumerate(own)]
        return expand_ids(text, marks, {"image": expansions, "video": []}, known)

    def _expanded_texts(
        self, texts: Sequence[str], images: Sequence[Any], nested: bool, kwargs: Mapping[str, Any]
    ) -> list[ExpandedText]:
        marks: dict[str, Kind] = {self.image_placeholder: "image"}
        if self._row.prefix and not any(self.image_placeholder in text for text in texts):
            counts = [len(own) for own in images] if nested else [1] * len(images)
            texts = [self.image_placeholder * count + text for text, count in zip(texts, counts, strict=False)]
        counts = [text.count(self.image_placeholder) for text in texts]
        shared = shared_out(images, counts, "image", nested)
        frame = Frame(*(self._written(part) for part in (self._row.front, self._row.back, self._row.after_images)))
        frame = replace(frame, fence=self._written((self._row.fence,)))
        return [
            expand_text(
                text,
                marks,
                {"image": [self.image(size, index, **kwargs) for index, size in enumerate(own)], "video": []},
                frame if own else Frame(),
            )
            for text, own in zip(texts, shared, strict=True)
        ]

    def _written(self, pieces: Sequence[str]) -> str:
        return "".join(self.tokens.get(piece, piece) for piece in pieces)

    def type_ids(self, expanded: ExpandedIds) -> list[int]:
        """1 for each token of a prompt that the model is told belongs to an image, 0 for text.

        The features are marked; of some models the tokens around them too, as the reference does.
        """
        found = [0] * len(expanded.ids)
        beside = {self.tokens.get(piece, piece) for piece in self._row.marked}
        for made in expanded.replacements:
            start, end = made.after
            if "*" in beside:
                found[start:end] = [1] * (end - start)
                continue
            for run, first, last in made.placed():
                if run.is_feature or run.piece in beside:
                    found[first:last] = [1] * (last - first)
        return found

    # ----------------------------------------------------------------------------------------------------- inside

    def _parted(self, kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Numbers of the prompt side, and options of the image processor."""
        mine = {name: value for name, value in kwargs.items() if name in self._row.numbers}
        return {**self.numbers, **mine}, {name: value for name, value in kwargs.items() if name not in mine}

    def _option(self, name: str, options: Mapping[str, Any]) -> Any:
        return self.image_processor._resolve(dict(options)).get(name)

    def _tiles(self, size: Any, numbers: Mapping[str, Any], options: dict[str, Any]) -> tuple[Tiles, ...]:
        if isinstance(size, Mapping):
            return self._counted(_size_of(size), size, numbers, options)
        size = _size_of(size)
        try:
            key = (size, *options.items(), *numbers.items())
            known = self._remembered.get(key)
        except TypeError:  # a value that cannot be a key
            key, known = None, None
        if known is None:
            asked = {**self._row.asks(numbers), **options}
            known = self._counted(size, self.image_processor.output_shapes(*size, **asked), numbers, options)
            if key is not None and len(self._remembered) < MOST_SIZES:
                self._remembered[key] = known
        return known

    def _counted(
        self, size: tuple[int, int], outputs: Mapping[str, Any], numbers: Mapping[str, Any], options: dict[str, Any]
    ) -> tuple[Tiles, ...]:
        made = Made(
            size,
            {name: tuple(output.shape) for name, output in outputs.items() if hasattr(output, "shape")},
            Integers(outputs),
            self.image_processor._resolve(options),
            numbers,
            self.name,
        )
        tiles = self._row.count(made)
        return tiles if isinstance(tiles, tuple) else (tiles,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, placeholder {self.image_placeholder!r})"


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


def _default_processor(row: Row) -> BaseImageProcessor:
    from ..registry.families import FAMILIES

    return FAMILIES[row.family].load().on("pil")(**row.built_with)


def _shapes() -> Any:
    from ..ops import get_ops

    return get_ops("shape")


def _size_of(size: Any) -> tuple[int, int]:
    """Height and width of what is a size, a PIL image, an array, or a mapping that has one under "size"."""
    if isinstance(size, Mapping):
        size = size.get("size", (0, 0))
    if isinstance(size, Sequence) and len(size) == 2 and all(isinstance(side, int) for side in size):
        return int(size[0]), int(size[1])
    raise TypeError(f"a size is (height, width) in pixels, not {size!r}")


class Integers(Mapping[str, Any]):
    """Outputs as nested lists, each when somebody asks for it: masks of pixels are millions of them."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs

    def __getitem__(self, name: str) -> Any:
        output = self._outputs[name]
        values = getattr(output, "values", None)
        if values is not None and not callable(values):
            return values
        return output.tolist() if hasattr(output, "tolist") else output

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)
