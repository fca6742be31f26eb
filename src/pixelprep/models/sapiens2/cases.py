"""What Sapiens2 is tried with."""

from ...testing.family import Cases, Except, label_cases

CASES = Cases(
    small={"size": {"height": 40, "width": 36}},
    options=[{"do_pad": True, "resample": 3}, {"keypoint_heatmap_downscale_factor": 2, "keypoint_heatmap_sigma": 2.0}],
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}),
    refused=["size longest edge", "size pixels"],
    exceptions=[
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
