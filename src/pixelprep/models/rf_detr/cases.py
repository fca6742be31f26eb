"""What RfDetr is tried with."""

from ...testing.family import Cases, Except, annotation_cases

CASES = Cases(
    small={"size": {"shortest_edge": 60, "longest_edge": 150}},
    inputs=annotation_cases(
        {},
        {"do_convert_annotations": False},
        {"do_pad": True},
        {"do_pad": True, "do_resize": False},
        {"return_segmentation_masks": True},
    ),
    refused=["size longest edge", "size pixels", "pad to a smaller size"],
    exceptions=[
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "pil"),
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "mlx"),
        Except("no rescale", "ours alone", "Q31: bytes are normalised as they are"),
        Except("filter 1", "ours alone", "the core smooths", "native"),
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", alone=True),
        Except(("size int", "size int, edge", "size shortest edge"), "ours alone", "a shortest edge is plain"),
        Except("float64 in 0..255", "other values", "float64 becomes float32"),
        Except(
            ("annotated, return_segmentation_masks=True, np", "annotated pair, return_segmentation_masks=True"),
            "ours alone",
            "Q22: masks beside crowds, and of every family",
        ),
    ],
    untried={"format": "panoptic files have tests of their own"},
    # Resized as floats: the sums run in another order.
    rounding=1e-4,
)
