"""What Perceiver is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 40}},
    options=[{"crop_size": (50, 70)}, {"crop_size": 30}, {"size": 300, "crop_size": 301}],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except(
            ("1x1", "2x9", "1x60", "60x1", "1x200", "ambiguous channels, told", "strips, np", "strips, None"),
            "other values",
            "Q36: no side of an image vanishes",
            "pil",
        ),
        Except(
            ("1x1", "2x9", "1x60", "60x1", "1x200", "ambiguous channels, told", "strips, np", "strips, None"),
            "ours alone",
            "Q36: no side of an image vanishes",
            "torchvision",
        ),
    ],
)
