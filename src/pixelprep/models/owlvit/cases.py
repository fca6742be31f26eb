"""What OwlViT is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 64, "width": 48}, "crop_size": {"height": 40, "width": 44}},
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
)
