"""What InternVL's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_EDGES, VideoCases

CASES = VideoCases(
    small={"size": {"height": 32, "width": 32}},
    sampled=[
        {"num_frames": 5},
        {"num_frames": 5, "initial_shift": False},
        {"num_frames": 6, "initial_shift": 3},
        {"fps": 9, "initial_shift": 0.5},
    ],
    refused=SIZES_OF_EDGES,
    exceptions=[
        Except("sampled, *", "ours alone", "V5: every frame where neither a number nor a rate is asked for"),
        Except("fps=*", "ours alone", "V8: one frame where the rate gives none, and one alone is a video too"),
    ],
)
