"""What Aria is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"max_image_size": 490},
    options=[
        {"split_image": True, "split_resolutions": [[490, 980], [980, 490], [490, 490]]},
        {"min_image_size": 100},
        {"split_image": True, "split_resolutions": [[300, 500], [500, 200]]},
    ],
)
