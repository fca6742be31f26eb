"""What CHMv2 is tried with."""

from ...testing.family import Cases, Except, label_cases
from ..dpt.cases import OWN

CASES = Cases(
    small={"size": {"height": 48, "width": 40}},
    options=(*OWN, {"do_resize": True}, {"do_resize": True, "keep_aspect_ratio": False}),
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": True}),
    refused=["mixed sizes, np", "samples of one, np", "strips, np", "samples of mixed sizes, np"],
    exceptions=[
        Except("pad to size", "other values", "the reference ignores `pad_size`"),
        Except("pad to a smaller size", "reference alone", "the reference ignores `pad_size`"),
        Except(
            (
                "map uint8, do_resize=True, np",
                "map uint8, do_resize=True, None",
                "map int64, do_resize=True, np",
                "map int64, do_resize=True, None",
                "map ignored classes, do_resize=True, np",
                "map ignored classes, do_resize=True, None",
                "map picture, do_resize=True, np",
                "map picture, do_resize=True, None",
                "two maps, do_resize=True",
            ),
            "other values",
            "Q3: maps are resized to the nearest pixel",
        ),
    ],
)
