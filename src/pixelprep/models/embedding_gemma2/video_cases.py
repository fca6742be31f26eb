"""What EmbeddingGemma 2's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import VideoCases

CASES = VideoCases(
    small={"patch_size": 4},
    options=[
        {"patch_size": 2},
        {"max_soft_tokens": 140},
        {"pooling_kernel_size": 2},
        {"do_normalize": False},
    ],
    sampled=[
        {"fps": 4, "max_frames": 3},
        {"fps": 4, "max_frames": 3, "overflow_strategy": "truncate"},
        {"fps": 4, "overflow_strategy": None},
    ],
    refused=("no resize", "num_frames=*"),
    exceptions=[
        Except("filter 0", "other values", "Pillow's 0 reaches torch as it is, which reads it as the pixel before"),
    ],
)
