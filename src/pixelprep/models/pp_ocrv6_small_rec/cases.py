"""What PPOCRV6SmallRec is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 24, "width": 60}, "pad_size": {"height": 60, "width": 64}},
    options=[
        {"max_image_width": 30},
        {"character_list": ["blank", "a", "b"]},
        {"pad_size": {"height": 40, "width": 100}},
    ],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
        "crop outside",
    ],
    exceptions=[
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "pil"),
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "mlx"),
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", alone=True),
        Except("filter 1", "ours alone", "the core smooths", "native"),
    ],
    at_construction=True,
    alike=False,
)
