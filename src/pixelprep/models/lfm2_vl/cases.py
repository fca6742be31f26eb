"""What Lfm2Vl is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"tile_size": 64, "min_image_tokens": 4, "max_image_tokens": 16, "encoder_patch_size": 8},
    options=[
        {"do_image_splitting": False},
        {"return_row_col_info": True},
        {"use_thumbnail": False},
        {"min_tiles": 1, "max_tiles": 1},
        {"min_tiles": 1, "max_tiles": 3},
        {"min_tiles": 3, "max_tiles": 6},
        {"downsample_factor": 1},
        {"max_pixels_tolerance": 1.0},
        {"max_image_tokens": 25, "min_image_tokens": 9},
        {"encoder_patch_size": 4, "tile_size": 40},
    ],
    refused=[],
)
