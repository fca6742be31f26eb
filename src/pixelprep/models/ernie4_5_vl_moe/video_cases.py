"""What ERNIE's videos are tried with; what is drawn on them has a test of its own, for it needs a font."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_BUDGETS, VideoCases

CASES = VideoCases(
    small={"size": {"shortest_edge": 1000, "longest_edge": 4000}},
    options=[
        {"patch_size": 10},
        {"merge_size": 1},
    ],
    sampled=[
        {"num_frames": 4, "min_frames": 2},
        {"fps": 2, "min_frames": 3},
        {"max_frames": 20},
    ],
    made={"draw_on_frames": False},
    refused=(*SIZES_OF_BUDGETS, "num_frames=4, *", "num_frames=2, *"),
    exceptions=[
        Except(
            ("sampled, 1 frames", "fps=*, 1 frames", "max_frames=20, 1 frames"),
            "ours alone",
            "V4: where one frame is taken of an array, that is a video too",
        ),
        Except("one channel", "ours alone", "V7: grey frames become RGB"),
    ],
)
