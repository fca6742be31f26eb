"""What replaces an image in the text of a prompt: counted, written out and placed, without torch and without pixels.

layout = AutoPromptLayout.from_pretrained("Qwen/Qwen2-VL-7B-Instruct")
layout.image((1080, 1920)).num_features
layout.expand("<|vision_start|><|image_pad|><|vision_end|>What is this?", [(1080, 1920)]).text
"""

from typing import TYPE_CHECKING

from ..core.names import borrowed
from .boxes import LabelledBoxes as LabelledBoxes, read_boxes as read_boxes, write_boxes as write_boxes
from .counts import MissingNumberError as MissingNumberError
from .layout import PromptLayout as PromptLayout
from .loading import AutoPromptLayout as AutoPromptLayout
from .lookup import UnknownPromptError as UnknownPromptError
from .masks import (
    cross_attention_mask as cross_attention_mask,
    image_attention_mask as image_attention_mask,
    image_embeds_position_mask as image_embeds_position_mask,
)
from .positions import PositionRule as PositionRule, position_rule as position_rule, positions as positions
from .prompt import (
    ExpandedIds as ExpandedIds,
    ExpandedText as ExpandedText,
    PlaceholderError as PlaceholderError,
    Replacement as Replacement,
)
from .tokens import Expansion as Expansion, Run as Run, Text as Text

if TYPE_CHECKING:
    from .encoder import PromptEncoder as PromptEncoder
else:  # what makes tensors is not imported for those who count
    __getattr__ = borrowed(__name__, ("PromptEncoder",), f"{__name__}.encoder")
