"""What Idefics is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 40, "width": 40}},
    options=[{"image_num_channels": 1}, {"image_num_channels": 4}],
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
)
