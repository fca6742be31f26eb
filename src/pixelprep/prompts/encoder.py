"""Text and images into a model's inputs, for people without transformers: ids, masks, types and the image tensors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
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
from ..image_utils import get_image_size, is_collection, is_pil_image, is_valid_image
from .layout import PromptLayout
from .loading import AutoPromptLayout
from .masks import cross_attention_mask, image_attention_mask, image_embeds_position_mask
from .prompt import ExpandedIds, ExpandedText, Replacement
from .tokens import Expansion, Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ..image_processing_outputs import BatchFeature
    from ..image_processing_utils import BaseImageProcessor


class PromptEncoder:
    """Prompts with images as a model takes them; needs the library `tokenizers` (`pip install "pixelprep[prompts]"`).

    Attributes:
        layout: what stands in a prompt for an image.
        image_processor: makes the image tensors.
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
    ) -> None:
        self.layout, self.image_processor, self.tokenizer = layout, image_processor, tokenizer
        self.chat_template, self.special_tokens = chat_template, dict(special_tokens or {})

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
        from ..auto import AutoImageProcessor
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
        text: str | Sequence[str],
        images: Any = None,
        *,
        return_tensors: str | None = None,
        add_special_tokens: bool = True,
        padding: bool = True,
        return_mm_token_type_ids: bool | None = None,
        **kwargs: Any,
    ) -> BatchFeature:
        """Prompts and images into inputs.

        Args:
            text: a prompt or several, with the placeholder where each image belongs.
            images: an image, a flat list, or a list for each prompt; anything an image processor takes.
            return_tensors: "np", "pt", ...; None gives lists.
            add_special_tokens: what the tokenizer writes around every text.
            padding: pad ids on the right to the longest prompt, with zeros in `attention_mask`.
            return_mm_token_type_ids: mark the places of images; None: where the reference does unasked.
            kwargs: options of the image processor and of the prompt side.

        Returns:
            `input_ids` and `attention_mask`, int64 `(prompts, tokens)`; type ids of the same shape; the mask of
            `layout.mask_name`; and what the image processor makes of the images.

        Raises:
            PlaceholderError: placeholders and images do not agree. As the image processor.
        """
        from ..image_processing_outputs import BatchFeature

        single = isinstance(text, str)
        texts = [text] if isinstance(text, str) else list(text)
        loaded = [] if images is None else self.image_processor.fetch_images(images)
        loaded = loaded if is_collection(loaded) and not is_valid_image(loaded) else [loaded]
        nested = bool(loaded) and all(is_collection(own) and not is_valid_image(own) for own in loaded)
        if single and loaded and not nested:
            loaded, nested = [loaded], True
        channels = kwargs.get("input_data_format")
        sizes: list[Any] = [
            [_size(image, channels) for image in own] if nested else _size(own, channels) for own in loaded
        ]
        options = {name: value for name, value in kwargs.items() if name not in self.layout.numbers}
        options = {**self.layout.asked, **options}
        if loaded:
            expanded = self.layout.expand(texts, sizes, **kwargs)
        else:
            expanded = self.layout.expand(texts, [[] for _ in texts])
        encoded = [self._encoded(one, add_special_tokens) for one in expanded]
        outputs: dict[str, Any] = {}
        longest = max((len(one.ids) for one in encoded), default=0) if padding else 0
        rows = [(one.ids, self.layout.type_ids(one)) for one in encoded]
        pad = self._pad_id()
        outputs["input_ids"] = [ids + [pad] * (longest - len(ids)) for ids, _ in rows]
        outputs["attention_mask"] = [[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in rows]
        name = self.layout.type_ids_name
        if return_mm_token_type_ids or (return_mm_token_type_ids is None and name):
            outputs[name or "mm_token_type_ids"] = [types + [0] * (longest - len(types)) for _, types in rows]
        pixels: Any = self.image_processor(loaded, return_tensors=return_tensors, **options) if loaded else {}
        if not hasattr(pixels, "items"):
            pixels = {self.image_processor.model_input_names[0]: pixels}
        if self.layout.mask_name and loaded:
            outputs[self.layout.mask_name] = self._mask(encoded, outputs["input_ids"], pixels).tolist()
        made = BatchFeature(outputs, return_tensors)
        made.update({name: value for name, value in pixels.items() if name not in made})
        return made

    def _mask(self, encoded: list[ExpandedIds], ids: list[list[int]], pixels: Mapping[str, Any]) -> Any:
        """The mask that the reference makes beside the ids."""
        known = self.tokenizer.token_to_id
        (image,) = Vocabulary.of(self.tokenizer).ids_of(self.layout.image_token)
        if self.layout.mask_name == "image_embeds_position_mask":
            return image_embeds_position_mask(encoded, self.layout.mask_beside)
        if self.layout.mask_name == "image_attention_mask":
            return image_attention_mask(ids, image, known(self.special_tokens.get("eos_token", "")))
        told = [[int(sum(tiles)) for tiles in own] for own in pixels["aspect_ratio_mask"]]
        tiles = [own[: len(one.replacements)] for own, one in zip(told, encoded, strict=True)]
        return cross_attention_mask(ids, image, tiles, self.image_processor.max_image_tiles)

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
        replacements = []
        for made in expanded.replacements:
            first = next(
                place
                for place, (start, end) in enumerate(encoding.offsets)
                if made.after[0] <= start < made.after[1] and end > start
            )
            lengths = tuple(len(run.ids(vocabulary)) for run in made.expansion.each_run())
            last = first + sum(lengths)
            replacements.append(Replacement(made.kind, made.index, made.before, (first, last), made.expansion, lengths))
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
