"""What Cohere2Vision is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 40, "width": 40}},
    options=[
        {"max_patches": 3},
        {"max_patches": 1},
        {"min_patches": 4},
        {"crop_to_patches": False},
        {"crop_to_patches": False, "do_resize": False},
    ],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    untried={"patch_size": "kept for processors that read it, without effect on pixels"},
)
