"""What Janus is tried with."""

from ...testing.family import Cases, Except
from ..deepseek_vl.cases import CASES as DEEPSEEKVL

CASES = Cases(
    small={"size": {"height": 40, "width": 40}},
    options=[{"min_size": 30}, {"min_size": 1}, {"min_size": 50}],
    refused=DEEPSEEKVL.refused,
    exceptions=[
        Except("filter 0", "other values", "Q14: nearest is the nearest pixel", "pil"),
    ],
    reference_only={"image_mean": [0.48145466, 0.4578275, 0.40821073]},
)
