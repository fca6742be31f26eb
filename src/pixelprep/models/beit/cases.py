"""What Beit is tried with."""

from ...testing.family import Cases, Except, label_cases
from ..segformer.cases import CASES as SEGFORMER

CASES = Cases(
    small={"size": {"height": 40, "width": 36}},
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}, {"do_center_crop": False}),
    refused=SEGFORMER.refused,
    exceptions=[
        Except(
            (
                "map uint8, default, np",
                "map uint8, default, None",
                "map uint8, do_reduce_labels=True, np",
                "map uint8, do_reduce_labels=True, None",
                "map uint8, do_center_crop=False, np",
                "map uint8, do_center_crop=False, None",
                "map int64, default, np",
                "map int64, default, None",
                "map int64, do_reduce_labels=True, np",
                "map int64, do_reduce_labels=True, None",
                "map int64, do_center_crop=False, np",
                "map int64, do_center_crop=False, None",
                "map ignored classes, default, np",
                "map ignored classes, default, None",
                "map ignored classes, do_reduce_labels=True, np",
                "map ignored classes, do_reduce_labels=True, None",
                "map ignored classes, do_center_crop=False, np",
                "map ignored classes, do_center_crop=False, None",
                "map picture, default, np",
                "map picture, default, None",
                "map picture, do_reduce_labels=True, np",
                "map picture, do_reduce_labels=True, None",
                "map picture, do_center_crop=False, np",
                "map picture, do_center_crop=False, None",
                "two maps, default",
                "two maps, do_reduce_labels=True",
                "two maps, do_center_crop=False",
            ),
            "other values",
            "Q3: maps are resized to the nearest pixel",
        ),
    ],
)
