"""What Inkling is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    options=[
        {"rescale_image_frac": 0.5},
        {"rescale_image_frac": 1.7},
        {"rescale_image_frac": 2.0, "rescale_image_max_upscaled_long_edge": 90},
        {"rescale_image_frac": 2.0, "rescale_image_max_upscaled_long_edge": None},
        {"size": {"height": 24, "width": 24}},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=[
        "no resize",
        "size int",
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
)
