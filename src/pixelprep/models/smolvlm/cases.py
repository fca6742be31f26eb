"""What SmolVLM is tried with."""

from ...testing.family import Cases, Except
from ..idefics3.cases import CASES as IDEFICS3

CASES = Cases(
    small={"size": {"longest_edge": 96}, "max_image_size": {"longest_edge": 32}},
    options=[{"do_image_splitting": False}, {"return_row_col_info": True}, {"max_image_size": {"longest_edge": 48}}],
    refused=IDEFICS3.refused,
    exceptions=[
        Except(
            ("float32 in 0..255", "float32 in 0..1", "fractions", "negative"),
            "other values",
            "N5: LANCZOS of floats, the last bits",
            "native",
        ),
    ],
)
