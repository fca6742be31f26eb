"""What Qwen2-VL's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_BUDGETS, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 4000}},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"merge_size": 1},
        {"min_pixels": 2000},
        {"max_pixels": 3000},
        {"size": {"shortest_edge": 2000, "longest_edge": 100000}, "cap_pixels_per_frame": True, "max_video_tokens": 40},
        {"cap_pixels_per_frame": False},
        {"cap_pixels_per_frame": True},
    ],
    sampled=[
        {"fps": 2, "min_frames": 6},
        {"fps": 8, "max_frames": 9},
        {"num_frames": 6, "temporal_patch_size": 3},
        {"num_frames": 5},
    ],
    at_construction=("max_video_tokens",),
    refused=SIZES_OF_BUDGETS,
    exceptions=[
        Except("sampled, *", "ours alone", "V5: every frame where neither a number nor a rate is asked for"),
        Except(("fps*, 1 frames", "fps=8 max_frames=9, 1 frames"), "ours alone", "V4: one frame is a video too"),
    ],
)
