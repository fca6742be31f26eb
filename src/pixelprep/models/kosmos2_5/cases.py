"""What Kosmos2_5 is tried with."""

from ...testing.family import Cases, Except, Picture
from ..pix2struct.cases import CASES as PIX2STRUCT

CASES = Cases(
    small={"max_patches": 40},
    options=PIX2STRUCT.options,
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    exceptions=[
        Except(("no normalize", "bytes"), "ours alone", "torch cuts no patches out of bytes"),
        Except("ignored options", "ours alone", "`data_format` is accepted everywhere", "pil"),
        Except("patch_size={'height':9,'width':14}", "ours alone", "the reference refuses what it documents"),
        Except(
            ("int64", "bool", "uint16"),
            "other values",
            "the last bits of mean and deviation",
            "pil",
        ),
        Except(("int64", "bool", "uint16"), "ours alone", "torch has no mean of integers", "torchvision"),
        Except("float64 in 0..255", "other values", "float64 becomes float32"),
        Except("float32 in 0..1", "other values", "the last bits of mean and deviation", "native"),
    ],
    # Mean and deviation are sums of another order.
    rounding=2e-5,
)
