"""What GLPN is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size_divisor": 8},
    options=[{"size_divisor": 5}, {"size_divisor": 32}],
    refused=["mixed sizes, np", "samples of one, np", "strips, np", "samples of mixed sizes, np"],
    exceptions=[
        Except("pad to size", "other values", "the reference ignores `pad_size`"),
        Except("pad to a smaller size", "reference alone", "the reference ignores `pad_size`"),
        Except(
            ("1x1", "2x9", "1x60", "60x1", "1x200", "ambiguous channels, told", "strips, None"),
            "ours alone",
            "Q36: no side vanishes",
        ),
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
    ],
)
