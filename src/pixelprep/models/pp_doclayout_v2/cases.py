"""What PPDocLayoutV2 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 64, "width": 48}},
    refused=[
        "size longest edge",
        "size pixels",
        "pad to a smaller size",
    ],
    exceptions=[
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "pil"),
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "mlx"),
        Except("filter 1", "ours alone", "the core smooths", "native"),
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", alone=True),
    ],
)
