"""What SuperPoint is tried with."""

from ...testing.family import Case, Cases, Except, Picture

CASES = Cases(
    small={"size": {"height": 48, "width": 40}},
    options=[{"do_grayscale": True}, {"do_grayscale": True, "do_resize": False}],
    inputs=[Case("grey bytes", Picture(37, 61), {"do_grayscale": True, "do_rescale": False})],
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
    ],
)
