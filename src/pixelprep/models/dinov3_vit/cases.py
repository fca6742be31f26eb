"""What DINOv3ViT is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 40}},
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("no rescale", "ours alone", "Q31: bytes are normalised as they are"),
        Except("filter 1", "other values", "N5: LANCZOS of floats, the last bits", "native"),
        Except("float64 in 0..255", "other values", "float64 becomes float32"),
    ],
    # Resized as floats: the sums run in another order.
    rounding=2e-5,
)
