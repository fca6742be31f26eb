"""What Qwen2VL is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    small={"size": {"shortest_edge": 3136, "longest_edge": 20000}},
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
        {"temporal_patch_size": 4},
        {"size": {"shortest_edge": 3136, "longest_edge": 8000}},
        {"min_pixels": 6000, "max_pixels": 9000},
        {"min_pixels": 19000},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=[
        "no resize",
        "size int",
        "size int, square",
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size longest edge",
        "size maximum",
    ],
)
