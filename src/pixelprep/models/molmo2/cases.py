"""What Molmo2 is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"size": {"height": 84, "width": 84}, "overlap_margins": [1, 2]},
    options=[
        {"max_crops": 1},
        {"max_crops": 12},
        {"overlap_margins": [2, 0]},
        {"overlap_margins": [0, 0]},
        {"patch_size": 7},
        {"patch_size": 12, "pooling_size": [3, 2]},
        {"pooling_size": [4, 3]},
    ],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
    refused=["size *"],
    exceptions=[
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "pil"),
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "mlx"),
        Except("filter 1", "ours alone", "the core smooths", "native"),
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", alone=True),
        Except("uint16", "other values", "wide integers become bytes before they are resized"),
        Except("float64 in 0..255", "other values", "float64 becomes float32"),
    ],
    alike=False,
    # Resized as floats and rounded again: one level where the sums of another order lie about a half.
    rounding=0.02,
)
