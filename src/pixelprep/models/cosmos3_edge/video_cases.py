"""What Cosmos 3 Edge's videos are tried with."""

from ...testing.videos import SIZES_OF_BUDGETS, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 12000}},
    options=[
        {"patch_size": 10},
        {"merge_size": 1},
    ],
    sampled=[
        {"num_frames": 5},
    ],
    refused=SIZES_OF_BUDGETS,
)
