"""What VideoLLaMA 3's videos are tried with."""

from ...testing.family import Case, Except
from ...testing.videos import SIZES_OF_BUDGETS, Clip, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 12000}},
    options=[
        {"patch_size": 10},
        {"temporal_patch_size": 2},
        {"temporal_patch_size": 3},
        {"merge_size": 1},
        {"min_pixels": 2000},
        {"max_pixels": 9000},
        {"use_token_compression": False},
        {"use_token_compression": None},
    ],
    inputs=[
        Case("still", Clip(4, 40, 30, times=0)),
        Case("a few tokens change", Clip(5, 56, 84, times=1 / 240), {"merge_size": 1}),
        Case("fewer", Clip(5, 56, 84, times=1 / 248), {"merge_size": 1, "temporal_patch_size": 2}),
    ],
    sampled=[
        {"fps": 2, "min_frames": 6},
        {"fps": 8, "max_frames": 9},
        {"num_frames": 6, "temporal_patch_size": 3},
        {"num_frames": 5},
    ],
    refused=SIZES_OF_BUDGETS,
    exceptions=[
        Except("sampled, *", "ours alone", "V5: every frame where neither a number nor a rate is asked for"),
        Except("fps*, 1 frames", "ours alone", "V4: one frame is a video too"),
        Except("bytes", "ours alone", "V10: bytes have a mean too"),
    ],
)
