"""What NemotronH_Omni_Reasoning_V3 is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"min_num_patches": 16, "max_num_patches": 40},
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"downsample_ratio": 1.0},
        {"downsample_ratio": 0.25},
        {"min_num_patches": 4},
        {"max_num_patches": 100},
        {"max_num_patches": 0, "max_model_len": 10},
        {"max_num_patches": 0, "max_model_len": 30},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    exceptions=[
        Except("filter 1", "other values", "N5: LANCZOS of floats, the last bits", "native"),
    ],
    # Resized as floats: the sums run in another order.
    rounding=2e-5,
)
