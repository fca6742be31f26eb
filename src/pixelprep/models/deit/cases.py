"""What DeiT is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 40, "width": 40}, "crop_size": 32},
    refused=[
        "size longest edge",
        "size pixels",
        "pad to a smaller size",
    ],
)
