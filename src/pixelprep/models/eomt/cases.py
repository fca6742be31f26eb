"""What Eomt is tried with."""

from ...testing.family import Cases, Except, label_cases

CASES = Cases(
    small={"size": {"shortest_edge": 45, "longest_edge": 99}},
    options=[
        {"do_split_image": True},
        {"do_split_image": True, "do_pad": True},
        {"do_pad": True, "size": {"shortest_edge": 60, "longest_edge": 62}},
        {"ignore_index": 3},
    ],
    inputs=label_cases({}, {"do_resize": False}),
    refused=[
        "size longest edge",
        "size pixels",
        "mixed sizes, np",
        "samples of one, np",
        "strips, np",
        "samples of mixed sizes, np",
    ],
    exceptions=[
        Except("1x200", "ours alone", "Q36: no side of an image vanishes"),
    ],
    untried={
        "mask_format": "maps with classes and masks have tests of their own",
        "do_reduce_labels": "maps with classes and masks have tests of their own",
        "num_labels": "maps with classes and masks have tests of their own",
    },
)
