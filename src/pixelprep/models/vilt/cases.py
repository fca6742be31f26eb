"""What Vilt is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"shortest_edge": 60}},
    options=[{"size_divisor": 16}, {"size_divisor": 1}, {"size_divisor": 7}],
    refused=[
        "size int, square",
        "size pair",
        "size box",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except(
            ("2x9", "1x60", "60x1", "37x211", "1x200", "ambiguous channels, told", "strips, np", "strips, None"),
            "ours alone",
            "Q36: no side of an image vanishes",
        ),
        Except(
            (
                "mixed sizes, np",
                "mixed sizes, None",
                "samples of one, np",
                "samples of one, None",
                "samples of mixed sizes, np",
                "samples of mixed sizes, None",
            ),
            "ours alone",
            "Q24: padded whatever is returned",
            "torchvision",
        ),
    ],
)
