"""What Siglip2 is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    small={"max_num_patches": 40},
    options=[{"patch_size": 16}, {"patch_size": 8}, {"max_num_patches": 1}, {"max_num_patches": 100}],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=["no resize"],
)
