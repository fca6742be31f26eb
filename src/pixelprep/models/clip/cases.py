"""What CLIP is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 48}, "crop_size": {"height": 40, "width": 36}},
    options=[
        {"crop_size": {"height": 61, "width": 300}},
        {"do_resize": False, "crop_size": {"height": 38, "width": 53}},
    ],
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
)
