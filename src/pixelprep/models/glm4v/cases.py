"""What Glm4v is tried with."""

from ...testing.family import Cases, Picture
from ..qwen2_vl.cases import CASES as QWEN2VL

CASES = Cases(
    small={"size": {"shortest_edge": 6272, "longest_edge": 18000}},
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"merge_size": 1},
        {"merge_size": 3},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=QWEN2VL.refused,
)
