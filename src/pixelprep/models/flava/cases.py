"""What Flava is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 36}, "crop_size": {"height": 32, "width": 34}},
    options=[
        {"return_codebook_pixels": True},
        {"return_codebook_pixels": True, "codebook_do_map_pixels": False},
        {"return_codebook_pixels": True, "codebook_do_resize": False},
        {"return_codebook_pixels": True, "codebook_do_center_crop": False},
        {"return_codebook_pixels": True, "codebook_size": {"height": 30, "width": 41}},
        {"return_codebook_pixels": True, "codebook_crop_size": {"height": 30, "width": 41}},
        {"return_codebook_pixels": True, "codebook_resample": 3},
        {"return_codebook_pixels": True, "codebook_do_normalize": False},
        {"return_codebook_pixels": True, "codebook_rescale_factor": 0.01},
        {"return_codebook_pixels": True, "codebook_do_rescale": False},
        {"return_codebook_pixels": True, "codebook_image_mean": (0.1, 0.2, 0.3), "codebook_image_std": (0.5, 0.4, 0.3)},
    ],
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except(
            "return_codebook_pixels=True codebook_image_mean=(0.1,0.2,0.3) codebook_image_std=(0.5,0.4,0.3)",
            "ours alone",
            "the reference's own check refuses them",
        ),
    ],
    untried=dict.fromkeys(
        (
            "return_image_mask",
            "input_size_patches",
            "total_mask_patches",
            "mask_group_min_patches",
            "mask_group_max_patches",
            "mask_group_min_aspect_ratio",
            "mask_group_max_aspect_ratio",
        ),
        "which patches are hidden is chance",
    ),
)
