"""What Fuyu is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"size": {"height": 50, "width": 80}},
    options=[
        {"padding_value": 255.0},
        {"padding_value": 0.0},
        {"padding_mode": "constant", "size": {"height": 70, "width": 100}},
        {"padding_mode": "edge", "size": {"height": 70, "width": 100}},
        {"padding_mode": "reflect", "size": {"height": 70, "width": 100}},
        {"padding_mode": "symmetric", "size": {"height": 70, "width": 100}},
        {"patch_size": {"height": 10, "width": 10}},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except("no resize", "reference alone", "the reference leaves it larger than asked", "pil"),
        Except("no resize", "refused", "the image is larger than the size to pad to", "torchvision"),
        Except("patch_size={'height':10,'width':10}", "ours alone", "the reference refuses what it documents"),
        Except(("60x1", "1x200", "strips, np", "strips, None"), "ours alone", "Q36: no side of an image vanishes"),
        Except(
            ("samples, np", "samples of mixed sizes, np"),
            "other values",
            "the reference gives arrays of objects",
            "pil",
        ),
        Except(
            ("samples, np", "samples, None", "samples of mixed sizes, np", "samples of mixed sizes, None"),
            "ours alone",
            "samples of different lengths are plain",
            "torchvision",
        ),
    ],
    own_types={"image_scale_factors": "factors, not pixels"},
)
