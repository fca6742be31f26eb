"""What GLM-4.1V's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_BUDGETS, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 12000}},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"merge_size": 1},
        {"max_image_size": {"longest_edge": 100}},
    ],
    sampled=[
        {"fps": 3, "max_duration": 2},
    ],
    at_construction=("max_duration",),
    refused=SIZES_OF_BUDGETS,
    exceptions=[
        Except(("1x48x64", "* 1 frames"), "ours alone", "V4: one frame is a video too"),
        Except("num_frames=*", "other values", "V14: as many frames as a call asks for"),
    ],
)
