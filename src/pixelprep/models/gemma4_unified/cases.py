"""What Gemma4Unified is tried with."""

from ...testing.family import Cases, Except, Picture
from ..gemma4.cases import CASES as GEMMA4

CASES = Cases(
    small={"max_soft_tokens": 70, "patch_size": 4},
    options=GEMMA4.options,
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=["no resize"],
    exceptions=[
        Except(
            "filter 0", "other values", "the reference hands Pillow's 0 to torch, which reads it as the pixel before"
        ),
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
    ],
)
