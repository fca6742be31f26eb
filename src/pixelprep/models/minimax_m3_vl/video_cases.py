"""What MiniMax M3 VL's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import VideoCases

CASES = VideoCases(
    small={"min_pixels": 1000, "max_pixels": 4000},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"merge_size": 1},
        {"min_pixels": 3000},
        {"max_pixels": 2000},
        {"vision_segment_max_frames": 1},
        {"vision_segment_max_frames": 2, "temporal_patch_size": 1},
        {"vision_segment_max_frames": None},
    ],
    sampled=[{"fps": 4}, {"num_frames": 5}],
    refused=("no resize",),
    exceptions=[
        Except(
            (
                "num_frames=2, 2 frames",
                *(f"num_frames={n}, {total} frames" for n in (2, 4, 5) for total in (7, 17, 130)),
            ),
            "ours alone",
            "V2: a number acts in place of the default rate, which the reference lets nobody switch off",
        ),
    ],
)
