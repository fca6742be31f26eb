"""What Detr is tried with."""

from ...testing.family import Cases, Except, annotation_cases

CASES = Cases(
    small={"size": {"shortest_edge": 60, "longest_edge": 150}},
    options=[{"do_pad": False, "return_tensors": None}, {"format": "coco_panoptic"}, {"do_convert_annotations": False}],
    inputs=annotation_cases(
        {},
        {"do_convert_annotations": False},
        {"do_pad": True},
        {"do_pad": True, "do_resize": False},
        {"return_segmentation_masks": True},
    ),
    refused=[
        "size longest edge",
        "size pixels",
        "pad to a smaller size",
    ],
    exceptions=[
        Except(("size int", "size int, edge", "size shortest edge"), "ours alone", "a shortest edge is plain"),
        Except(
            ("annotated, return_segmentation_masks=True, np", "annotated pair, return_segmentation_masks=True"),
            "ours alone",
            "Q22: masks beside crowds, and of every family",
            "torchvision",
        ),
    ],
)
