"""What Inkling2 is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    options=[{"size": {"height": 28, "width": 16}}],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
)
