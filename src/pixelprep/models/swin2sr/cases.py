"""What Swin2SR is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    options=[{"size_divisor": 5}, {"size_divisor": 32}],
    refused=["mixed sizes, np", "samples of one, np", "strips, np", "samples of mixed sizes, np"],
    exceptions=[
        Except(
            ("1x1", "2x9", "1x60", "60x1", "1x200", "ambiguous channels, told", "strips, None"),
            "ours alone",
            "images are mirrored as often as the border needs",
            "torchvision",
        ),
    ],
)
