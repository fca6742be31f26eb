"""What Levit is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}},
    refused=[
        "size longest edge",
        "size maximum",
        "size pixels",
        "pad to a smaller size",
    ],
)
