"""What TextNet is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 40}},
    options=[{"size_divisor": 1}, {"size_divisor": 7}, {"do_center_crop": True}],
    refused=[
        "size int, square",
        "size pair",
        "size box",
        "size longest edge",
        "size maximum",
        "size pixels",
        "strips, np",
    ],
)
