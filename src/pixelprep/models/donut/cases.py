"""What Donut is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 50, "width": 35}},
    options=[
        {"do_thumbnail": False},
        {"do_pad": False, "do_thumbnail": False},
        {"do_align_long_axis": True},
        {"do_align_long_axis": True, "size": {"height": 30, "width": 60}},
        {"do_resize": False, "do_thumbnail": False, "do_pad": False},
    ],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except(("1x60", "60x1", "1x200", "strips*"), "ours alone", "Q36: no side of a page vanishes"),
        Except(
            ("no resize", "do_thumbnail=False"), "ours alone", "np.pad refuses negative numbers: cut off instead", "pil"
        ),
        Except("filter 0", "other values", "Q14: NEAREST is NEAREST", "pil"),
    ],
)
