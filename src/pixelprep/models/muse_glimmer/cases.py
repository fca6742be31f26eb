"""What MuseGlimmer is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"max_image_tokens": 12},
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"merge_size": 1},
        {"merge_size": 3},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"max_image_tokens": 1},
        {"max_image_tokens": 100},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=["no resize"],
    exceptions=[
        Except(
            ("float32 in 0..255", "float32 in 0..1", "fractions", "negative"),
            "other values",
            "N5: LANCZOS of floats, the last bits",
            "native",
        ),
    ],
)
