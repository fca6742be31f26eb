"""What Tipsv2Dpt is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 48, "width": 40}},
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
    exceptions=[
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
    ],
)
