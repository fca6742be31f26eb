"""What MobileViT is tried with."""

from ...testing.family import Cases, Except, label_cases

CASES = Cases(
    small={"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}},
    options=[{"do_flip_channel_order": False}],
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}, {"do_center_crop": False}),
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
    ],
)
