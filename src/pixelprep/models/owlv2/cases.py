"""What Owlv2 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 64, "width": 48}},
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("no resize", "ours alone", "Q25: each step can be left out", "torchvision"),
        Except(
            ("size int, edge", "size shortest edge", "size both edges", "size maximum"),
            "ours alone",
            "every way to say a size is read",
        ),
    ],
    # Resized as floats: the sums run in another order.
    rounding=1e-4,
)
