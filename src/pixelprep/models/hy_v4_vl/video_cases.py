"""What Hunyuan V4 VL's videos are tried with."""

from ...testing.videos import SIZES_OF_BUDGETS, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 12000}},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"merge_size": 1},
        {"max_image_size": {"longest_edge": 2000}},
    ],
    sampled=[
        {"fps": 3, "min_frames": 9},
        {"fps": 9, "max_frames": 8},
    ],
    at_construction=("min_frames", "max_frames"),
    refused=SIZES_OF_BUDGETS,
)
