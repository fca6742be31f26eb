"""What MiniCPMV4_6 is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"scale_resolution": 84, "patch_size": 7},
    options=[
        {"slice_mode": False},
        {"max_slice_nums": 4},
        {"max_slice_nums": 1},
        {"scale_resolution": 56},
        {"patch_size": 4},
        {"downsample_mode": "4x", "use_image_id": False},
    ],
    refused=["no resize"],
)
