"""What Molmo 2's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import VideoCases

CASES = VideoCases(
    small={"size": {"height": 42, "width": 42}, "do_rescale": True, "do_normalize": True},
    options=[
        {"patch_size": 6},
        {"patch_size": 21, "pooling_size": [1, 2]},
        {"pooling_size": [2, 2]},
        {"pooling_size": [4, 5], "patch_size": 7},
    ],
    sampled=[
        {"num_frames": 5, "max_fps": 1},
        {"max_fps": 30},
        {"fps": 30},
    ],
    refused=("size *", "one channel"),
    exceptions=[
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", True),
        Except("filter 1", "ours alone", "the core has it", "native", True),
        Except(
            ("sampled, *", "num_frames=*", "fps=*", "max_fps=*"),
            "ours alone",
            "V4: where one frame is taken of an array, that is a video too",
        ),
    ],
)
