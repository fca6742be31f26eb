"""What Sam is tried with."""

from ...testing.family import Cases, Except, label_cases

CASES = Cases(
    small={
        "size": {"longest_edge": 64},
        "pad_size": {"height": 64, "width": 66},
        "mask_size": {"longest_edge": 32},
        "mask_pad_size": {"height": 32, "width": 33},
    },
    options=[
        {"size": {"longest_edge": 61}},
        {"mask_size": {"longest_edge": 21}, "mask_pad_size": {"height": 22, "width": 23}},
    ],
    inputs=label_cases({}, {"do_resize": False}),
    refused=[
        "size int",
        "size int, square",
        "size int, edge",
        "size pair",
        "size box",
        "size shortest edge",
        "size maximum",
        "size pixels",
        "crop outside",
        "pad to a smaller size",
        "map uint8, do_resize=False, np",
        "map uint8, do_resize=False, None",
        "map int64, do_resize=False, np",
        "map int64, do_resize=False, None",
        "map ignored classes, do_resize=False, np",
        "map ignored classes, do_resize=False, None",
        "map picture, do_resize=False, np",
        "map picture, do_resize=False, None",
        "two maps, do_resize=False",
    ],
    exceptions=[
        Except("1x200", "ours alone", "Q36: no side of an image vanishes"),
    ],
)
