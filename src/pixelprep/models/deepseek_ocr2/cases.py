"""What DeepseekOcr2 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 64, "width": 64}, "tile_size": 48},
    options=[
        {"crop_to_patches": True},
        {"crop_to_patches": False},
        {"min_patches": 1, "max_patches": 4},
        {"min_patches": 3, "max_patches": 9},
        {"tile_size": 100},
        {"background_color": [10, 20, 30]},
        {"size": {"height": 40, "width": 40}},
    ],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except("1x200", "ours alone", "Q36: no side of an image vanishes"),
    ],
    at_construction=True,
)
