"""What PoolFormer is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}},
    options=[
        {"crop_pct": 0.5},
        {"crop_pct": 1.0},
        {"crop_pct": 0.7, "size": (33, 47)},
        {"crop_pct": 0.7, "size": (33, 33)},
    ],
    refused=[
        "size longest edge",
        "size maximum",
        "size pixels",
        "pad to a smaller size",
    ],
)
