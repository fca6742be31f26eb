"""What DepthPro is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 48, "width": 40}},
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("filter 1", "ours alone", "the core offers every filter", "native"),
        Except(
            "filter 1",
            "refused",
            "LANCZOS without antialias is torchvision's alone to refuse",
            "torchvision",
            alone=True,
        ),
        *(
            Except(("filter 1", "filter 4", "filter 5"), "refused", "without antialias only torch's filters", on)
            for on in ("pil", "mlx")
        ),
    ],
)
