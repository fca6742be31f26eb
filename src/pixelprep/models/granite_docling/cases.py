"""What GraniteDocling is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    small={"size": {"height": 32, "width": 48}, "max_patches": 8},
    options=[
        {"crop_to_patches": False},
        {"min_patches": 3, "max_patches": 6},
        {"max_patches": 1},
        {"max_patches": 40},
        {"fine_route": True},
        {"dense_max_patches": 20, "dense_min_aspect": 1.2},
        {"dense_max_patches": 20, "dense_min_aspect": 1.2, "dense_max_aspect": 1.6},
        {"dense_max_patches": 20, "dense_max_scale": 1.5},
        {"dense_max_patches": 20, "dense_max_scale": 0.5},
    ],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
)
