"""What DeepseekVL is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 40}},
    options=[{"min_size": 30}, {"min_size": 1}, {"min_size": 50}],
    refused=[
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except("filter 0", "other values", "Q14: nearest is the nearest pixel", "pil"),
    ],
    reference_only={"image_mean": [0.48145466, 0.4578275, 0.40821073]},
)
