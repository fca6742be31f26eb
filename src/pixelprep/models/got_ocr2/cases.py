"""What GotOcr2 is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 32, "width": 32}},
    options=[
        {"crop_to_patches": True},
        {"crop_to_patches": True, "min_patches": 3, "max_patches": 6},
        {"crop_to_patches": True, "max_patches": 4},
        {"crop_to_patches": True, "max_patches": 1},
        {"crop_to_patches": True, "size": {"height": 24, "width": 40}},
    ],
    refused=["size longest edge", "size pixels"],
)
