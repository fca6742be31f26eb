"""What MobileNetV2 is tried with."""

from ...testing.family import Cases, label_cases
from ..segformer.cases import CASES as SEGFORMER

CASES = Cases(
    small={"size": {"shortest_edge": 41}, "crop_size": {"height": 36, "width": 32}},
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}, {"do_center_crop": False}),
    refused=SEGFORMER.refused,
)
