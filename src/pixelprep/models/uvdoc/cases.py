"""What UVDoc is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 30}},
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except(("no rescale", "bytes"), "other values", "bytes are resized as floats"),
        Except("float64 in 0..255", "other values", "float64 becomes float32"),
    ],
)
