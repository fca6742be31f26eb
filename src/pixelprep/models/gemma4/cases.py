"""What Gemma4 is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"max_soft_tokens": 70, "patch_size": 4},
    options=[{"max_soft_tokens": 140}, {"patch_size": 6}, {"pooling_kernel_size": 2}, {"pooling_kernel_size": 1}],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=["no resize"],
    exceptions=[
        Except(
            "filter 0",
            "other values",
            "the reference hands Pillow's 0 to torch, which reads it as the pixel before",
            "torchvision",
        ),
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
    ],
)
