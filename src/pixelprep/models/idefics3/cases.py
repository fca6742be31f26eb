"""What Idefics3 is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"longest_edge": 128}, "max_image_size": {"longest_edge": 48}},
    options=[
        {"do_image_splitting": False},
        {"return_row_col_info": True},
        {"max_image_size": {"longest_edge": 70}},
        {"size": {"longest_edge": 40}},
    ],
    refused=["size int, edge", "size shortest edge", "size maximum", "size pixels"],
    exceptions=[
        Except(
            ("float32 in 0..255", "float32 in 0..1", "fractions", "negative"),
            "other values",
            "N5: LANCZOS of floats, the last bits",
            "native",
        ),
    ],
)
