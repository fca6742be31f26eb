"""What Kimi_K25 is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    small={"max_patches": 40},
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"merge_size": 1},
        {"merge_size": 3},
        {"max_patches": 10},
        {"size": {"max_height": 5, "max_width": 5}},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=["no resize", "size *"],
)
