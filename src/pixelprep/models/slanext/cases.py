"""What SLANeXt is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 48, "width": 40}, "pad_size": {"height": 80, "width": 80}},
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
        "pad to a smaller size",
    ],
    exceptions=[
        Except("1x200", "ours alone", "Q36: no side of a table vanishes"),
        Except("uint16", "ours alone", "torch cannot cut these to a range"),
    ],
)
