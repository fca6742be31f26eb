"""What VideoMAE's videos are tried with."""

from ...testing.videos import SIZES_OF_EDGES, VideoCases

CASES = VideoCases(small={"size": {"shortest_edge": 32}, "crop_size": 30}, refused=SIZES_OF_EDGES)
