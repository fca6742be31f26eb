"""What ConvNext is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 56}},
    options=[
        {"size": {"shortest_edge": 384}},
        {"size": {"shortest_edge": 383}},
        {"crop_pct": 0.7},
        {"crop_pct": 1.0, "size": 60},
    ],
    refused=[
        "size int, square",
        "size pair",
        "size box",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
)
