"""What Kimi K2.5's videos are tried with."""

from ...testing.videos import VideoCases

CASES = VideoCases(
    small={"max_patches": 30},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"merge_size": 1},
        {"max_patches": 8},
        {"size": {"max_height": 3, "max_width": 3}},
    ],
    sampled=[{"fps": 4}, {"num_frames": 5}],
    refused=("no resize", "size *"),
)
