"""What Llama4 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 32, "width": 32}},
    options=[
        {"max_patches": 1},
        {"max_patches": 5},
        {"resize_to_max_canvas": True},
        {"resize_to_max_canvas": True, "max_patches": 4},
    ],
    refused=[
        "no resize",
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except("no rescale", "ours alone", "Q31: bytes are normalised as they are"),
        Except(
            (
                "equal sizes, np",
                "mixed sizes, np",
                "tuple, np",
                "samples of one, np",
                "samples, np",
                "strips, np",
                "samples of mixed sizes, np",
            ),
            "ours alone",
            "Q26: the reference cannot convert bfloat16",
        ),
    ],
)
