"""What Mask2Former is tried with."""

from ...testing.family import Cases, Except, label_cases
from ..maskformer.cases import CASES as MASKFORMER

CASES = Cases(
    small={"size": {"shortest_edge": 45, "longest_edge": 99}},
    options=MASKFORMER.options,
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}),
    refused=MASKFORMER.refused,
    exceptions=[
        Except(("size int", "size int, edge", "size shortest edge"), "ours alone", "a shortest edge is plain"),
        Except("pad to size", "ours alone", "the reference refuses what it documents"),
        Except("1x200", "ours alone", "Q36: no side of an image vanishes"),
    ],
    untried={"mask_format": "maps with classes and masks have tests of their own"},
)
