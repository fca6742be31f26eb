"""What Sam2 is tried with."""

from ...testing.family import Cases, Except, label_cases

CASES = Cases(
    small={"size": {"height": 40, "width": 36}, "mask_size": {"height": 20, "width": 18}},
    options=[{"mask_size": {"height": 9, "width": 11}}],
    inputs=label_cases({}, {"do_resize": False}),
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
    exceptions=[
        Except(
            (
                "map uint8, default, np",
                "map uint8, default, None",
                "map uint8, do_resize=False, np",
                "map uint8, do_resize=False, None",
                "map int64, default, np",
                "map int64, default, None",
                "map int64, do_resize=False, np",
                "map int64, do_resize=False, None",
                "map ignored classes, default, np",
                "map ignored classes, default, None",
                "map ignored classes, do_resize=False, np",
                "map ignored classes, do_resize=False, None",
                "map picture, default, np",
                "map picture, default, None",
                "map picture, do_resize=False, np",
                "map picture, do_resize=False, None",
            ),
            "ours alone",
            "Q27: maps are resized to their own size whatever is returned",
        ),
    ],
)
