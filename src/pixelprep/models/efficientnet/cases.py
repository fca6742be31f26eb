"""What EfficientNet is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 40}, "crop_size": 30},
    options=[
        {"rescale_offset": True, "rescale_factor": 1 / 127.5},
        {"rescale_offset": True, "do_normalize": False},
        {"rescale_offset": True, "do_rescale": False, "include_top": False},
        {"include_top": False},
        {"include_top": False, "do_normalize": False, "do_rescale": False},
    ],
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("bytes", "ours alone", "Q31: bytes are normalised as they are", "torchvision"),
    ],
)
