"""What Emu3 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"min_pixels": 2000, "max_pixels": 5000},
    options=[
        {"ratio": "4:3"},
        {"ratio": "1:1"},
        {"image_area": 100},
        {"image_area": 518400},
        {"spatial_factor": 14},
        {"spatial_factor": 3},
    ],
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
        Except(
            ("1x1", "1x60", "1x200", "strips, np", "strips, None"),
            "ours alone",
            "the reference reads an image of one pixel's height as a grey one",
        ),
        Except("ambiguous channels, told", "other values", "the reference loses the layout"),
    ],
    at_construction=True,
    reference_class={"torchvision": "", "pil": "torchvision"},
)
