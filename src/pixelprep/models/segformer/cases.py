"""What Segformer is tried with."""

from ...testing.family import Cases, label_cases

CASES = Cases(
    small={"size": {"height": 56, "width": 48}},
    options=[{"do_reduce_labels": True}],
    inputs=label_cases({}, {"do_reduce_labels": True}, {"do_resize": False}, {"size": 200}),
    refused=["size longest edge", "size pixels"],
)
