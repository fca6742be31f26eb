"""What SAM 2's videos are tried with."""

from ...testing.family import Except
from ...testing.videos import SIZES_OF_EDGES, VideoCases

CASES = VideoCases(
    small={"size": {"height": 32, "width": 32}},
    refused=SIZES_OF_EDGES,
    exceptions=[
        Except(
            ("size int, edge", "size shortest edge", "size both edges"),
            "reference alone",
            "V24: no `reshaped_input_sizes` of None",
        ),
    ],
)
