"""What SegGpt is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 36}},
    options=[{"num_labels": 5}, {"do_convert_rgb": False}],
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except(
            (
                "mode L, converted",
                "mode LA, converted",
                "mode RGBA, converted",
                "mode P, converted",
                "mode 1, converted",
                "mode I;16, converted",
                "mode I, converted",
                "mode CMYK, converted",
                "one channel last",
                "one channel first",
                "four channels",
            ),
            "ours alone",
            "the reference converts prompt masks alone",
        ),
        Except("mode F, converted", "other values", "the reference converts prompt masks alone", "torchvision"),
        Except("mode F, converted", "ours alone", "the reference converts prompt masks alone", "pil"),
        Except(
            ("mode YCbCr, converted", "mode HSV, converted"),
            "other values",
            "the reference converts prompt masks alone",
        ),
    ],
)
