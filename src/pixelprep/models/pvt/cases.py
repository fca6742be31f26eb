"""What Pvt is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 40, "width": 40}},
    refused=[
        "size longest edge",
        "size pixels",
        "pad to a smaller size",
    ],
)
