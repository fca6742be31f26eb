"""What Llava is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}},
    options=[{"do_pad": True, "image_mean": [0.1, 0.2, 0.3]}, {"do_pad": True, "do_center_crop": False}],
    refused=["size longest edge", "size pixels"],
)
