"""What PE's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_EDGES, VideoCases

CASES = VideoCases(
    small={
        "do_resize": True,
        "size": {"height": 32, "width": 32},
        "do_rescale": True,
        "do_normalize": True,
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.3, 0.4],
    },
    sampled=[{"num_frames": 1}, {"num_frames": 11}],
    refused=(*SIZES_OF_EDGES, "one channel"),
    exceptions=[
        Except("num_frames=1, *", "ours alone", "V8: one frame is the first"),
    ],
)
