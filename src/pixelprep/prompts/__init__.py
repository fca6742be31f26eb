"""What replaces an image in the text of a prompt: counted, written out and placed, without torch and without pixels.

layout = AutoPromptLayout.from_pretrained("Qwen/Qwen2-VL-7B-Instruct")
layout.image((1080, 1920)).num_features
layout.expand("<|vision_start|><|image_pad|><|vision_end|>What is this?", [(1080, 1920)]).text
"""

from .counts import MissingNumberError as MissingNumberError
from .encoder import PromptEncoder as PromptEncoder
from .layout import PromptLayout as PromptLayout, UnknownPromptError as UnknownPromptError
from .loading import AutoPromptLayout as AutoPromptLayout
from .positions import PositionRule as PositionRule, position_rule as position_rule, positions as positions
from .prompt import (
    ExpandedIds as ExpandedIds,
    ExpandedText as ExpandedText,
    PlaceholderError as PlaceholderError,
    Replacement as Replacement,
)
from .tokens import Expansion as Expansion, Run as Run, Text as Text
