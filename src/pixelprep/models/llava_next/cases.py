"""What LlavaNext is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={
        "size": {"shortest_edge": 32},
        "crop_size": {"height": 32, "width": 32},
        "image_grid_pinpoints": [[48, 96], [96, 48], [96, 96], [144, 48], [48, 144]],
    },
    options=[
        {"do_center_crop": False, "size": {"height": 32, "width": 32}},
        {"size": {"height": 32, "width": 40}},
        {"image_grid_pinpoints": [[64, 64], [32, 96]]},
        {"crop_size": {"height": 24, "width": 24}},
    ],
    refused=["size longest edge", "size maximum", "size pixels", "no crop"],
)
