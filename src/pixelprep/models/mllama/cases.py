"""What Mllama is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 32, "width": 32}},
    options=[{"max_image_tiles": 1}, {"max_image_tiles": 6}, {"size": {"height": 48, "width": 48}}],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
)
