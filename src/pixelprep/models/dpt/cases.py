"""What DPT is tried with."""

from ...testing.family import Cases, Except, label_cases

OWN = (
    {"ensure_multiple_of": 14},
    {"ensure_multiple_of": 32, "keep_aspect_ratio": True},
    {"keep_aspect_ratio": True},
    {"do_pad": True, "size_divisor": 32},
    {"do_pad": True, "size_divisor": 7, "keep_aspect_ratio": True},
)

CASES = Cases(
    small={"size": {"height": 48, "width": 40}},
    options=OWN,
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}),
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except(
            ("crop inside", "crop outside"), "other values", "the reference's PIL class ignores `do_center_crop`", "pil"
        ),
        Except("pad", "ours alone", "Q29: without `size_divisor` nothing is padded", "torchvision"),
        Except("pad to size", "other values", "the reference ignores `pad_size`", "pil"),
        Except("pad to size", "ours alone", "Q29: `pad_size` needs no `size_divisor`", "torchvision"),
        Except("pad to a smaller size", "reference alone", "the reference ignores `pad_size`", "pil"),
        Except("pad to a smaller size", "refused", "the reference ignores `pad_size`", "torchvision"),
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
        Except(
            (
                "map uint8, default, np",
                "map uint8, default, None",
                "map uint8, do_reduce_labels=True, np",
                "map uint8, do_reduce_labels=True, None",
                "map int64, default, np",
                "map int64, default, None",
                "map int64, do_reduce_labels=True, np",
                "map int64, do_reduce_labels=True, None",
                "map ignored classes, default, np",
                "map ignored classes, default, None",
                "map ignored classes, do_reduce_labels=True, np",
                "map ignored classes, do_reduce_labels=True, None",
                "map picture, default, np",
                "map picture, default, None",
                "map picture, do_reduce_labels=True, np",
                "map picture, do_reduce_labels=True, None",
                "two maps, default",
                "two maps, do_reduce_labels=True",
            ),
            "other values",
            "Q3: maps are resized to the nearest pixel",
        ),
    ],
)
