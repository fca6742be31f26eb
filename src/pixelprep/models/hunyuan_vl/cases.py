"""What HunYuanVL is tried with."""

from ...testing.family import Cases, Picture
from ..qwen2_vl.cases import CASES as QWEN2VL

CASES = Cases(
    small={"size": {"shortest_edge": 3136, "longest_edge": 9000}},
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"merge_size": 1},
        {"merge_size": 3},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"min_pixels": 8000},
        {"max_pixels": 4000},
        {"min_pixels": 6000, "max_pixels": 7000},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=QWEN2VL.refused,
)
