"""What VideoMAE is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"shortest_edge": 40}, "crop_size": {"height": 36, "width": 32}},
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except(
            ("samples, np", "samples of mixed sizes, np"),
            "reference alone",
            "videos of several lengths make no array",
            "pil",
        ),
        Except(
            ("samples, np", "samples of mixed sizes, np"),
            "refused",
            "videos of several lengths make no array",
            "torchvision",
        ),
    ],
)
