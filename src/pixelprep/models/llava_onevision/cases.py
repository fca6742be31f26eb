"""What LlavaOnevision is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={
        "size": {"height": 32, "width": 32},
        "image_grid_pinpoints": [
            [32, 32],
            [32, 64],
            [32, 96],
            [64, 32],
            [64, 64],
            [64, 96],
            [96, 32],
            [96, 64],
            [96, 96],
        ],
    },
    options=[
        {"image_grid_pinpoints": [[96, 144]]},
        {"image_grid_pinpoints": [[50, 100], [100, 50]]},
        {"crop_size": 32},
    ],
    refused=[
        "size int",
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
)
