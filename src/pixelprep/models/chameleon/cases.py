"""What Chameleon is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}},
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
    exceptions=[
        Except(
            ("float32 in 0..255", "float32 in 0..1", "fractions", "negative"),
            "other values",
            "N5: LANCZOS of floats, the last bits",
            "native",
        ),
    ],
)
