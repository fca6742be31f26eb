"""What PPDocLayoutV4 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 64, "width": 48}},
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
    exceptions=[
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "pil"),
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "mlx"),
        Except("filter 1", "ours alone", "the core smooths", "native"),
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", alone=True),
        Except("float64 in 0..255", "other values", "float64 becomes float32", "torchvision"),
    ],
    needs_pixels=dict.fromkeys(
        ("float32 *", "float64 *", "fractions*", "negative"), "whether floats reach 255 or 1 is seen"
    ),
    # Resized as floats: the sums run in another order.
    rounding=1e-4,
)
