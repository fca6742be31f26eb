"""Text and images into a model's inputs, for people without transformers: ids, masks, types and the image tensors."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from ..checkpoints.reading import (
    CHAT_TEMPLATE,
    PROCESSOR,
    TOKENIZER,
    TOKENIZER_JSON,
    file_beside,
    read_beside,
    read_checkpoint,
)
from ..core.names import unknown_names
from ..image_utils import get_image_size, is_collection, is_pil_image, is_valid_image
from .layout import PromptLayout
from .loading import AutoPromptLayout
from .lookup import UnknownPromptError
from .masks import cross_attention_mask, image_attention_mask, image_embeds_position_mask
from .prompt import ExpandedIds, ExpandedText, Replacement
from .tokens import Expansion, Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ..image_processing_outputs import BatchFeature
    from ..image_processing_utils import BaseImageProcessor
    from ..video_processing_utils import BaseVideoProcessor


class PromptEncoder:
    """Prompts with images as a model takes them; needs the library `tokenizers` (`pip install "pixelprep[prompts]"`).

    Attributes:
        layout: what stands in a prompt for an image.
        image_processor: makes the image tensors.
        video_processor: makes the video tensors.
        tokenizer: of the library `tokenizers`.
        chat_template: Jinja source that turns messages into a prompt; None where the checkpoint has none.
    """

    def __init__(
        self,
        layout: PromptLayout,
        image_processor: BaseImageProcessor,
        tokenizer: Tokenizer,
        chat_template: str | None = None,
        special_tokens: Mapping[str, str] | None = None,
        video_processor: BaseVideoProcessor | Callable[[], BaseVideoProcessor] | None = None,
    ) -> None:
        self._video_processor = video_processor
        self.layout, self.image_processor, self.tokenizer = layout, image_processor, tokenizer
        self.chat_template, self.special_tokens = chat_template, dict(special_tokens or {})

    @cached_property
    def video_processor(self) -> BaseVideoProcessor:
        """Makes the video tensors.

        Raises:
            UnknownPromptError: the model takes no videos. ValueError: the encoder was made without one.
        """
        if not self.layout.video_placeholder:
            raise UnknownPromptError(f"{self.layout.name} writes no videos into prompts")
        given: Any = self._video_processor
        if given is None:
            raise ValueError("this encoder was made without a video processor: pass video_processor=")
        made: BaseVideoProcessor = given if hasattr(given, "preprocess") else given()
        return made

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], *, backend: str | None = None, **kwargs: Any
    ) -> PromptEncoder:
        """The encoder of a checkpoint: its layout, image processor, `tokenizer.json` and chat template.

        Args:
            pretrained_model_name_or_path: a folder or a hub id.
            backend: of the image processor; see `AutoImageProcessor.from_pretrained`.
            kwargs: as `AutoPromptLayout.from_pretrained`.

        Raises:
            FileNotFoundError: there is no such checkpoint, or it has no `tokenizer.json`. ImportError: `tokenizers` is
            missing. As `AutoPromptLayout.from_pretrained`.
        """
        from ..auto import AutoImageProcessor, AutoVideoProcessor
        from ..core.extras import required

        tokenizers = required("tokenizers", "encoding prompts")
        checkpoint = read_checkpoint(pretrained_model_name_or_path)
        path = file_beside(checkpoint, TOKENIZER_JSON)
        if path is None:
            raise FileNotFoundError(f"{checkpoint.source} has no {TOKENIZER_JSON}, which the tokenizer is read from")
        settings = read_beside(checkpoint, TOKENIZER)
        template = file_beside(checkpoint, CHAT_TEMPLATE)
        source = template.read_text() if template else None
        named = {name: _content(value) for name, value in settings.items() if name.endswith("_token") and value}
        return cls(
            AutoPromptLayout.from_pretrained(pretrained_model_name_or_path, **kwargs),
            AutoImageProcessor.from_pretrained(pretrained_model_name_or_path, backend=backend),
            tokenizers.Tokenizer.from_file(str(path)),
            source or checkpoint.files.get(PROCESSOR, {}).get("chat_template") or settings.get("chat_template"),
            named,
            lambda: AutoVideoProcessor.from_pretrained(pretrained_model_name_or_path, backend=backend),
        )

    def render(self, messages: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool = True, **names: Any) -> str:
        """The prompt of a conversation, by the checkpoint's chat template, in Jinja's immutable sandbox.

        Args:
            messages: `[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "..."}]}]`.
            add_generation_prompt: end where the model is to go on.
            names: what else the template reads, such as `tools`.

        Raises:
            ValueError: the checkpoint has no template, or it does not take these messages. ImportError: no `jinja2`.
        """
        from ..core.extras import required

        if not isinstance(self.chat_template, str):
            raise ValueError(f"{self.layout.name}: the checkpoint has no chat template; write the prompt yourself")
        jinja2 = required("jinja2", "a chat template")
        sandbox = required("jinja2.sandbox", "a chat template")

        def raise_exception(message: str) -> None:
            raise ValueError(f"the chat template refuses: {message}")

        environment = sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = raise_exception
        try:
            rendered = environment.from_string(self.chat_template).render(
                messages=messages, add_generation_prompt=add_generation_prompt, **self.special_tokens, **names
            )
        except jinja2.TemplateError as error:
            raise ValueError(f"the chat template does not take these messages: {error}") from error
        return str(rendered)

    def __call__(
        self,
        text: str | Sequence[str] | None = None,
        images: Any = None,
        videos: Any = None,
        *,
        return_tensors: str | None = None,
        add_special_tokens: bool = True,
        padding: bool = True,
        return_mm_token_type_ids: bool | None = None,
        **kwargs: Any,
    ) -> BatchFeature:
        """Prompts, images and videos into inputs.

        Args:
            text: a prompt or several, with the placeholder where each image and video belongs; None makes the model's
                own prompt of each image.
            images: an image, a flat list, or a list for each prompt; anything an image processor takes.
            videos: a video or several, shared out by their placeholders; anything a video processor takes.
            return_tensors: "np", "pt", ...; None gives lists.
            add_special_tokens: what the tokenizer writes around every text.
            padding: pad ids on the right to the longest prompt, with zeros in `attention_mask`.
            return_mm_token_type_ids: mark the places of images; None: where the reference does unasked.
            kwargs: options of the image processor, of the video processor and of the prompt side; each gets those that
                it knows.

        Returns:
            `input_ids` and `attention_mask`, int64 `(prompts, tokens)`; type ids of the same shape; the mask of
            `layout.mask_name`; and what the processors make of the images and videos.

        Raises:
            PlaceholderError: placeholders and images or videos do not agree. ValueError: no text for a model that needs
            some. As the processors.
        """
        from ..image_processing_outputs import BatchFeature

        single = isinstance(text, str)
        texts = self._default_texts(images) if text is None else [text] if isinstance(text, str) else list(text)
        loaded = [] if images is None else self.image_processor.fetch_images(images)
        loaded = loaded if is_collection(loaded) and not is_valid_image(loaded) else [loaded]
        nested = bool(loaded) and all(is_collection(own) and not is_valid_image(own) for own in loaded)
        if single and loaded and not nested:
            loaded, nested = [loaded], True
        channels = kwargs.get("input_data_format")
        sizes: list[Any] = [
            [_size(image, channels) for image in own] if nested else _size(own, channels) for own in loaded
        ]
        for_images, for_videos = self._options(kwargs, bool(loaded), videos is not None)
        clips, films = self._videos(videos, for_videos, return_tensors)
        numbers = {name: value for name, value in kwargs.items() if name in self.layout.numbers}
        sizes = sizes or ([[] for _ in texts] if not clips else [])
        expanded = self.layout.expand(texts, sizes, clips, **numbers, **(for_images if loaded else {}))
        encoded = [self._encoded(one, add_special_tokens) for one in expanded]
        outputs = self._ids(encoded, padding, return_mm_token_type_ids)
        if clips and self.layout.seconds_name:
            outputs[self.layout.seconds_name] = [self.layout.seconds_per_grid(clip) for clip in clips]
        asked = {**self.layout.asked, **for_images}
        pixels: Any = self.image_processor(loaded, return_tensors=return_tensors, **asked) if loaded else {}
        if not hasattr(pixels, "items"):
            pixels = {self.image_processor.model_input_names[0]: pixels}
        if self.layout.mask_name and loaded:
            outputs[self.layout.mask_name] = self._mask(encoded, outputs["input_ids"], pixels, asked).tolist()
        if both := films.keys() & pixels.keys() - {"video_metadata"}:
            raise ValueError(
                f"{self.layout.name}: images and videos of one call would both be {', '.join(sorted(both))}; pass the "
                "frames as images, or two calls"
            )
        made = BatchFeature(outputs, return_tensors)
        made.update({name: value for name, value in {**films, **pixels}.items() if name not in made})
        return made

    def _default_texts(self, images: Any) -> list[str]:
        """The model's own prompt for each image, images being one or a flat list."""
        prompt = self.layout.default_prompt
        if not prompt or images is None:
            raise ValueError(f"{self.layout.name} makes no prompt of images alone: pass text")
        return [prompt] * (len(images) if is_collection(images) and not is_valid_image(images) else 1)

    def _ids(self, encoded: list[ExpandedIds], padding: bool, types: bool | None) -> dict[str, Any]:
        """Ids, what is padding among them, and what belongs to images and videos."""
        longest = max((len(one.ids) for one in encoded), default=0) if padding else 0

        def padded(rows: Iterable[list[int]], pad: int = 0) -> list[list[int]]:
            return [row + [pad] * (longest - len(row)) for row in rows]

        ids = [one.ids for one in encoded]
        outputs = {"input_ids": padded(ids, self._pad_id()), "attention_mask": padded([1] * len(own) for own in ids)}
        name = self.layout.type_ids_name
        if types or (types is None and name):
            outputs[name or "mm_token_type_ids"] = padded(map(self.layout.type_ids, encoded))
        experts = [self.layout.expert_type_ids(one, self.tokenizer) for one in encoded]
        if None not in experts:
            outputs["moe_mm_token_type_ids"] = padded(own for own in experts if own is not None)
        return outputs

    def _options(self, kwargs: Mapping[str, Any], images: bool, videos: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """Of the options of a call those of the image processor and those of the video processor.

        Raises:
            TypeError: an option that neither has.
        """
        given = {name: value for name, value in kwargs.items() if name not in self.layout.numbers}
        if not videos:
            return given, {}
        known, others = self.layout.video_processor._options, self.image_processor._options if images else {}
        if strange := given.keys() - others.keys() - known.keys():
            raise TypeError(unknown_names(sorted(strange), {**known, **others}, self.layout.name))
        for_images = {name: value for name, value in given.items() if name in others}
        return for_images, {name: value for name, value in given.items() if name in known}

    def _videos(self, videos: Any, options: dict[str, Any], return_tensors: str | None) -> tuple[list[Any], Any]:
        """Each video as the layout takes it, and what the video processor makes of all."""
        if videos is None:
            return [], {}
        from ..videos.nesting import make_batched_metadata, make_batched_videos

        own = make_batched_videos(videos)
        told = make_batched_metadata(options.pop("video_metadata", None), len(own))
        asked = {**self.layout.asked_of_videos, **options, "return_tensors": return_tensors}
        clips: list[Any] = []
        for video, known in zip(own, told, strict=True):
            about: dict[str, Any] = {} if known is None else {"video_metadata": [known]}
            plan = self.video_processor.plan([video], **self.layout.asked_of_videos | options | about)
            if plan.withheld:  # what is kept depends on what is on the frames
                call = {**asked, **about, "return_tensors": "np", "return_metadata": True}
                clips.append(self.video_processor([video], **call))
            else:
                clips.append(plan)
        about = {} if all(known is None for known in told) else {"video_metadata": told}
        films: Any = self.video_processor(own, **asked, **about)
        if not hasattr(films, "items"):
            films = {self.video_processor.model_input_names[0]: films}
        for name, other in self.layout.renamed.items():  # among images, frames are images
            frames = films.pop(name)
            films[other] = frames.reshape((-1, *frames.shape[2:])) if hasattr(frames, "reshape") else frames
        return clips, films

    def _mask(
        self, encoded: list[ExpandedIds], ids: list[list[int]], pixels: Mapping[str, Any], asked: dict[str, Any]
    ) -> Any:
        """The mask that the reference makes beside the ids."""
        known = self.tokenizer.token_to_id
        (image,) = Vocabulary.of(self.tokenizer).ids_of(self.layout.image_token)
        if self.layout.mask_name == "image_embeds_position_mask":
            return image_embeds_position_mask(encoded, self.layout.mask_beside)
        if self.layout.mask_name == "image_attention_mask":
            return image_attention_mask(ids, image, known(self.special_tokens.get("eos_token", "")))
        told = [[int(sum(tiles)) for tiles in own] for own in pixels["aspect_ratio_mask"]]
        tiles = [own[: len(one.replacements)] for own, one in zip(told, encoded, strict=True)]
        most = self.image_processor._resolve(asked).max_image_tiles
        return cross_attention_mask(ids, image, tiles, most)

    def _pad_id(self) -> int:
        padding = self.tokenizer.padding
        if padding is not None:
            return int(padding["pad_id"])
        found = self.tokenizer.token_to_id(self.special_tokens.get("pad_token", ""))
        return 0 if found is None else int(found)

    def _encoded(self, expanded: ExpandedText, add_special_tokens: bool) -> ExpandedIds:
        """The whole text through the tokenizer, as in the reference; replacements are found again by characters."""
        encoding = self.tokenizer.encode(expanded.text, add_special_tokens=add_special_tokens)
        vocabulary = Vocabulary.of(self.tokenizer)
        of_text = [(start, place) for place, (start, end) in enumerate(encoding.offsets) if end > start]
        starts = [start for start, _ in of_text]
        places = [place for _, place in of_text] + [of_text[-1][1] + 1 if of_text else 0]
        replacements = []
        for made in expanded.replacements:
            ends = accumulate((len(run.piece) * run.count for run in made.expansion.runs), initial=made.after[0])
            bounds = [places[bisect_left(starts, end)] for end in ends]
            lengths = tuple(after - before for before, after in pairwise(bounds))
            span = bounds[0], bounds[-1]
            replacements.append(Replacement(made.kind, made.index, made.before, span, made.expansion, lengths))
        made_ids = ExpandedIds(list(encoding.ids), tuple(replacements))
        for made in made_ids.replacements:
            for run, start, end in made.placed():
                if run.following:  # no text says these
                    made_ids.ids[start:end] = Expansion((run,)).ids(vocabulary)
        return made_ids


def _size(image: Any, layout: Any) -> tuple[int, int]:
    """Height and width of an image that is loaded."""
    if is_pil_image(image):
        return int(image.height), int(image.width)
    return get_image_size(image, layout)


def _content(value: Any) -> str:
    return str(value.get("content", "")) if isinstance(value, Mapping) else str(value)
