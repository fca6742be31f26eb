"""How a processor writes an image into a prompt, as data: a `Row` names its count, its tokens and the form around them.

A piece of a form is a token, a piece of `Text`, or the name of a token in `Row.tokens`, which a checkpoint's tokenizer
or processor may call otherwise. `{r}`, `{c}` and `{k}` in it are row, column and number of a tile, from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .counts import Count
from .steps import MadeVideo, StepCount, Told, numbered

Pieces = tuple[str, ...]


@dataclass(frozen=True)
class Form:
    """What stands around runs of features: `begin`, rows of tiles and an overview, `end`.

    Attributes:
        begin, end: around the whole.
        label, mark: before and after each tile.
        column: between the tiles of a row.
        row_between, row_after: between rows; after each.
        last_row: after the last row, in place of `row_between`.
        overview: whether the overview stands before the tiles or after them.
        overview_label, overview_mark: around the overview.
    """

    begin: Pieces = ()
    end: Pieces = ()
    label: Pieces = ()
    mark: Pieces = ()
    column: Pieces = ()
    row_between: Pieces = ()
    row_after: Pieces = ()
    last_row: Pieces = ()
    overview: Literal["first", "last"] = "last"
    overview_label: Pieces = ()
    overview_mark: Pieces = ()


@dataclass(frozen=True)
class VideoRow:
    """How one of the reference's processors writes a video: step by step, a step being a frame, some, or all of them.

    Attributes:
        family: the video processor of a checkpoint that names none.
        count: how many features each step takes, and how they are arranged.
        feature: the token whose places take the features.
        placeholder: what stands for a video in a prompt; "": the feature token itself.
        form: what stands around the features of a step; what stands in braces is told of each.
        told: what stands in braces, see `steps.shown`.
        untold: the form where nothing can be told; None: `form`.
        begin, between, end: before the first step, between two, behind the last.
        number_in_front: what numbers the videos of a prompt, where the video processor's `use_image_id` is on.
        duration: what stands in a prompt for the seconds that a video lasts.
        asks: options that the reference's processor hands to the video processor, whose own they replace.
        seconds: from one step of the grid to the next, for models whose positions follow it.
        seconds_name: the output that tells them.
        type_id: what marks its places among type ids.
        marked: tokens that are marked beside the features; "*" means the whole expansion.
        built_with: options of the video processor in checkpoints of this kind, where its own defaults are others.
    """

    family: str
    count: StepCount
    feature: str
    placeholder: str = ""
    form: Form = Form()
    told: Told = numbered
    untold: Form | None = None
    begin: Pieces = ()
    between: Pieces = ()
    end: Pieces = ()
    number_in_front: Pieces = ()
    duration: str = ""
    seconds: Callable[[MadeVideo], float] | None = None
    seconds_name: str = ""
    type_id: int = 2
    marked: Pieces = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, Any] = field(default_factory=dict)
    built_with: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One processor of the reference.

    Attributes:
        types: model types that use it.
        family: the image processor of a checkpoint that names none.
        count: how many features an image takes, and how they are arranged.
        feature: the token whose places take the features of an image.
        placeholder: what stands for an image in a prompt; "": the feature token itself.
        form: what stands around the features; several where `count` gives several arrangements.
        alone: the form where there is no tile beside the overview; None: `form`.
        tokens: tokens by the names under which a checkpoint's tokenizer and processor may have others.
        numbers: the processor's arguments with their defaults; None: no default.
        asks: options that the reference's processor hands to the image processor, whose own they replace, made from
            the processor's arguments.
        number_in_front: what numbers the images of a prompt, where the image processor's `use_image_id` is on.
        prefix: images stand before a text that has no placeholder.
        default_prompt: the prompt that the reference makes of an image without text, "{image}" the placeholder.
        pages: a placeholder may stand for the pages of a document, one after the other.
        front, back, after_images: around a whole prompt, and behind its last image.
        framed: `front` and `back` stand around texts without images too.
        tail: what stands behind `back`, made from the numbers and from whether there are images; of texts without, too.
        front_behind_images: images that lead a prompt come before `front`.
        fence: what neighbouring images share.
        blank: a blank parts images from a text behind them that begins with neither a blank nor a token.
        dropped: blanks that are left out of prompts, as a pattern.
        tasks: prompts that stand for a sentence; `{input}` is what stands beside the token.
        following: features take the ids that follow the token's, one after the other.
        mask, mask_beside: the mask that the reference makes (`masks`), and what it has on the tokens beside features.
        type_ids: the name of the output that marks the places of images, where the reference makes it unasked.
        marked: tokens that it marks beside the features; "*" means the whole expansion.
        type_fences: tokens of prompts that `moe_mm_token_type_ids` marks too, with what they are marked with.
        from_arguments: named tokens come from the processor's arguments alone, never from the tokenizer.
        built_with: options of the image processor in checkpoints of this kind, where its own defaults are others.
        video: how it writes a video; None: it takes none.
    """

    types: Pieces
    family: str
    count: Count
    feature: str
    placeholder: str = ""
    form: Form | tuple[Form, ...] = Form()
    alone: Form | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    asks: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda numbers: {}
    number_in_front: Pieces = ()
    prefix: bool = False
    default_prompt: str = ""
    pages: bool = False
    front: Pieces = ()
    back: Pieces = ()
    after_images: Pieces = ()
    framed: bool = False
    tail: Callable[[Mapping[str, Any], bool], Pieces] = lambda numbers, images: ()
    front_behind_images: bool = False
    fence: str = ""
    blank: bool = False
    dropped: str = ""
    tasks: Mapping[str, str] = field(default_factory=dict)
    following: bool = False
    mask: str = ""
    mask_beside: int = 0
    type_ids: str = ""
    marked: Pieces = ()
    type_fences: Mapping[str, int] = field(default_factory=dict)
    from_arguments: bool = False
    built_with: Mapping[str, Any] = field(default_factory=dict)
    video: VideoRow | None = None
