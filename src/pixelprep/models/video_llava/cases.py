"""What VideoLlava is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 40}, "crop_size": {"height": 36, "width": 32}},
    options=[{"return_legacy_image_output": False}],
    refused=["size longest edge", "size pixels"],
    reference_class={"torchvision": "", "pil": "pil"},
)
