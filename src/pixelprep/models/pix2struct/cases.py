"""What Pix2Struct is tried with."""

from ...testing.family import Cases, Except, Picture

CASES = Cases(
    small={"max_patches": 40},
    options=[{"max_patches": 10}, {"max_patches": 100}, {"patch_size": {"height": 9, "width": 14}}],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    exceptions=[
        Except(
            ("int64", "uint16"),
            "other values",
            "the last bits of mean and deviation",
            "pil",
        ),
        Except(("int64", "bool", "uint16"), "ours alone", "torch has no mean of integers", "torchvision"),
        Except("float64 in 0..255", "other values", "float64 becomes float32"),
        Except("float32 in 0..1", "other values", "the last bits of mean and deviation", "native"),
    ],
    untried={
        "font_bytes": "headers have tests of their own",
        "font_path": "headers have tests of their own",
        "header_text": "headers have tests of their own",
        "is_vqa": "headers have tests of their own",
    },
    # Mean and deviation are sums of another order.
    rounding=2e-5,
)
