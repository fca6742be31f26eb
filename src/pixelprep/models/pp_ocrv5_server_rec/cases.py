"""What PPOCRV5ServerRec is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 24, "width": 60}, "pad_size": {"height": 60, "width": 64}},
    options=[
        {"max_image_width": 30},
        {"character_list": ["blank", "a", "b"]},
        {"pad_size": {"height": 40, "width": 100}},
    ],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
        "crop outside",
    ],
    exceptions=[
        Except("60x1", "other values", "torch gives every row of a column the value of the first"),
        Except("filter 1", "other values", "N5: LANCZOS of floats, the last bits", "native"),
    ],
    # LANCZOS and the filters of the core are summed in other orders.
    rounding=1e-5,
    at_construction=True,
    alike=False,
)
