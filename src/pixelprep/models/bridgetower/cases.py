"""What BridgeTower is tried with."""

from ...testing.family import Cases, Except
from ..vilt.cases import CASES as VILT

CASES = Cases(
    small={"size": {"shortest_edge": 60}, "crop_size": {"shortest_edge": 41}},
    options=[{"size_divisor": 16}, {"size_divisor": 1}, {"crop_size": {"shortest_edge": 101}}],
    refused=VILT.refused,
    exceptions=[
        Except(("crop inside", "crop outside"), "ours alone", "Q30: crops to any box"),
        Except(
            ("2x9", "1x60", "60x1", "37x211", "1x200", "ambiguous channels, told", "strips, np", "strips, None"),
            "ours alone",
            "Q36: no side of an image vanishes",
        ),
    ],
)
