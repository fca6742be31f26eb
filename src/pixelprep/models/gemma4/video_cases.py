"""What Gemma 4's videos are tried with."""

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
    sampled=[{"num_frames": 3}],
    refused=("no resize",),
    exceptions=[
        Except("filter 0", "other values", "Pillow's 0 reaches torch as it is, which reads it as the pixel before"),
        Except("sampled, *", "ours alone", "V3: every frame of shorter clips"),
        Except("fps=*", "ours alone", "V2: a rate acts in place of the default number of frames"),
        Except("fps=*, 130 frames", "other values", "V2: a rate acts in place of the default number of frames"),
    ],
)
