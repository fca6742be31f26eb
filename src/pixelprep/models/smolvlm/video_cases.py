"""What SmolVLM's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import VideoCases

CASES = VideoCases(
    small={"size": {"longest_edge": 60}, "max_image_size": {"longest_edge": 32}},
    options=[{"max_image_size": {"longest_edge": 20}}, {"do_pad": False}],
    sampled=[{"fps": 1, "num_frames": 8}, {"fps": 4, "num_frames": 3}, {"fps": 1, "num_frames": 1}],
    at_construction=("max_image_size",),
    refused=("size int, edge", "size shortest edge"),
    exceptions=[
        Except(
            ("sampled, *", "num_frames=[24], *", "fps=2, *", "fps=7.5, *"),
            "ours alone",
            "V5: one of a number and a rate is enough; without either every frame is taken",
        ),
        Except(("two sizes", "two lengths"), "other values", "V16: appended frames are 0 in the mask"),
    ],
)
