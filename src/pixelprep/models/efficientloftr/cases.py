"""What EfficientLoFTR is tried with: it takes pairs as SuperGlue does, at sides that are multiples of 32."""

from dataclasses import replace

from ..superglue.cases import CASES as SUPERGLUE

CASES = replace(SUPERGLUE, small={"size": {"height": 64, "width": 32}})
