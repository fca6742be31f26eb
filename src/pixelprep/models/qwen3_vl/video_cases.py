"""What Qwen3-VL's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_BUDGETS, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 12000}},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"merge_size": 1},
        {"cap_pixels_per_frame": True},
        {"cap_pixels_per_frame": True, "max_video_tokens": 2},
    ],
    sampled=[
        {"fps": 3, "min_frames": 9},
        {"fps": 9, "max_frames": 8},
        {"num_frames": 5},
    ],
    at_construction=("min_frames", "max_frames", "max_video_tokens"),
    refused=SIZES_OF_BUDGETS,
    exceptions=[
        Except(("1x48x64", "* 1 frames"), "ours alone", "V4: one frame is a video too"),
    ],
)
