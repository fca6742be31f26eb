"""What Nemotron-H Omni's videos are tried with."""

from ...testing.videos import VideoCases

CASES = VideoCases(
    small={"video_target_num_patches": 16, "patch_size": 8},
    options=[
        {"norm_mean": [0.1, 0.2, 0.3]},
        {"norm_std": [0.1, 0.2, 0.3]},
        {"patch_size": 5},
        {"downsample_ratio": 1.0},
        {"downsample_ratio": 0.25},
        {"video_target_num_patches": 40},
        {"video_maintain_aspect_ratio": False},
        {"video_maintain_aspect_ratio": False, "video_target_num_patches": 30},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
    ],
    made={"norm_mean": [0.48, 0.45, 0.4], "norm_std": [0.26, 0.27, 0.28]},
    at_construction=(
        "norm_mean",
        "norm_std",
        "patch_size",
        "downsample_ratio",
        "video_target_num_patches",
        "video_maintain_aspect_ratio",
    ),
)
