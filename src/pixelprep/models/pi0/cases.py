"""What PI0 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"max_height": 40, "max_width": 50}, "pad_size": {"height": 41, "width": 52}},
    refused=[
        "no resize",
        "size int",
        "size int, edge",
        "size box",
        "size shortest edge",
        "size longest edge",
        "size pixels",
        "crop outside",
        "pad to a smaller size",
    ],
    exceptions=[
        Except(
            ("1x60", "60x1", "1x200", "strips, np", "strips, None"), "ours alone", "Q36: no side of an image vanishes"
        ),
    ],
)
