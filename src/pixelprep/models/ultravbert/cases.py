"""What UltraVBert is tried with."""

from ...testing.family import Cases, Except, Picture
from ..idefics3.cases import CASES as IDEFICS3

CASES = Cases(
    small={"size": {"longest_edge": 160}, "max_image_size": {"longest_edge": 32}},
    options=[
        {"max_image_tiles": 4},
        {"max_image_tiles": 1, "return_row_col_info": True},
        {"do_image_splitting": False},
        {"do_image_splitting": False, "size": {"height": 50, "width": 70}},
        {"max_image_size": {"longest_edge": 48}, "return_row_col_info": True},
    ],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
    refused=IDEFICS3.refused,
    exceptions=[
        Except(("size int", "size int, square", "size pair", "size box"), "ours alone", "a box is plain"),
        Except(
            ("float32 in 0..255", "float32 in 0..1", "fractions", "negative"),
            "other values",
            "N5: LANCZOS of floats, the last bits",
            "native",
        ),
    ],
)
