"""What VidEoMT's videos are tried with."""

from ...testing.videos import SIZES_OF_EDGES, VideoCases

CASES = VideoCases(small={"size": {"height": 32, "width": 32}}, refused=SIZES_OF_EDGES)
