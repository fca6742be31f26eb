"""What GlmImage is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    small={"size": {"shortest_edge": 1600, "longest_edge": 22500}},
    options=[
        {"patch_size": 8},
        {"merge_size": 1},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"min_pixels": 8000},
        {"max_pixels": 4000},
        {"min_pixels": 6000, "max_pixels": 7000},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=[
        "no resize",
        "size int",
        "size int, square",
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size longest edge",
        "size maximum",
        "default 37x211",
        "1x1",
        "2x9",
        "1x60",
        "60x1",
        "37x211",
        "1x200",
        "ambiguous channels, told",
        "strips, np",
        "strips, None",
    ],
)
