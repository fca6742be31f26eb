"""What Glm5Next is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"max_image_tokens": 20, "min_image_tokens": 4},
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"merge_size": 1},
        {"merge_size": 3},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"patch_expand_factor": 2},
        {"patch_expand_factor": 3},
        {"min_image_tokens": 1},
        {"min_image_tokens": 15},
        {"max_image_tokens": 6},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=["no resize"],
    exceptions=[
        Except(
            ("patch_expand_factor=2", "patch_expand_factor=3"),
            "other values",
            "Q13: the reference's PIL classes ignore it",
            "pil",
        ),
    ],
)
