"""What MaskFormer is tried with."""

from ...testing.family import Cases, Except, label_cases

CASES = Cases(
    small={"size": {"shortest_edge": 45, "longest_edge": 99}},
    options=[{"size_divisor": 0}, {"size_divisor": 7}, {"ignore_index": 3, "num_labels": 5}],
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}),
    refused=[
        "size longest edge",
        "size pixels",
        "pad to a smaller size",
        "map uint8, do_reduce_labels=True, np",
        "map uint8, do_reduce_labels=True, None",
        "map int64, do_reduce_labels=True, np",
        "map int64, do_reduce_labels=True, None",
        "map ignored classes, do_reduce_labels=True, np",
        "map ignored classes, do_reduce_labels=True, None",
        "map picture, do_reduce_labels=True, np",
        "map picture, do_reduce_labels=True, None",
        "two maps, do_reduce_labels=True",
    ],
    exceptions=[
        Except(("size int", "size int, edge", "size shortest edge"), "ours alone", "a shortest edge is plain"),
        Except("pad to size", "ours alone", "the reference refuses what it documents"),
        Except("1x200", "ours alone", "Q36: no side of an image vanishes"),
    ],
    untried={"mask_format": "maps with classes and masks have tests of their own"},
)
