"""What Step3p7 is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 56, "width": 56}, "patch_size": 42, "max_image_size": 250},
    options=[{"patch_size": 20}, {"max_image_size": 100}, {"size": {"height": 200, "width": 200}}],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
)
