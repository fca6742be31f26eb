"""What Apertus1p5 is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"size": {"min_pixels": 2000, "max_pixels": 20000}},
    options=[{"spatial_factor": 28}],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
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
    exceptions=[
        Except("pad to size", "other values", "the reference ignores `pad_size`"),
        Except("pad to a smaller size", "reference alone", "the reference ignores `pad_size`"),
    ],
)
