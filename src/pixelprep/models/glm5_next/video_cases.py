"""What GLM-5's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_BUDGETS, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 12000}},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"merge_size": 1},
        {"patch_expand_factor": 2},
        {"min_image_tokens": 40},
        {"max_image_tokens": 4},
    ],
    sampled=[
        {"max_frames": 5},
    ],
    at_construction=("max_frames",),
    refused=SIZES_OF_BUDGETS,
    exceptions=[
        Except(("1x48x64", "* 1 frames"), "ours alone", "V4: one frame is a video too"),
        Except("num_frames=*", "other values", "V14: as many frames as a call asks for"),
        Except(("*, 2 frames", "*, 7 frames"), "ours alone", "V15: at least one frame is taken"),
    ],
)
