"""What replaces an image or a video in the text of a prompt: counted, written out and placed, without torch and pixels.

layout = AutoPromptLayout.from_pretrained("Qwen/Qwen2-VL-7B-Instruct")
layout.image((1080, 1920)).num_features
layout.expand("<|vision_start|><|image_pad|><|vision_end|>What is this?", [(1080, 1920)]).text
"""

import importlib
from typing import TYPE_CHECKING, Any

from .counts import MissingNumberError as MissingNumberError
from .layout import PromptLayout as PromptLayout
from .loading import AutoPromptLayout as AutoPromptLayout
from .lookup import UnknownPromptError as UnknownPromptError
from .positions import PositionRule as PositionRule, position_rule as position_rule, positions as positions
from .prompt import (
    ExpandedIds as ExpandedIds,
    ExpandedText as ExpandedText,
    PlaceholderError as PlaceholderError,
    Replacement as Replacement,
)
from .tokens import Expansion as Expansion, Run as Run, Text as Text

if TYPE_CHECKING:
    from .boxes import LabelledBoxes as LabelledBoxes, read_boxes as read_boxes, write_boxes as write_boxes
    from .encoder import PromptEncoder as PromptEncoder
    from .masks import (
        cross_attention_mask as cross_attention_mask,
        image_attention_mask as image_attention_mask,
        image_embeds_position_mask as image_embeds_position_mask,
    )

# What those who count do not need is imported when it is asked for.
_LATER = {
    **dict.fromkeys(("LabelledBoxes", "read_boxes", "write_boxes"), "boxes"),
    "PromptEncoder": "encoder",
    **dict.fromkeys(("cross_attention_mask", "image_attention_mask", "image_embeds_position_mask"), "masks"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
