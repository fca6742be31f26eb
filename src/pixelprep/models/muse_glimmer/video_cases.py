"""What Muse Glimmer's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import VideoCases

CASES = VideoCases(
    small={"max_video_frame_tokens": 6},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"merge_size": 1},
        {"max_video_frame_tokens": 3},
    ],
    sampled=[{"fps": 4.0, "num_frames": 5}, {"fps": 0.5, "num_frames": 40}, {"fps": 2, "num_frames": 1}],
    refused=("no resize",),
    exceptions=[
        Except("*, 1 frames", "ours alone", "V4: one frame is a video too"),
    ],
)
