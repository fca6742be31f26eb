"""What PPOCRV5ServerDet is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"limit_side_len": 64},
    options=[
        {"limit_side_len": 40},
        {"limit_type": "min"},
        {"limit_type": "resize_long", "limit_side_len": 120},
        {"max_side_limit": 50, "limit_side_len": 120},
    ],
    # LANCZOS and the filters of the core are summed in other orders.
    rounding=1e-5,
    own_types={"target_sizes": "sizes in pixels, which float16 cannot hold"},
    refused=[
        "mixed sizes, np",
        "samples of mixed sizes, np",
        "samples of one, np",
        "strips, np",
    ],
    exceptions=[
        Except("no resize", "other values", "the sizes of the pages are told all the same"),
        Except("filter 1", "other values", "N5: LANCZOS of floats, the last bits", "native"),
    ],
)
