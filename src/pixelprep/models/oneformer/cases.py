"""What OneFormer is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"shortest_edge": 45, "longest_edge": 99}},
    options=[{"ignore_index": 3, "num_labels": 5}],
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("pad to size", "other values", "the reference ignores `pad_size`"),
        Except("pad to a smaller size", "reference alone", "the reference ignores `pad_size`"),
        Except("1x200", "ours alone", "Q36: no side of an image vanishes"),
        Except(
            (
                "equal sizes, np",
                "equal sizes, None",
                "mixed sizes, np",
                "mixed sizes, None",
                "tuple, np",
                "tuple, None",
                "samples of one, np",
                "samples of one, None",
                "samples, np",
                "samples, None",
                "strips, np",
                "strips, None",
                "samples of mixed sizes, np",
                "samples of mixed sizes, None",
            ),
            "other values",
            "each image has its task",
        ),
    ],
    untried={
        "class_info_file": "files of classes have tests of their own",
        "repo_path": "files of classes have tests of their own",
        "num_text": "files of classes have tests of their own",
        "mask_format": "maps with classes and masks have tests of their own",
        "do_reduce_labels": "maps with classes and masks have tests of their own",
    },
)
