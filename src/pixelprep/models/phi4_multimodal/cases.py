"""What Phi4Multimodal is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 56, "width": 56}},
    options=[{"patch_size": 7}, {"patch_size": 16}, {"dynamic_hd": 4}, {"dynamic_hd": 9}],
    refused=[
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
        "1x60",
        "60x1",
        "1x200",
        "ambiguous channels, told",
        "strips, np",
        "strips, None",
    ],
    exceptions=[
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "pil"),
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "mlx"),
        Except(
            "filter 1", "ours alone", "the core has LANCZOS without antialias, and an image of that size needs none"
        ),
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", alone=True),
    ],
    # Resized as floats: the sums run in another order.
    rounding=2e-5,
)
