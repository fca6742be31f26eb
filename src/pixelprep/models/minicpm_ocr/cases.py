"""What MiniCPMOcr is tried with."""

from ...testing.family import Cases, Picture

CASES = Cases(
    small={"scale_resolution": 112, "patch_size": 7},
    options=[
        {"slice_mode": False},
        {"max_slice_nums": 4},
        {"max_slice_nums": 1},
        {"scale_resolution": 84},
        {"patch_size": 14},
        {"downsample_mode": "16x", "use_image_id": False},
        {"small_image_upsize": "never"},
        {"small_image_upsize": "adaptive"},
        {"small_image_upsize": "adaptive", "scale_resolution": 200, "resample": 2},
    ],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
    refused=["no resize"],
    needs_pixels={"small_image_upsize=adaptive*": '"adaptive" looks at the image'},
)
