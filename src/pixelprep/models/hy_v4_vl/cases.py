"""What HYV4VL is tried with."""

from ...testing.family import Cases, Picture
from ..hunyuan_vl.cases import CASES as HUNYUANVL

CASES = Cases(
    small={"size": {"shortest_edge": 4096, "longest_edge": 30000}},
    options=[
        {"min_pixels": 8000},
        {"max_pixels": 20000},
        {"patch_size": 14},
        {"merge_size": 1},
        {"temporal_patch_size": 2},
    ],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
    refused=HUNYUANVL.refused,
)
