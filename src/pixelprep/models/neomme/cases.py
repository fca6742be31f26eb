"""What NeoMME is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"max_side": 40},
        {"max_side": 70, "size": {"min_pixels": 9000, "max_pixels": 9999}},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=[
        "size int",
        "size int, square",
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
    ],
)
